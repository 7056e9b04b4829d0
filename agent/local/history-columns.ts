import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { aggregateReadings } from '#wire/aggregate/aggregate-readings.js';
import { mergeAggregates } from '#wire/aggregate/merge.js';
import { enters, type AggregateReading } from '#wire/aggregate/reading.js';
import type { Kind } from '#wire/terms.js';

/** What a column's aggregate needs to know of its point. */
export interface ColumnPoint {
  readonly kind: Kind;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  readonly rollover?: number;
}

/** One stretch of a period, [start, end), UTC ms. */
export interface HistoryColumn {
  readonly start: number;
  readonly end: number;
  readonly aggregate: Aggregate;
}

/** Readings of one column that are held before they are summed up. */
const HELD = 5_000;

/** Sums up readings that come by time in equal columns, by the kind of their point; holds few of them. */
export class HistoryColumns {
  readonly #point: ColumnPoint;
  readonly #bounds: readonly number[];
  readonly #columns: HistoryColumn[] = [];
  #summed: Aggregate | undefined;
  #start: number;
  #readings: AggregateReading[] = [];
  #before: AggregateReading | undefined;

  constructor(point: ColumnPoint, fromMs: number, toMs: number, count: number) {
    this.#point = point;
    this.#bounds = Array.from({ length: count + 1 }, (_, index) =>
      Math.round(fromMs + ((toMs - fromMs) * index) / count),
    );
    this.#start = fromMs;
  }

  add(reading: AggregateReading): void {
    while (reading.time >= this.#end) this.#close();
    if (this.#readings.length >= HELD && reading.time > this.#start) this.#sum(reading.time);
    this.#readings.push(reading);
  }

  /** All columns; nothing is added after. */
  all(): readonly HistoryColumn[] {
    while (this.#columns.length < this.#bounds.length - 1) this.#close();
    return this.#columns;
  }

  get #end(): number {
    return this.#bounds[this.#columns.length + 1] ?? Infinity;
  }

  #close(): void {
    const end = this.#end;
    const start = this.#bounds[this.#columns.length] ?? end;
    this.#columns.push({ start, end, aggregate: this.#sum(end) });
    this.#summed = undefined;
  }

  /** Sums up what is held, as the readings until `end`. */
  #sum(end: number): Aggregate {
    const [before, readings] = [this.#before, this.#readings];
    const carried = before === undefined ? {} : { before };
    const next = aggregateReadings({ ...this.#point, start: this.#start, end, readings, ...carried });
    this.#summed = this.#summed === undefined ? next : mergeAggregates(this.#point.kind, this.#summed, next);
    this.#before = readings.findLast((reading) => enters(this.#point.kind, reading)) ?? before;
    this.#readings = [];
    this.#start = end;
    return this.#summed;
  }
}
