import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { aggregateReadings, type AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { mergeAggregates } from '#wire/aggregate/merge.js';
import { entersAggregate } from '#wire/terms.js';
import type { BufferPoint } from './buffer.js';

/** One window as it is computed; times are UTC ms. */
export interface MadeWindow {
  readonly start: number;
  readonly aggregate: Aggregate;
}

export interface WindowTask {
  readonly point: BufferPoint;
  readonly period: number;
  /** Windows that start in [from, end) are made; `end` is aligned. */
  readonly from: number;
  readonly end: number;
  /** Readings of [from, end), ascending by time. */
  readonly readings: readonly AggregateReading[];
  /** The last reading before `from` that enters. */
  readonly before: AggregateReading | undefined;
}

export const alignDown = (time: number, period: number): number => Math.floor(time / period) * period;

/** Whether a value of this point fills windows that have no reading of their own. */
const holds = (point: BufferPoint): boolean => point.kind === 'gauge' || point.kind === 'state';

const isFiniteAggregate = ({ min, max, sums }: Aggregate): boolean => {
  const durations = sums.kind === 'state' ? Object.values(sums.durations) : [];
  const totals = Object.values(sums).filter((part) => typeof part === 'number');
  return [min ?? 0, max ?? 0, ...durations, ...totals].every((number) => Number.isFinite(number));
};

const settings = (point: BufferPoint, period: number, start: number) => ({
  kind: point.kind,
  start,
  end: start + period,
  intervalMs: point.intervalMs,
  maxHoldMs: point.maxHoldMs,
  ...(point.rollover === undefined ? {} : { rollover: point.rollover }),
});

/** Start of the next window that a held value reaches into, at or after `next`; Infinity where it reaches none. */
const nextHeld = (task: WindowTask, held: AggregateReading | undefined, next: number): number => {
  if (held === undefined || !holds(task.point)) return Infinity;
  const start = Math.max(next, alignDown(held.time, task.period));
  return start < held.time + task.point.maxHoldMs ? start : Infinity;
};

/**
 * The windows of one point: one for each period that has a reading of any flag, and for gauges and states also
 * those that a value reaches into while it is held. Periods without either get none, so that a box that was off
 * for a year wakes without a year of empty windows. A window whose sums leave the range of float64 is left out.
 * Gives the last entered reading as well: the next `before`.
 */
export const makeWindows = (
  task: WindowTask,
): { readonly windows: readonly MadeWindow[]; readonly last: AggregateReading | undefined } => {
  const { point, period, end, readings } = task;
  const windows: MadeWindow[] = [];
  let last = task.before;
  let next = task.from;
  let index = 0;
  for (;;) {
    const reading = readings[index];
    const start = Math.min(
      nextHeld(task, last, next),
      reading === undefined ? Infinity : alignDown(reading.time, period),
    );
    if (start >= end) return { windows, last };
    let stop = index;
    while (stop < readings.length && (readings[stop]?.time ?? Infinity) < start + period) stop += 1;
    const inside = readings.slice(index, stop);
    const aggregate = aggregateReadings({
      ...settings(point, period, start),
      readings: inside,
      ...(last === undefined ? {} : { before: last }),
    });
    if (isFiniteAggregate(aggregate)) windows.push({ start, aggregate });
    last = inside.findLast(({ flag, value }) => entersAggregate(flag) && value !== null) ?? last;
    next = start + period;
    index = stop;
  }
};

/**
 * Merges the windows of one point (ascending, without repeats) into those of a longer period. What is expected
 * is counted over the whole longer period, also where shorter windows are absent.
 */
export const mergeWindows = (
  point: BufferPoint,
  period: number,
  windows: readonly MadeWindow[],
): readonly MadeWindow[] => {
  const merged: MadeWindow[] = [];
  for (const { start, aggregate } of windows) {
    const longer = alignDown(start, period);
    const open = merged.at(-1);
    if (open?.start === longer) {
      merged[merged.length - 1] = {
        start: longer,
        aggregate: mergeAggregates(point.kind, open.aggregate, aggregate),
      };
    } else {
      merged.push({ start: longer, aggregate });
    }
  }
  return merged.map(({ start, aggregate }) => {
    const { expected } = aggregateReadings({ ...settings(point, period, start), readings: [] });
    return { start, aggregate: { ...aggregate, expected } };
  });
};
