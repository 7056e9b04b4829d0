import type { Database } from './database.js';
import { columnsOf, type Migration } from './migrate.js';

/** log.db: the record of truth. `entry` is append-only; keys live beside it. Hashes are SHA-256. */
const FIRST = `
create table if not exists entry (
  position integer primary key autoincrement, type integer not null, source text not null,
  received_at integer not null, message blob not null
) strict;
create table if not exists origin (
  number integer primary key, source text not null, epoch text not null, unique (source, epoch)
) strict;
create table if not exists batch_key (
  origin integer not null references origin(number), seq integer not null, hash blob not null,
  position integer not null, primary key (origin, seq)
) strict, without rowid;
-- what batch_key holds, as ranges: answers a hello without reading the keys
create table if not exists stored_range (
  origin integer not null references origin(number), first integer not null, last integer not null,
  primary key (origin, first)
) strict, without rowid;
create table if not exists directory_key (
  source text not null, hash blob not null, position integer not null, primary key (source, hash)
) strict, without rowid;
-- what was refused, or came with a number of which other bytes are stored (clone = 1: a copied card); origin and
-- seq are null where not even the number could be read
create table if not exists kept_apart (
  id integer primary key, source text not null, origin integer references origin(number), seq integer,
  hash blob not null, clone integer not null, reason text not null, received_at integer not null,
  message blob not null
) strict;
create unique index if not exists kept_apart_hash on kept_apart (source, hash);
create index if not exists kept_apart_key on kept_apart (origin, seq);
-- batches that came again, by the UTC day (days since 1970) of their first row
create table if not exists duplicate (
  origin integer not null references origin(number), day integer not null, count integer not null,
  primary key (origin, day)
) strict, without rowid;
-- what was taken from entries, numbered for the projections that follow; batch_key keeps the hash that came, before and after are those of the messages
create table if not exists erasure (
  number integer primary key, point text not null, position integer not null, source text not null, epoch text not null, seq integer not null,
  first_time integer not null, last_time integer not null, readings integer not null, windows integer not null,
  erased_at integer not null, before blob not null, after blob not null, others text not null,
  unique (point, position, after)
) strict;
`;

/** Files from before schemas were numbered: the oldest did not number erasures. */
const numberErasures = (database: Database): void => {
  const columns = columnsOf(database, 'erasure');
  const unnumbered = columns.length > 0 && !columns.includes('number');
  if (unnumbered) database.exec('alter table erasure rename to unnumbered');
  database.exec(FIRST);
  if (!unnumbered) return;
  const kept = columns.join(', ');
  database.exec(
    `insert into erasure (${kept}, others) select ${kept}, '[]' from unnumbered order by erased_at, position;
     drop table unnumbered`,
  );
};

export const LOG_MIGRATIONS: readonly Migration[] = [{ version: 1, up: numberErasures }];
