import type { Kind } from '../terms.js';
import type { Aggregate, Sums } from './aggregate.js';

/** Two aggregates that cannot be one; `retryable` is never true. */
export class AggregateKindError extends Error {
  readonly code = 'aggregate-kind';
  readonly retryable = false;

  constructor(kind: Kind, a: Sums, b: Sums) {
    super(`Cannot merge aggregates of kinds ${a.kind} and ${b.kind} for a point of kind ${kind}.`);
    this.name = 'AggregateKindError';
  }
}

const mergeDurations = (
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> => {
  const durations = new Map(Object.entries(a));
  for (const [code, ms] of Object.entries(b)) durations.set(code, (durations.get(code) ?? 0) + ms);
  return Object.fromEntries(durations);
};

const mergeSums = (a: Sums, b: Sums): Sums | undefined => {
  if (a.kind === 'gauge' && b.kind === 'gauge')
    return { kind: 'gauge', weighted: a.weighted + b.weighted, heldMs: a.heldMs + b.heldMs };
  if (a.kind === 'counter' && b.kind === 'counter')
    return { kind: 'counter', delta: a.delta + b.delta, resets: a.resets + b.resets };
  if (a.kind === 'interval' && b.kind === 'interval') return { kind: 'interval', total: a.total + b.total };
  if (a.kind === 'state' && b.kind === 'state')
    return { kind: 'state', durations: mergeDurations(a.durations, b.durations) };
  if (a.kind === 'angle' && b.kind === 'angle')
    return { kind: 'angle', sine: a.sine + b.sine, cosine: a.cosine + b.cosine };
  if (a.kind === 'decibel' && b.kind === 'decibel') return { kind: 'decibel', energy: a.energy + b.energy };
  return a.kind === b.kind ? a : undefined;
};

const lower = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.min(a, b);
const higher = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

/**
 * The aggregate of two adjacent periods, `a` the earlier: what `aggregateReadings` gives for both together,
 * up to the rounding of float64 sums. Associative. Throws `AggregateKindError` where the kinds differ.
 */
export const mergeAggregates = (kind: Kind, a: Aggregate, b: Aggregate): Aggregate => {
  const sums = mergeSums(a.sums, b.sums);
  if (sums?.kind !== kind) throw new AggregateKindError(kind, a.sums, b.sums);
  return {
    count: a.count + b.count,
    expected: a.expected + b.expected,
    flags: [
      a.flags[0] + b.flags[0],
      a.flags[1] + b.flags[1],
      a.flags[2] + b.flags[2],
      a.flags[3] + b.flags[3],
      a.flags[4] + b.flags[4],
    ],
    min: lower(a.min, b.min),
    max: higher(a.max, b.max),
    first: a.first ?? b.first,
    last: b.last ?? a.last,
    sums,
  };
};
