import { entersAggregate, type Flag, type Kind, type Value } from '../terms.js';

/** What an aggregate needs of a reading. `time` is UTC ms. */
export interface AggregateReading {
  readonly time: number;
  readonly value: Value | null;
  readonly flag: Flag;
}

/** A reading that enters. */
export interface EnteredReading extends AggregateReading {
  readonly value: Value;
}

/** Kinds that take any value; all others need a finite number. */
const takesAnyValue = (kind: Kind): boolean => kind === 'state' || kind === 'event' || kind === 'text';

/** The value as a float64 (an int64 beyond 2^53 is rounded); NaN for text. */
export const numberOf = (value: Value): number => (typeof value === 'string' ? NaN : Number(value));

/**
 * Whether a reading takes part in an aggregate of `kind`: flags 1 to 3, a value, and for kinds that calculate a
 * finite number (one NaN would spoil the sum of a day).
 */
export const enters = (kind: Kind, reading: AggregateReading): reading is EnteredReading =>
  entersAggregate(reading.flag) &&
  reading.value !== null &&
  (takesAnyValue(kind) || Number.isFinite(numberOf(reading.value)));
