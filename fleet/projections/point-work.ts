import type { Window } from '#wire/windows.js';
import type { PointMeta, SeriesRow } from '../store/views-writer.js';

/** What one transaction brings for one point. */
export interface PointWork {
  readonly meta: PointMeta;
  readonly rows: SeriesRow[];
  /** By period, in the order of the log. */
  readonly windows: Map<number, SentWindow[]>;
}

export interface SentWindow {
  /** Number of the (source, epoch). */
  readonly sender: number;
  readonly window: Window;
}

export const inKeyOrder = (a: SeriesRow, b: SeriesRow): number =>
  a.time - b.time || a.origin - b.origin || a.ordinal - b.ordinal;

/** Sorts rows by key, in place, and drops all but the first of a key. */
export const settleRows = (rows: SeriesRow[]): void => {
  let previous: SeriesRow | undefined;
  for (const row of rows) {
    if (previous !== undefined && inKeyOrder(previous, row) >= 0) {
      rows.sort(inKeyOrder);
      dropRepeated(rows);
      return;
    }
    previous = row;
  }
};

const dropRepeated = (rows: SeriesRow[]): void => {
  let kept = 0;
  let previous: SeriesRow | undefined;
  for (const row of rows) {
    if (previous !== undefined && inKeyOrder(previous, row) === 0) continue;
    rows[kept] = row;
    kept += 1;
    previous = row;
  }
  rows.length = kept;
};

/** Stored and new rows as one, by key; of equal keys the stored row stays. */
export const mergeRows = (
  stored: readonly SeriesRow[],
  added: readonly SeriesRow[],
): readonly SeriesRow[] => {
  if (stored.length === 0) return added;
  const merged: SeriesRow[] = [];
  let next = 0;
  for (const row of stored) {
    for (let other = added[next]; other !== undefined; other = added[next]) {
      const order = inKeyOrder(other, row);
      if (order > 0) break;
      if (order < 0) merged.push(other);
      next += 1;
    }
    merged.push(row);
  }
  for (; next < added.length; next += 1) {
    const other = added[next];
    if (other !== undefined) merged.push(other);
  }
  return merged;
};
