import { StoreError } from '../errors.js';
import { transact, type Pool } from './database.js';
import { PEOPLE_TABLES } from './people-tables.js';
import { REGISTRY_TABLES } from './registry-tables.js';
import { trailTables } from './trail-tables.js';

/** Guards the making of tables. */
const SCHEMA_LOCK = 7_461_010;

const AUDIT_TABLES = `${trailTables('audit', {
  subject: "text generated always as (content::json #>> '{subject,id}') stored",
  action: "text generated always as (content::json ->> 'action') stored",
  resource: "text generated always as (content::json #>> '{resource,id}') stored",
  outcome: "text generated always as (content::json ->> 'outcome') stored",
})}
create index audit_content_subject on audit_content (subject);
create index audit_content_resource on audit_content (resource);
`;

const usageText = (field: string): string => `text generated always as (content::json ->> '${field}') stored`;
const usageNumber = (field: string): string =>
  `bigint generated always as ((content::json ->> '${field}')::bigint) stored`;

/** `usage_open` has the hours that go on, the trails those that ended. */
const USAGE_TABLES = `${trailTables('usage', {
  hour: usageNumber('hour'),
  giver: usageText('giver'),
  reader: usageText('reader'),
  agreement_id: usageText('agreementId'),
  purpose: usageText('purpose'),
  dataset_id: usageText('datasetId'),
  reads: usageNumber('reads'),
  readings: usageNumber('readings'),
})}
create index usage_content_giver on usage_content (giver, hour);
create index usage_content_reader on usage_content (reader, hour);
create table usage_open (
  hour bigint not null, use text not null, reads bigint not null, readings bigint not null, primary key (hour, use)
);
`;

const AGREEMENT_TABLES = `
create table dataset (
  id text primary key, organisation_id text not null references organisation(id), revision bigint not null,
  content text not null
);
-- what happened to an agreement, in order; parties stand in its terms, whether or not there is such an organisation
create table agreement_event (
  agreement_id text not null, number bigint not null, at bigint not null, content text not null,
  primary key (agreement_id, number)
);
create trigger agreement_event_is_final before update or delete on agreement_event
  execute function refuse('what happened to an agreement is never changed');
`;

/** What is made of organisations and agreements is made anew when their revision has moved, by whatever connection. */
const REVISIONS = `
insert into revision values ('organisation', 0), ('policy', 0);
-- no number comes twice, whatever goes back
create sequence revision_number;
create function count_change() returns trigger language plpgsql as $$ begin
  update registry.revision set number = nextval('registry.revision_number') where name = tg_argv[0];
  return null;
end $$;
create trigger organisation_changed after insert or update or delete on organisation
  execute function count_change('organisation');
create trigger dataset_changed after insert or update or delete on dataset execute function count_change('policy');
create trigger agreement_event_added after insert on agreement_event execute function count_change('policy');
`;

const REFUSING = `
create function refuse() returns trigger language plpgsql as $$ begin
  raise exception '%', tg_argv[0];
end $$;
`;

/** Texts compare by their bytes, as in SQLite: pages by id come in the same order from both. */
const byBytes = (tables: string): string => tables.replaceAll(/\btext\b/g, 'text collate "C"');

/**
 * The schema `registry`: the same tables as registry.db. Forward only: what has been released is never changed, what comes
 * is added at the end.
 */
const MIGRATIONS: readonly string[] = [
  [
    REFUSING,
    byBytes(REGISTRY_TABLES),
    byBytes(PEOPLE_TABLES),
    byBytes(AUDIT_TABLES),
    byBytes(USAGE_TABLES),
    byBytes(AGREEMENT_TABLES),
    REVISIONS,
  ].join('\n'),
];

/** Brings the schema up to date. Throws `StoreError` `newer-schema` where a newer version of the program made it. */
export const migrateRegistry = async (
  pool: Pool,
  migrations: readonly string[] = MIGRATIONS,
): Promise<void> => {
  await transact(pool, async (client) => {
    await client.query('select pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    await client.query('create schema if not exists registry');
    await client.query(
      `create table if not exists registry.migration (
         version integer primary key, applied_at timestamptz not null default now()
       )`,
    );
    const { rows } = await client.query<{ version: number }>(
      'select coalesce(max(version), 0) as version from registry.migration',
    );
    const version = rows[0]?.version ?? 0;
    if (version > migrations.length) {
      throw new StoreError(
        'newer-schema',
        `The registry's schema has version ${version}, this program knows ${migrations.length}: use the newer program.`,
      );
    }
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      await client.query(migration);
      await client.query('insert into registry.migration (version) values ($1)', [index + 1]);
    }
  });
};
