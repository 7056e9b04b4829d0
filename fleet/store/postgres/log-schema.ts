import { StoreError } from '../errors.js';
import { transact, type Client, type Pool } from './database.js';

/** Guards the making of tables and partitions. */
const SCHEMA_LOCK = 7_461_001;
/** Guards the allotting of positions. */
const POSITION_LOCK = 7_461_002;
/** Guards the numbering of erasures. */
export const ERASURE_LOCK = 7_461_003;

/**
 * The schema `log`: the same tables as log.db (`../sqlite/log-schema.ts` says what they hold). Forward only: what has been
 * released is never changed, what comes is added at the end.
 */
const MIGRATIONS: readonly string[] = [
  `
create sequence log.entry_position;
-- batches by month of receipt, so that an old month goes as a table; directories stay, since proofs need them
create table log.entry (
  position bigint not null, type smallint not null, source text not null, received_at bigint not null,
  tx xid8 not null default pg_current_xact_id(), message bytea not null
) partition by list (type);
create table log.entry_batch partition of log.entry for values in (0) partition by range (received_at);
create table log.entry_directory partition of log.entry for values in (1);
-- what comes is deflated already
alter table log.entry alter column message set storage external;
alter table log.entry_batch alter column message set storage external;
alter table log.entry_directory alter column message set storage external;
create index entry_place on log.entry (position);
create table log.origin (
  number integer generated always as identity primary key, source text not null, epoch text not null,
  unique (source, epoch)
);
-- not partitioned: a key is unique for ever. No foreign key: its check would lock the origin for each batch
create table log.batch_key (
  origin integer not null, seq bigint not null, hash bytea not null, position bigint not null,
  primary key (origin, seq)
);
-- what batch_key holds, as ranges: disjoint, joined now and then
create table log.stored_range (
  origin integer not null, first bigint not null, last bigint not null, primary key (origin, first)
);
create table log.directory_key (
  source text not null, hash bytea not null, position bigint not null, primary key (source, hash)
);
create table log.kept_apart (
  id bigint generated always as identity primary key, source text not null, origin integer, seq bigint,
  hash bytea not null, clone boolean not null, reason text not null, received_at bigint not null,
  message bytea not null, unique (source, hash)
);
create index kept_apart_key on log.kept_apart (origin, seq);
create table log.duplicate (
  origin integer not null, day integer not null, count bigint not null, primary key (origin, day)
);
-- numbered in the order of commits (the eraser sees to it), for the projections that follow
create table log.erasure (
  number bigint generated always as identity primary key, point text not null, position bigint not null, source text not null, epoch text not null, seq bigint not null,
  first_time bigint not null, last_time bigint not null, readings bigint not null, windows bigint not null,
  erased_at bigint not null, before bytea not null, after bytea not null, others json not null,
  unique (point, position, after)
);
-- Allots \`count\` positions, and gives the first. Positions and transaction ids are given out under one lock, held for no
-- longer than this call: whoever has the higher positions has the higher id, so that a reader who stops at the oldest
-- transaction still running never passes a position that is yet to be committed.
create function log.allot(count bigint) returns bigint language plpgsql as $$
declare first bigint;
begin
  if pg_current_xact_id_if_assigned() is not null then
    raise exception 'positions are allotted before anything is written';
  end if;
  perform pg_advisory_lock(${POSITION_LOCK});
  perform pg_current_xact_id();
  first := nextval('log.entry_position');
  perform setval('log.entry_position', first + count - 1);
  perform pg_advisory_unlock(${POSITION_LOCK});
  return first;
end $$;
`,
];

/** Brings the schema up to date. Throws `StoreError` `newer-schema` where a newer version of the program made it. */
export const migrateLog = async (pool: Pool, migrations: readonly string[] = MIGRATIONS): Promise<void> => {
  await transact(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    await client.query('create schema if not exists log');
    await client.query(
      `create table if not exists log.migration (
         version integer primary key, applied_at timestamptz not null default now()
       )`,
    );
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0) as version from log.migration',
    );
    const version = rows[0]?.version ?? 0;
    if (version > migrations.length) {
      throw new StoreError(
        'newer-schema',
        `The log's schema has version ${version}, this program knows ${migrations.length}: use the newer program.`,
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      await client.query(migration);
      await client.query('insert into log.migration (version) values ($1)', [index + 1]);
    }
  });
};

/** [from, to) of the UTC month that a time is in, ms, and the name of its partition. */
const monthOf = (time: number): { readonly name: string; readonly from: number; readonly to: number } => {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return {
    name: `entry_${String(year).padStart(4, '0')}_${String(month + 1).padStart(2, '0')}`,
    from: Date.UTC(year, month),
    to: Date.UTC(year, month + 1),
  };
};

const makeMonth = async (client: Client, { name, from, to }: ReturnType<typeof monthOf>): Promise<void> => {
  await client.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
  const { rowCount } = await client.query(
    `select 1 from pg_inherits where inhrelid = to_regclass($1) and inhparent = 'log.entry_batch'::regclass`,
    [`log.${name}`],
  );
  if (rowCount !== 0) return;
  await client.query(`create table log.${name} (like log.entry_batch including all)`);
  await client.query(
    `alter table log.entry_batch attach partition log.${name} for values from (${from}) to (${to})`,
  );
};

/**
 * Gives a function that makes the partitions which batches of these times need. A month is made as a table and then
 * attached, which waits for no reader and no writer.
 */
export const createMonths = (pool: Pool): ((receivedAt: Iterable<number>) => Promise<void>) => {
  const made = new Set<string>();
  return async (receivedAt) => {
    for (const time of receivedAt) {
      const month = monthOf(time);
      if (made.has(month.name)) continue;
      await transact(pool, (client) => makeMonth(client, month));
      made.add(month.name);
    }
  };
};
