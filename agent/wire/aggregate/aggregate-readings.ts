import type { Kind } from '../terms.js';
import type { Aggregate } from './aggregate.js';
import { enters, numberOf, type AggregateReading, type EnteredReading } from './reading.js';
import { sumsOf } from './sums.js';

export type { AggregateReading } from './reading.js';

/** One point over one period [start, end), UTC ms. */
export interface AggregateInput {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
  /** In any order; those outside the period are left out. At equal times the given order holds. */
  readonly readings: readonly AggregateReading[];
  /** The last reading before `start`, of any age, whose flag lets it enter. */
  readonly before?: AggregateReading;
  readonly intervalMs: number;
  /** A gauge's or state's reading stands for its point at most this long, also across `start`. */
  readonly maxHoldMs: number;
  /** Counter: value at which it wraps to 0. */
  readonly rollover?: number;
}

const inOrder = (input: AggregateInput): readonly AggregateReading[] => {
  let previous = input.start;
  for (const { time } of input.readings) {
    if (time < previous || time >= input.end) {
      return input.readings
        .filter((reading) => reading.time >= input.start && reading.time < input.end)
        .toSorted((a, b) => a.time - b.time);
    }
    previous = time;
  }
  return input.readings;
};

/**
 * Ticks of the interval's grid in the period. Counted on a grid rather than by division, so that the parts of a
 * period add up to the whole: of five one-minute windows of a point polled every five minutes, one expects a
 * reading and four expect none.
 */
const expectedReadings = (input: AggregateInput): number =>
  Math.floor(input.end / input.intervalMs) - Math.floor(input.start / input.intervalMs);

const hasExtremes = (kind: Kind): boolean => kind !== 'state' && kind !== 'angle' && kind !== 'text';

const FLAG_SLOTS = { 1: 0, 2: 1, 3: 2, 4: 3, 9: 4 } as const;

type Common = Omit<Aggregate, 'expected' | 'sums'>;

const common = (kind: Kind, readings: readonly AggregateReading[]): Common => {
  const flags: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  let count = 0;
  let min = Infinity;
  let max = -Infinity;
  let first: EnteredReading | undefined;
  let last: EnteredReading | undefined;
  for (const reading of readings) {
    flags[FLAG_SLOTS[reading.flag]] += 1;
    if (!enters(kind, reading)) continue;
    count += 1;
    first ??= reading;
    last = reading;
    const value = numberOf(reading.value);
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const extremes = hasExtremes(kind);
  return {
    count,
    flags,
    min: extremes && min !== Infinity ? min : null,
    max: extremes && max !== -Infinity ? max : null,
    first: first === undefined ? null : { time: first.time, value: first.value },
    last: last === undefined ? null : { time: last.time, value: last.value },
  };
};

/**
 * The aggregate of one point over one period, by its kind. Flags 4 and 9 and null values are counted in `flags`
 * and enter nothing else. Minimum and maximum are of readings in the period, never of the value carried in, and
 * `null` for states, angles and text, which have no order.
 */
export const aggregateReadings = (input: AggregateInput): Aggregate => {
  const { kind, start, end, maxHoldMs, rollover, before } = input;
  const readings = inOrder(input);
  const carried = before !== undefined && enters(kind, before) ? before : undefined;
  return {
    ...common(kind, readings),
    expected: expectedReadings(input),
    sums: sumsOf({ kind, start, end, readings, before: carried, maxHoldMs, rollover }),
  };
};
