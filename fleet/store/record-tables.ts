import type { RecordName, Records } from './organisations-store.js';

/** Where the rows of a record are. */
export interface RecordTable {
  readonly table: string;
  /** Column by field. */
  readonly columns: Readonly<Record<string, string>>;
  /** Fields that are kept as JSON. */
  readonly json: ReadonlySet<string>;
}

type Fields<Name extends RecordName> = keyof Records[Name] & string;

const snake = (field: string): string => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const table = <Name extends RecordName>(
  name: string,
  fields: readonly Fields<Name>[],
  more: { readonly json?: readonly Fields<Name>[]; readonly subjectId?: string } = {},
): RecordTable => ({
  table: name,
  columns: Object.fromEntries(
    fields.map((field) => [field, (field === 'subjectId' ? more.subjectId : undefined) ?? snake(field)]),
  ),
  json: new Set<string>(more.json),
});

const BELONGING = ['id', 'organisationId'] as const;
const LIMITED = [...BELONGING, 'limitSite'] as const;
const HOLDING = ['id', 'subjectId', 'organisationId', 'from', 'to', 'title'] as const;

export const RECORD_TABLES: Readonly<Record<RecordName, RecordTable>> = {
  organisation: table<'organisation'>(
    'organisation',
    [
      'id',
      'parentId',
      'name',
      'type',
      'code',
      'siret',
      'partnerKind',
      'timeZone',
      'boundary',
      'mergedInto',
      'endedAt',
      'succeededBy',
    ],
    { json: ['boundary'] },
  ),
  competence: table<'competence'>('competence', ['id', 'key', 'holderId', 'forId', 'from', 'to']),
  site: table<'site'>('site', ['id', 'organisationId', 'name', 'address', 'geometry', 'mergedInto'], {
    json: ['address', 'geometry'],
  }),
  location: table<'location'>(
    'location',
    ['id', 'organisationId', 'key', 'name', 'siteId', 'prm', 'pce', 'geometry', 'mergedInto'],
    { json: ['geometry'] },
  ),
  locationAlias: table<'locationAlias'>('location_alias', ['id', 'gatewayId', 'key', 'locationId']),
  gateway: table<'gateway'>('gateway', ['id', 'organisationId', 'siteId']),
  device: table<'device'>('device', ['id', 'name', 'maker', 'model']),
  assignment: table<'assignment'>('assignment', ['id', 'deviceId', 'gatewayId', 'key', 'from', 'to']),
  holding: table<'holding'>('holding', HOLDING, { subjectId: 'device_id' }),
  gatewayHolding: table<'gatewayHolding'>('gateway_holding', HOLDING, { subjectId: 'gateway_id' }),
  locationHolding: table<'locationHolding'>('location_holding', HOLDING, { subjectId: 'location_id' }),
  siteHolding: table<'siteHolding'>('site_holding', HOLDING, { subjectId: 'site_id' }),
  installation: table<'installation'>(
    'installation',
    [
      'id',
      'deviceId',
      'locationId',
      'serial',
      'ratio',
      'offset',
      'pulseWeight',
      'revisedRatio',
      'firstIndex',
      'lastIndex',
      'from',
      'to',
    ],
    { json: ['firstIndex', 'lastIndex'] },
  ),
  point: table<'point'>('point', ['id', 'deviceId', 'key', 'name', 'kind', 'property', 'unit', 'current']),
  person: table<'person'>('person', LIMITED),
  key: table<'key'>('api_key', BELONGING),
  invitation: table<'invitation'>('invitation', LIMITED),
  provider: table<'provider'>('identity_provider', BELONGING),
  token: table<'token'>('enrolment_token', [...BELONGING, 'siteId']),
};
