/** The field's words as types: what a reading is made of (QARTOD flags, UCUM units, kinds of point). */

/** How a point aggregates; see `aggregate/`. */
export const KINDS = [
  'gauge',
  'counter',
  'interval',
  'state',
  'angle',
  'decibel',
  'extreme',
  'event',
  'text',
] as const;
export type Kind = (typeof KINDS)[number];

/** What a point's values are: float64, int64, a state's code, or short text. */
export const VALUE_TYPES = ['float', 'integer', 'state', 'text'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/**
 * One value in the point's unit. An int64 is a `number` within ±(2^53 − 1) and a `bigint` beyond, so that
 * counters stay exact; text has at most 255 UTF-8 bytes.
 */
export type Value = number | bigint | string;

/** QARTOD flags (IOOS Manual, 1.0): 1 good, 2 not evaluated, 3 suspect, 4 bad, 9 missing. */
export type Flag = 1 | 2 | 3 | 4 | 9;
export const FLAGS: readonly Flag[] = [1, 2, 3, 4, 9];

/** Why a reading is not simply good. The order is the wire's: append only. */
export const REASONS = [
  'none',
  'range',
  'rate',
  'flat-line',
  'spike',
  'gap',
  'climatology',
  'sensor-fault',
  'bus-error',
  'no-answer',
  'clock',
  'warm-up',
  'sentinel',
  'decode',
  'wrong-device',
] as const;
export type Reason = (typeof REASONS)[number];

/** What the gateway knew of the time when it stamped a reading. The order is the wire's: append only. */
export const CLOCK_STATES = ['synced', 'holdover', 'unsynced'] as const;
export type ClockState = (typeof CLOCK_STATES)[number];

/** What a device says of its own clock. The order is the wire's: append only. */
export const DEVICE_CLOCKS = ['unstated', 'sound', 'degraded'] as const;
export type DeviceClock = (typeof DEVICE_CLOCKS)[number];

export const LANES = ['live', 'backfill'] as const;
export type Lane = (typeof LANES)[number];

/** What a batch holds. */
export const CONTENTS = ['readings', 'windows', 'losses'] as const;
export type Content = (typeof CONTENTS)[number];

/** Whether a flag lets its reading enter an aggregate (4 and 9 never do). */
export const entersAggregate = (flag: Flag): boolean => flag <= 3;
