import type { Aggregate } from './aggregate/aggregate.js';

/** One aggregate of one point over [start, start + period), as a batch carries it. */
export interface Window {
  readonly ordinal: number;
  /** UTC ms, aligned to the period. */
  readonly start: number;
  /** 0 at first; each later computing of the same period counts up, and replaces. */
  readonly revision: number;
  readonly aggregate: Aggregate;
}

/** The windows of one (point, period) in one batch, ascending by ordinal. */
export interface WindowColumn {
  readonly point: number;
  readonly periodMs: number;
  readonly windows: readonly Window[];
}

/**
 * What a source gave up, and why: covers a hole in its sequence, or readings within it. The ordinals of an epoch
 * add up: those of its readings, windows and loss records, what its headers held back, and `count`, `windows` and
 * `heldBack` of its loss records, but those of cause `memory`, whose readings never had an ordinal.
 */
export interface Loss {
  readonly ordinal: number;
  readonly cause: 'space' | 'damage' | 'retention' | 'operator' | 'memory';
  /** Epoch of what was lost: 16 hexadecimal digits. */
  readonly epoch: string;
  /** Lost batches, inclusive; absent where only unsealed rows went. */
  readonly firstSeq?: number;
  readonly lastSeq?: number;
  /** Lost readings: exact, or an upper bound where the store itself was destroyed. */
  readonly count: number;
  /** Lost windows; absent: none. */
  readonly windows?: number;
  /** Readings that report-by-exception had kept back, of which a lost header would have told; absent: none. */
  readonly heldBack?: number;
  readonly exact: boolean;
  readonly firstTime?: number;
  readonly lastTime?: number;
  /** Directory numbers of the points concerned; empty: all. */
  readonly points: readonly number[];
  /** Windows of at least this period, ms, stand for what was lost and follow in batches of their own; absent: nothing does. */
  readonly replacedByMs?: number;
  readonly note?: string;
}
