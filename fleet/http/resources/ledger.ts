import { Type } from 'typebox';
import { Id, nullable } from './common.js';

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
