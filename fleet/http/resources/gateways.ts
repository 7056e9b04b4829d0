import { Type } from 'typebox';
import { EVENT_KINDS } from '../../store/operations-store.js';
import { Id, Time, nullable } from './common.js';

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

export const GATEWAY_DETAIL = Type.Object({
  ...GATEWAY.properties,
  createdAt: Time,
  health: Type.Unknown({ description: 'What the gateway last said of itself, or null.' }),
  ledger: Type.Array(LEDGER_ROW),
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
