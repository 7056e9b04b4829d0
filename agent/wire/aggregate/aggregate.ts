import type { Value } from '../terms.js';

/**
 * Mergeable state of one point over one period. The common part is the same for every kind; `sums` holds what
 * the kind needs beyond it. `merge` of the states of two adjacent periods is the state of both together.
 */
export interface Aggregate {
  /** Readings that entered (flags 1 to 3). */
  readonly count: number;
  /** Readings that the poll interval would have given. */
  readonly expected: number;
  /** Readings by flag: good, not evaluated, suspect, bad, missing. */
  readonly flags: readonly [number, number, number, number, number];
  readonly min: number | null;
  readonly max: number | null;
  readonly first: { readonly time: number; readonly value: Value } | null;
  readonly last: { readonly time: number; readonly value: Value } | null;
  readonly sums: Sums;
}

/** What each kind adds. Durations are ms; `gauge.weighted` is unit × ms. */
export type Sums =
  | { readonly kind: 'gauge'; readonly weighted: number; readonly heldMs: number }
  | { readonly kind: 'counter'; readonly delta: number; readonly resets: number }
  | { readonly kind: 'interval'; readonly total: number }
  | { readonly kind: 'state'; readonly durations: Readonly<Record<string, number>> }
  | { readonly kind: 'angle'; readonly sine: number; readonly cosine: number }
  | { readonly kind: 'decibel'; readonly energy: number }
  | { readonly kind: 'extreme' }
  | { readonly kind: 'event' }
  | { readonly kind: 'text' };
