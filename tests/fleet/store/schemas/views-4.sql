CREATE TABLE cursor (
  projection text not null, shard integer not null, position integer not null, fence integer not null,
  primary key (projection, shard)
) strict;
CREATE TABLE replay (source text primary key) strict, without rowid;
CREATE TABLE origin (
  number integer primary key, source text not null, epoch text not null,
  batches integer not null default 0, readings integer not null default 0, windows integer not null default 0,
  loss_records integer not null default 0, erased integer not null default 0,
  held_back integer not null default 0, late integer not null default 0,
  quarantined integer not null default 0, quarantined_rows integer not null default 0,
  lost integer not null default 0, lost_rows integer not null default 0, lost_is_bound integer not null default 0,
  covered text not null default '[]', lost_seqs text not null default '[]',
  last_ordinal integer not null default 0, unique (source, epoch)
) strict;
CREATE TABLE ledger_day (
  origin integer not null references origin(number), day integer not null, batches integer not null,
  readings integer not null, windows integer not null, late integer not null, quarantined integer not null,
  lost integer not null, lost_batches integer not null, primary key (origin, day)
) strict, without rowid;
CREATE TABLE loss (
  origin integer not null references origin(number), ordinal integer not null, cause text not null,
  first_seq integer, last_seq integer, readings integer not null, windows integer not null,
  held_back integer not null, exact integer not null, first_time integer, last_time integer,
  replaced_by integer, note text
) strict;
CREATE INDEX loss_origin on loss (origin, ordinal);
CREATE TABLE directory (
  number integer primary key, source text not null, hash text not null, seen integer not null, fault text,
  unique (source, hash)
) strict;
CREATE TABLE directory_point (
  directory integer not null references directory(number), number integer not null, point integer not null,
  kind text not null, value_type text not null, interval_ms real not null, max_hold_ms real not null,
  rollover real, windows text not null, time_zone text not null, primary key (directory, number)
) strict, without rowid;
CREATE INDEX directory_point_point on directory_point (point, directory);
CREATE TABLE waiting (
  position integer primary key, source text not null, directory text not null
) strict;
CREATE TABLE batch_rows (
  origin integer not null references origin(number), first integer not null, last integer not null,
  position integer not null, primary key (origin, first, position)
) strict, without rowid;
CREATE INDEX batch_rows_position on batch_rows (position);
CREATE TABLE batch_windows (
  origin integer not null references origin(number), first_time integer not null, last_time integer not null,
  position integer not null, primary key (origin, first_time, position)
) strict, without rowid;
CREATE TABLE quarantine (
  position integer primary key, source text not null, epoch text, seq integer, received_at integer not null,
  reason text not null
) strict;
CREATE TABLE series (
  point integer not null, time integer not null, origin integer not null, ordinal integer not null,
  value numeric, marks integer, uncertainty integer, device_time integer, device_clock integer,
  primary key (point, time, origin, ordinal)
) without rowid;
CREATE TABLE latest (
  point integer primary key, time integer not null, origin integer not null, ordinal integer not null,
  value numeric, marks integer, good_time integer
, readings integer not null default 0);
CREATE TABLE carry (point integer primary key, ms integer not null) strict;
CREATE TABLE rollup (
  point integer not null, period integer not null, start integer not null, span integer,
  origin integer not null, sender integer, revision integer, count integer not null, expected integer not null,
  flags text, min numeric, max numeric, first_at integer, first numeric, last_at integer, last numeric,
  sum numeric, weight numeric, durations text, primary key (point, period, start)
) without rowid;
CREATE INDEX batch_windows_position on batch_windows (position);
