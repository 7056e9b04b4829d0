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
} from '#wire/terms.js';
import type { NewReading } from './buffer.js';
import { BufferError } from './buffer-error.js';

/** A row of the table `reading`. */
export interface ReadingRow {
  readonly ordinal: number;
  readonly point: number;
  readonly boot: number;
  readonly monotonic: number;
  readonly time: number;
  /** Bits: flag 0–3, held 4, clock 5–6, form of the value 7, the device's clock 8–9, reason from 10. */
  readonly marks: number;
  readonly value: number | null;
  /** Text, or the digits of an int64 beyond 2^53. */
  readonly text: string | null;
  readonly uncertainty: number | null;
  readonly deviceTime: number | null;
}

/** In `marks`: stored, and not sent. */
export const HELD = 1 << 4;
const CLOCK_SHIFT = 5;
const BIG = 1 << 7;
const DEVICE_CLOCK_SHIFT = 8;
const REASON_SHIFT = 10;

const MAX_TEXT_BYTES = 255;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
/** Well within what a batch can carry, also as the sum of an offset and a monotonic time, ms. */
const MAX_TIME = 2 ** 48;

/** Whether a batch can carry this time, ms. */
export const isTime = (value: number): boolean => Number.isFinite(value) && Math.abs(value) <= MAX_TIME;

const valueProblem = (value: Value | null): string | undefined => {
  if (typeof value === 'number' && !Number.isFinite(value)) return `the number ${value} is not finite`;
  if (typeof value === 'bigint' && (value > MAX_INT64 || value < MIN_INT64)) return `${value} is no int64`;
  if (typeof value === 'string' && Buffer.byteLength(value) > MAX_TEXT_BYTES)
    return `the text is longer than ${MAX_TEXT_BYTES} bytes`;
  return undefined;
};

const problemOf = (reading: NewReading): string | undefined => {
  if (!isTime(reading.time)) return `the time ${reading.time} is none`;
  if (!Number.isFinite(reading.monotonic) || reading.monotonic < 0)
    return `the monotonic time ${reading.monotonic} is none`;
  if (!(reading.uncertaintyMs >= 0) || !isTime(reading.uncertaintyMs))
    return `the uncertainty ${reading.uncertaintyMs} is none`;
  if (reading.deviceTime !== undefined && !isTime(reading.deviceTime))
    return `the device time ${reading.deviceTime} is none`;
  return valueProblem(reading.value);
};

/**
 * Throws `BufferError` `invalid` for a reading that no batch could carry: kept, it would block the sealing of
 * all that come after it.
 */
export const checkReading = (reading: NewReading): void => {
  const problem = problemOf(reading);
  if (problem !== undefined)
    throw new BufferError('invalid', `Reading of point ${reading.point} refused: ${problem}.`);
};

/** The row of a reading. Times are rounded to whole milliseconds. */
export const packReading = (reading: NewReading, ordinal: number, boot: number): ReadingRow => {
  const { value, deviceTime } = reading;
  return {
    ordinal,
    point: reading.point,
    boot,
    monotonic: Math.round(reading.monotonic),
    time: Math.round(reading.time),
    marks:
      reading.flag |
      (reading.held ? HELD : 0) |
      (CLOCK_STATES.indexOf(reading.clock) << CLOCK_SHIFT) |
      (typeof value === 'bigint' ? BIG : 0) |
      (DEVICE_CLOCKS.indexOf(reading.deviceClock ?? 'unstated') << DEVICE_CLOCK_SHIFT) |
      (REASONS.indexOf(reading.reason) << REASON_SHIFT),
    value: typeof value === 'number' ? value : null,
    text: typeof value === 'bigint' ? value.toString() : typeof value === 'string' ? value : null,
    uncertainty: reading.uncertaintyMs === 0 ? null : Math.round(reading.uncertaintyMs),
    deviceTime: deviceTime === undefined ? null : Math.round(deviceTime),
  };
};

export const isHeld = (row: Pick<ReadingRow, 'marks'>): boolean => (row.marks & HELD) !== 0;

export const flagOf = (row: Pick<ReadingRow, 'marks'>): Flag =>
  FLAGS.find((flag) => flag === (row.marks & 15)) ?? 2;

export const clockOf = (row: Pick<ReadingRow, 'marks'>): ClockState =>
  CLOCK_STATES[(row.marks >> CLOCK_SHIFT) & 3] ?? 'unsynced';

export const deviceClockOf = (row: Pick<ReadingRow, 'marks'>): DeviceClock =>
  DEVICE_CLOCKS[(row.marks >> DEVICE_CLOCK_SHIFT) & 3] ?? 'unstated';

export const reasonOf = (row: Pick<ReadingRow, 'marks'>): Reason =>
  REASONS[row.marks >> REASON_SHIFT] ?? 'none';

export const valueOf = (row: Pick<ReadingRow, 'marks' | 'value' | 'text'>): Value | null => {
  if (row.text === null) return row.value;
  return (row.marks & BIG) === 0 ? row.text : BigInt(row.text);
};
