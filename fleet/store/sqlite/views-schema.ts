import type { Migration } from './migrate.js';

/**
 * views.db: what projections make of the log; all of it can be made again. Times are UTC ms, values in the
 * encoding of `views-values.ts`. `point` is the registry's number of a point, `origin` a number of `origin`.
 */
const FIRST = `
-- how far each projection has followed the log, and who may move it
create table if not exists cursor (
  projection text not null, shard integer not null, position integer not null, fence integer not null,
  primary key (projection, shard)
) strict;
-- sources whose rows are being made anew after an erasure
create table if not exists replay (source text primary key) strict, without rowid;
create table if not exists origin (
  number integer primary key, source text not null, epoch text not null,
  batches integer not null default 0, readings integer not null default 0, windows integer not null default 0,
  loss_records integer not null default 0, erased integer not null default 0,
  held_back integer not null default 0, late integer not null default 0,
  quarantined integer not null default 0, quarantined_rows integer not null default 0,
  lost integer not null default 0, lost_rows integer not null default 0, lost_is_bound integer not null default 0,
  covered text not null default '[]', lost_seqs text not null default '[]',
  last_ordinal integer not null default 0, unique (source, epoch)
) strict;
create table if not exists ledger_day (
  origin integer not null references origin(number), day integer not null, batches integer not null,
  readings integer not null, windows integer not null, late integer not null, quarantined integer not null,
  lost integer not null, lost_batches integer not null, primary key (origin, day)
) strict, without rowid;
-- loss records, under the origin that they concern
create table if not exists loss (
  origin integer not null references origin(number), ordinal integer not null, cause text not null,
  first_seq integer, last_seq integer, readings integer not null, windows integer not null,
  held_back integer not null, exact integer not null, first_time integer, last_time integer,
  replaced_by integer, note text
) strict;
create index if not exists loss_origin on loss (origin, ordinal);
-- seen = 0: known from before a rebuild, not yet met in the log again
create table if not exists directory (
  number integer primary key, source text not null, hash text not null, seen integer not null, fault text,
  unique (source, hash)
) strict;
create table if not exists directory_point (
  directory integer not null references directory(number), number integer not null, point integer not null,
  kind text not null, value_type text not null, interval_ms real not null, max_hold_ms real not null,
  rollover real, windows text not null, time_zone text not null, primary key (directory, number)
) strict, without rowid;
create index if not exists directory_point_point on directory_point (point, directory);
create table if not exists waiting (
  position integer primary key, source text not null, directory text not null
) strict;
-- which batch carries an ordinal: ranges overlap where lanes or recalls interleave
create table if not exists batch_rows (
  origin integer not null references origin(number), first integer not null, last integer not null,
  position integer not null, primary key (origin, first, position)
) strict, without rowid;
create index if not exists batch_rows_position on batch_rows (position);
-- which batch carries the windows of a time
create table if not exists batch_windows (
  origin integer not null references origin(number), first_time integer not null, last_time integer not null,
  position integer not null, primary key (origin, first_time, position)
) strict, without rowid;
create table if not exists quarantine (
  position integer primary key, source text not null, epoch text, seq integer, received_at integer not null,
  reason text not null
) strict;
create table if not exists series (
  point integer not null, time integer not null, origin integer not null, ordinal integer not null,
  value numeric, marks integer, uncertainty integer, device_time integer, device_clock integer,
  primary key (point, time, origin, ordinal)
) without rowid;
create table if not exists latest (
  point integer primary key, time integer not null, origin integer not null, ordinal integer not null,
  value numeric, marks integer, good_time integer
);
create table if not exists carry (point integer primary key, ms integer not null) strict;
create table if not exists rollup (
  point integer not null, period integer not null, start integer not null, span integer,
  origin integer not null, sender integer, revision integer, count integer not null, expected integer not null,
  flags text, min numeric, max numeric, first_at integer, first numeric, last_at integer, last numeric,
  sum numeric, weight numeric, durations text, primary key (point, period, start)
) without rowid;
`;

/** Files of schema 1 came to have some of these tables and indexes, or all. */
/** How many rows of series a point has: read, never counted. */
const COUNTED = `
alter table latest add column readings integer not null default 0;
update latest set readings = (select count(*) from series s where s.point = latest.point);
`;

export const VIEWS_MIGRATIONS: readonly Migration[] = [
  { version: 2, up: FIRST },
  { version: 3, up: COUNTED },
  // feeds of cells follow windows by position
  { version: 4, up: 'create index batch_windows_position on batch_windows (position)' },
];
