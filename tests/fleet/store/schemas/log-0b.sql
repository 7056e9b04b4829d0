CREATE TABLE entry (
  position integer primary key autoincrement, type integer not null, source text not null,
  received_at integer not null, message blob not null
) strict;
CREATE TABLE origin (
  number integer primary key, source text not null, epoch text not null, unique (source, epoch)
) strict;
CREATE TABLE batch_key (
  origin integer not null references origin(number), seq integer not null, hash blob not null,
  position integer not null, primary key (origin, seq)
) strict, without rowid;
CREATE TABLE stored_range (
  origin integer not null references origin(number), first integer not null, last integer not null,
  primary key (origin, first)
) strict, without rowid;
CREATE TABLE directory_key (
  source text not null, hash blob not null, position integer not null, primary key (source, hash)
) strict, without rowid;
CREATE TABLE kept_apart (
  id integer primary key, source text not null, origin integer references origin(number), seq integer,
  hash blob not null, clone integer not null, reason text not null, received_at integer not null,
  message blob not null
) strict;
CREATE UNIQUE INDEX kept_apart_hash on kept_apart (source, hash);
CREATE INDEX kept_apart_key on kept_apart (origin, seq);
CREATE TABLE duplicate (
  origin integer not null references origin(number), day integer not null, count integer not null,
  primary key (origin, day)
) strict, without rowid;
CREATE TABLE erasure (
  number integer primary key, point text not null, position integer not null, source text not null, epoch text not null, seq integer not null,
  first_time integer not null, last_time integer not null, readings integer not null, windows integer not null,
  erased_at integer not null, before blob not null, after blob not null, others text not null,
  unique (point, position, after)
) strict;
