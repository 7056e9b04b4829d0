import type { Kind } from '../terms.js';
import type { Sums } from './aggregate.js';
import { CompensatedSum } from './compensated-sum.js';
import { counterStep } from './counter-step.js';
import { enters, numberOf, type AggregateReading, type EnteredReading } from './reading.js';

/** One point's readings of [start, end), ascending by time, and what came before them. */
export interface Series {
  readonly kind: Kind;
  readonly start: number;
  readonly end: number;
  readonly readings: readonly AggregateReading[];
  readonly before: EnteredReading | undefined;
  readonly maxHoldMs: number;
  readonly rollover: number | undefined;
}

/** Calls `hold` once for each stretch of the period that a value stands for. */
const eachHold = (series: Series, hold: (value: EnteredReading['value'], ms: number) => void): void => {
  let held = series.before;
  const release = (until: number): void => {
    if (held === undefined) return;
    const from = Math.max(held.time, series.start);
    const ms = Math.min(until, held.time + series.maxHoldMs) - from;
    if (ms > 0) hold(held.value, ms);
  };
  for (const reading of series.readings) {
    if (!enters(series.kind, reading)) continue;
    release(reading.time);
    held = reading;
  }
  release(series.end);
};

const gauge = (series: Series): Sums => {
  const weighted = new CompensatedSum();
  let heldMs = 0;
  eachHold(series, (value, ms) => {
    weighted.add(numberOf(value) * ms);
    heldMs += ms;
  });
  return { kind: 'gauge', weighted: weighted.total(), heldMs };
};

const state = (series: Series): Sums => {
  const durations = new Map<string, number>();
  eachHold(series, (value, ms) => {
    const code = String(value);
    durations.set(code, (durations.get(code) ?? 0) + ms);
  });
  return { kind: 'state', durations: Object.fromEntries(durations) };
};

const counter = (series: Series): Sums => {
  const delta = new CompensatedSum();
  let resets = 0;
  let earlier = series.before;
  for (const reading of series.readings) {
    if (!enters(series.kind, reading)) continue;
    if (earlier !== undefined) {
      const step = counterStep(earlier.value, reading.value, series.rollover);
      if (step === undefined) resets += 1;
      else delta.add(step);
    }
    earlier = reading;
  }
  return { kind: 'counter', delta: delta.total(), resets };
};

const sumOf = (series: Series, term: (value: number) => number): number => {
  const sum = new CompensatedSum();
  for (const reading of series.readings) {
    if (enters(series.kind, reading)) sum.add(term(numberOf(reading.value)));
  }
  return sum.total();
};

const sine = (degrees: number): number => Math.sin((degrees * Math.PI) / 180);
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
const itself = (value: number): number => value;
const energy = (level: number): number => 10 ** (level / 10);

/** What the kind needs beyond the common part. */
export const sumsOf = (series: Series): Sums => {
  switch (series.kind) {
    case 'gauge':
      return gauge(series);
    case 'counter':
      return counter(series);
    case 'interval':
      return { kind: 'interval', total: sumOf(series, itself) };
    case 'state':
      return state(series);
    case 'angle':
      return { kind: 'angle', sine: sumOf(series, sine), cosine: sumOf(series, cosine) };
    case 'decibel':
      return { kind: 'decibel', energy: sumOf(series, energy) };
    default:
      return { kind: series.kind };
  }
};
