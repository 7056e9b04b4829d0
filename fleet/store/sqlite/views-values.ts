import type { Reading } from '#wire/readings.js';
import {
  CLOCK_STATES,
  DEVICE_CLOCKS,
  FLAGS,
  REASONS,
  type ClockState,
  type DeviceClock,
  type Flag,
  type Reason,
  type Value,
  type ValueType,
} from '#wire/terms.js';

/** A value as it stands in a NUMERIC column: text as a blob, so that no affinity takes '12' for a number. */
export type SqlValue = number | bigint | Uint8Array | null;

/**
 * SQL that reads a value: integers beyond ±(2^53 − 1) come as text, so that a statement without BigInts keeps
 * int64 exact.
 */
export const readValue = (column: string): string =>
  `case when typeof(${column}) = 'integer' and (${column} > 9007199254740991 or ${column} < -9007199254740991)
   then cast(${column} as text) else ${column} end`;

export const encodeValue = (value: Value | null): SqlValue =>
  typeof value === 'string' ? Buffer.from(value, 'utf8') : value;

/** Reads what `readValue` selects. A float of integral size comes as text too; only int64 points have BigInts. */
export const decodeValue = (stored: unknown, type: ValueType): Value | null => {
  if (stored === null || typeof stored === 'number') return stored;
  if (typeof stored === 'string') return type === 'float' ? Number(stored) : BigInt(stored);
  if (stored instanceof Uint8Array) return Buffer.from(stored).toString('utf8');
  throw new TypeError(`a stored value cannot be a ${typeof stored}`);
};

const REASON_SHIFT = 16;
const CLOCK_SHIFT = 4096;
const REASON_CODES = new Map<Reason, number>(REASONS.map((reason, code) => [reason, code]));
const CLOCK_CODES = new Map<ClockState, number>(CLOCK_STATES.map((clock, code) => [clock, code]));

/** Flag, reason and clock in one integer; `null` for the plain case: good, no reason, synced. */
export const encodeMarks = (reading: Reading): number | null => {
  const { flag, reason, clock } = reading;
  if (flag === 1 && reason === 'none' && clock === 'synced') return null;
  return flag + (REASON_CODES.get(reason) ?? 0) * REASON_SHIFT + (CLOCK_CODES.get(clock) ?? 0) * CLOCK_SHIFT;
};

export interface Marks {
  readonly flag: Flag;
  readonly reason: Reason;
  readonly clock: ClockState;
}

const PLAIN: Marks = { flag: 1, reason: 'none', clock: 'synced' };

export const decodeMarks = (stored: number | null): Marks => {
  if (stored === null) return PLAIN;
  const flag = FLAGS.find((candidate) => candidate === stored % REASON_SHIFT);
  const reason = REASONS[Math.floor((stored % CLOCK_SHIFT) / REASON_SHIFT)];
  const clock = CLOCK_STATES[Math.floor(stored / CLOCK_SHIFT)];
  if (flag === undefined || reason === undefined || clock === undefined) {
    throw new RangeError(`${stored} is no mark of a reading`);
  }
  return { flag, reason, clock };
};

/** SQL: whether a row's flag lets it enter an aggregate and it has a value. */
export const ENTERS = '(marks is null or (marks & 15) <= 3) and value is not null';

/** The device's own time of a reading and what it says of its clock, as far as there are. */
export const decodeDeviceTime = (row: {
  readonly deviceTime: number | null;
  readonly deviceClock: number | null;
}): { readonly deviceTime?: number; readonly deviceClock?: Exclude<DeviceClock, 'unstated'> } => {
  if (row.deviceTime === null) return {};
  const clock = DEVICE_CLOCKS[row.deviceClock ?? 0] ?? 'unstated';
  return { deviceTime: row.deviceTime, ...(clock === 'unstated' ? {} : { deviceClock: clock }) };
};
