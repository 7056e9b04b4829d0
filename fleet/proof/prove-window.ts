import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { aggregateReadings, type AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { entersAggregate } from '#wire/terms.js';
import type { DirectoryPoint } from '#wire/directory.js';

/** [start, start + period), UTC ms. */
export interface WindowPlace {
  readonly start: number;
  readonly periodMs: number;
}

/** A reading and where its source has it. */
export interface PlacedReading extends AggregateReading {
  readonly source: string;
  readonly epoch: string;
  readonly ordinal: number;
}

const placeOf = ({ source, epoch, ordinal }: PlacedReading): string => `${source}/${epoch}/${ordinal}`;

/** Each reading once, by time; at equal times in the order of storing. */
const inOrder = (readings: readonly PlacedReading[]): readonly PlacedReading[] =>
  [...new Map(readings.map((reading) => [placeOf(reading), reading])).values()].toSorted(
    (a, b) => a.time - b.time || a.ordinal - b.ordinal,
  );

/** The aggregate that these readings of one point make of a window; they may reach beyond it. */
export const aggregateOf = (
  point: DirectoryPoint,
  { start, periodMs }: WindowPlace,
  readings: readonly PlacedReading[],
): Aggregate => {
  const ordered = inOrder(readings);
  const before = ordered.findLast(
    ({ time, value, flag }) => time < start && value !== null && entersAggregate(flag),
  );
  return aggregateReadings({
    kind: point.kind,
    start,
    end: start + periodMs,
    readings: ordered,
    intervalMs: point.intervalMs,
    maxHoldMs: point.maxHoldMs,
    ...(before === undefined ? {} : { before }),
    ...(point.rollover === undefined ? {} : { rollover: point.rollover }),
  });
};

/** Of sums of float64 taken in another order. */
const TOLERANCE = 1e-9;

/** Two values that say the same, whatever the order of keys and the last digits of sums. */
export const sameAggregate = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => sameAggregate(Reflect.get(a, key), Reflect.get(b, key)))
  );
};
