import { Type, type TSchema } from 'typebox';
import { SINGLE_USE_STATES } from '../access/single-use.js';
import { EVENT_KINDS } from '../store/operations-store.js';
import { ORGANISATION_TYPES, PARTNER_KINDS } from '../store/organisations-store.js';

/** Shapes of what the API answers, one declaration for types, checks and documentation. */

const nullable = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);
const Id = Type.String({ description: 'Made by the fleet.' });
const Time = Type.String({ format: 'date-time', description: 'ISO 8601, UTC.' });

const ORGANISATION_FIELDS = {
  id: Id,
  parentId: nullable(Id),
  name: Type.String(),
  type: Type.Enum([...ORGANISATION_TYPES]),
  code: nullable(Type.String({ description: 'INSEE commune code or SIREN.' })),
  siret: nullable(Type.String({ description: 'SIRET of its seat.' })),
  partnerKind: nullable(Type.Enum([...PARTNER_KINDS])),
  timeZone: Type.String({ description: 'IANA zone of its legal days.' }),
  endedAt: nullable(Time),
};
export const ORGANISATION = Type.Object(ORGANISATION_FIELDS);

const Geometry = nullable(
  Type.Record(Type.String(), Type.Unknown(), { description: 'GeoJSON geometry, WGS 84.' }),
);
export const ORGANISATION_DETAIL = Type.Object({
  ...ORGANISATION_FIELDS,
  boundary: Geometry,
  succeededBy: nullable(Id),
});

/** What an id answers whose record was merged into another. */
export const MERGED = Type.Object(
  { id: Id, mergedInto: Id },
  { description: 'It was a duplicate: see `Location`.' },
);

export const COMPETENCE = Type.Object({
  id: Id,
  key: Type.String({ description: 'Competence of the catalogue.' }),
  holderId: nullable(Type.String({ description: 'Who holds it; null: somebody whom you do not see.' })),
  forId: nullable(Type.String({ description: 'For whom.' })),
  from: Time,
  to: nullable(Time),
});

export const SITE = Type.Object({
  id: Id,
  organisationId: Id,
  name: Type.String(),
  address: nullable(
    Type.Object({
      street: Type.Optional(Type.String()),
      postcode: Type.Optional(Type.String()),
      city: Type.Optional(Type.String()),
      country: Type.Optional(Type.String()),
    }),
  ),
  geometry: Geometry,
});

export const GATEWAY_STATES = ['new', 'connected', 'silent', 'revoked'] as const;

export const GATEWAY = Type.Object({
  id: Id,
  organisationId: Id,
  name: Type.String(),
  state: Type.Enum([...GATEWAY_STATES]),
  silentSince: nullable(Time),
  lastSeen: nullable(Time),
  agentVersion: nullable(Type.String()),
  clock: nullable(Type.String({ description: 'synced, holdover or unsynced' })),
  lastError: nullable(Type.String()),
  holes: Type.Integer({ description: 'Batches neither stored, quarantined nor declared lost.' }),
});

export const ENROLMENT_TOKEN = Type.Object({
  id: Id,
  organisationId: Id,
  createdBy: Type.String(),
  expires: Time,
  serial: nullable(Type.String({ description: 'Of the only box that may use it.' })),
  approval: Type.Boolean({ description: 'The claim waits for an operator.' }),
  replaces: nullable(Type.String({ description: 'Gateway whose devices the new one takes over.' })),
  siteId: nullable(Type.String({ description: 'Where the gateway will stand.' })),
  state: Type.Enum([...SINGLE_USE_STATES]),
  gatewayId: nullable(Type.String({ description: 'Who used it.' })),
  used: nullable(Time),
});

export const ENROLMENT_CLAIM = Type.Object({
  gatewayId: Id,
  organisationId: Id,
  name: Type.String(),
  serial: nullable(Type.String({ description: 'What the box says of itself.' })),
  replaces: nullable(Type.String()),
  siteId: nullable(Type.String({ description: 'Where the gateway will stand.' })),
  asked: Time,
  expires: Time,
});

export const LEDGER_ROW = Type.Object({
  epoch: Type.String(),
  sealed: Type.Integer(),
  stored: Type.Integer(),
  readings: Type.Integer(),
  duplicates: Type.Integer(),
  late: Type.Integer(),
  quarantined: Type.Integer(),
  lostBatches: Type.Integer(),
  declaredLost: Type.Integer(),
  declaredLostIsBound: Type.Boolean({
    description: 'Some of it is an upper bound: the store itself was destroyed.',
  }),
  missing: Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 }), {
    description: 'Ranges of batch numbers, inclusive.',
  }),
});

const LEDGER_ROWS = Type.Object(
  {
    lastOrdinal: Type.Integer(),
    readings: Type.Integer(),
    windows: Type.Integer(),
    lossRecords: Type.Integer(),
    erased: Type.Integer({ description: 'Readings and windows that came and were erased since.' }),
    heldBack: Type.Integer({ description: 'Stored on the gateway, not sent: report by exception.' }),
    quarantined: Type.Integer(),
    declaredLost: Type.Integer(),
    unsealed: nullable(Type.Integer({ description: 'In no batch yet at the last hello.' })),
    unaccounted: Type.Integer({
      description: 'Rows that nothing explains; negative: more than there can be.',
    }),
  },
  { description: 'Every ordinal of the epoch is one row: a reading, a window or a loss record.' },
);

const LEDGER_EPOCH = Type.Object({
  epoch: Type.String(),
  addsUp: Type.Boolean({ description: 'No batch is missing, and every row is accounted for.' }),
  sealed: Type.Integer(),
  stored: Type.Integer(),
  readings: Type.Integer(),
  duplicates: Type.Integer({ description: 'Times that a batch came again.' }),
  late: Type.Integer({ description: 'Readings that came more than 15 minutes after their time.' }),
  quarantined: Type.Integer(),
  clones: Type.Integer({ description: 'Batches with a number of which other bytes are stored; kept apart.' }),
  lostBatches: Type.Integer(),
  declaredLost: Type.Integer(),
  declaredLostIsBound: Type.Boolean(),
  missing: Type.Array(
    Type.Object({
      first: Type.Integer(),
      last: Type.Integer(),
      after: nullable(Type.String({ format: 'date-time', description: 'Last time of the batch before.' })),
      before: nullable(Type.String({ format: 'date-time', description: 'First time of the batch after.' })),
    }),
  ),
  rows: LEDGER_ROWS,
  losses: Type.Array(
    Type.Object({
      cause: Type.String({ description: 'space, damage, retention, operator or memory' }),
      records: Type.Integer(),
      batches: Type.Integer(),
      readings: Type.Integer(),
      windows: Type.Integer(),
      heldBack: Type.Integer(),
      exact: Type.Boolean(),
    }),
  ),
});

const LEDGER_DAY = Type.Object({
  epoch: Type.String(),
  day: Type.String({
    format: 'date',
    description: 'UTC. Readings by their own time, batches by their first row.',
  }),
  sealed: Type.Integer({ description: 'Batches: received, quarantined, declared lost and missing.' }),
  received: Type.Integer(),
  quarantined: Type.Integer(),
  lostBatches: Type.Integer(),
  missing: Type.Integer(),
  duplicates: Type.Integer(),
  readings: Type.Integer(),
  windows: Type.Integer(),
  late: Type.Integer(),
  declaredLost: Type.Integer({ description: 'Readings.' }),
});

export const GATEWAY_LEDGER = Type.Object({
  gatewayId: Id,
  addsUp: Type.Boolean(),
  unreadable: Type.Integer({ description: 'Messages that are kept apart without even a number.' }),
  epochs: Type.Array(LEDGER_EPOCH),
  days: Type.Array(LEDGER_DAY),
});

export const EVENT = Type.Object({
  kind: Type.Enum([...EVENT_KINDS]),
  alarm: Type.Boolean({ description: 'Somebody must look at it.' }),
  detail: Type.String(),
  first: Time,
  last: Time,
  count: Type.Integer(),
});

export const COMMAND = Type.Object({
  id: Id,
  name: Type.String(),
  arguments: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  created: Time,
  createdBy: Id,
  expires: Time,
  result: nullable(
    Type.Object({
      outcome: Type.Enum(['done', 'refused', 'failed', 'expired']),
      detail: Type.String(),
      time: Time,
    }),
  ),
});

export const GATEWAY_DETAIL = Type.Object({
  ...GATEWAY.properties,
  createdAt: Time,
  health: Type.Unknown({ description: 'What the gateway last said of itself, or null.' }),
  ledger: Type.Array(LEDGER_ROW),
});

export const DEVICE = Type.Object({
  id: Id,
  name: Type.String(),
  maker: Type.String(),
  model: Type.String(),
  serial: nullable(Type.String()),
  organisationId: Id,
  gatewayId: Id,
  locationId: nullable(Id),
});

export const LOCATION = Type.Object({
  id: Id,
  key: Type.String(),
  name: Type.String(),
  organisationId: Id,
  siteId: nullable(Id),
  prm: nullable(Type.String({ description: 'Electricity delivery point.' })),
  pce: nullable(Type.String({ description: 'Gas delivery point.' })),
  geometry: Geometry,
});

export const POINT = Type.Object({
  id: Id,
  key: Type.String(),
  name: Type.String(),
  deviceId: Id,
  deviceName: Type.String(),
  organisationId: Id,
  locationId: nullable(Id),
  kind: Type.String(),
  valueType: Type.String(),
  property: Type.String({ description: 'Observed property of the catalogue.' }),
  unit: Type.String({ description: 'UCUM.' }),
  dialUnit: nullable(Type.String({ description: 'UCUM code of the unit on the dial.' })),
});

/** A number; text; or, where an int64 is beyond ±(2^53 − 1), its digits as text. */
const VALUE = Type.Union([Type.Number(), Type.String(), Type.Null()]);
const FLAG = Type.Integer({ description: 'QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 bad, 9 missing.' });

export const LATEST = Type.Object({
  ...POINT.properties,
  time: Time,
  value: VALUE,
  flag: FLAG,
  reason: Type.String(),
});

export const READING = Type.Object({
  time: Time,
  value: VALUE,
  flag: FLAG,
  reason: Type.String(),
  clock: Type.String({ description: 'synced, holdover or unsynced' }),
  uncertaintyMs: Type.Number(),
  deviceTime: nullable(Time),
  deviceClock: nullable(
    Type.String({ description: 'What the device says of its own clock: sound or degraded.' }),
  ),
  source: Type.String(),
  epoch: Type.String(),
  ordinal: Type.Integer(),
});

export const ROLLUP = Type.Object({
  start: Time,
  end: Time,
  value: VALUE,
  min: nullable(Type.Number()),
  max: nullable(Type.Number()),
  count: Type.Integer(),
  expected: Type.Integer(),
  origin: Type.Enum(['window', 'raw', 'rollup']),
  revision: Type.Integer(),
});

export const CHART = Type.Object(
  {
    point: Id,
    unit: Type.String({ description: 'UCUM.' }),
    resolution: Type.Enum(['raw', '1m', '15m', '1h', '1d'], {
      description: 'The finest that fits the width and that gives anything.',
    }),
    start: Type.Array(Time),
    value: Type.Array(VALUE),
    min: Type.Array(nullable(Type.Number())),
    max: Type.Array(nullable(Type.Number())),
  },
  { description: 'Columns of the same length; `min` and `max` of raw readings are null.' },
);
