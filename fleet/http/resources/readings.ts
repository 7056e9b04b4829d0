import { Type } from 'typebox';
import { Id, Time, nullable } from './common.js';
import { POINT } from './inventory.js';

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

export const DEVICE_COUNT = Type.Object({
  id: Type.String(),
  name: Type.String(),
  organisationId: Type.String(),
  locationId: nullable(Type.String()),
  points: Type.Integer({ description: 'Those of which a reading may be read.' }),
  readings: nullable(
    Type.Integer({ description: 'Raw readings stored of them; null where only a part of them may be read.' }),
  ),
  time: Time,
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
