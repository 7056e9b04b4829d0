import { trailSchema } from './trail-tables.js';

const FIELDS = [
  'hour',
  'giver',
  'reader',
  'agreementId',
  'purpose',
  'datasetId',
  'reads',
  'readings',
] as const;

const column = (field: string): string => field.replace('Id', '_id');
const type = (field: string): string => (['hour', 'reads', 'readings'].includes(field) ? 'integer' : 'text');

/** The usage ledger, in registry.db: `usage_open` has the hours that go on, the trails those that ended. */
export const USAGE_SCHEMA = `
${trailSchema(
  'usage',
  FIELDS.map(
    (field) => `${column(field)} ${type(field)} generated always as (content ->> '$.${field}') virtual`,
  ).join(',\n  '),
)}
create index if not exists usage_content_giver on usage_content (giver, hour);
create index if not exists usage_content_reader on usage_content (reader, hour);
-- use: what tells it apart, as JSON
create table if not exists usage_open (
  hour integer not null, use text not null, reads integer not null, readings integer not null,
  primary key (hour, use)
) strict, without rowid;
`;
