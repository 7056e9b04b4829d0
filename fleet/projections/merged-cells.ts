import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { mergeAggregates } from '#wire/aggregate/merge.js';
import type { Span } from '../store/periods.js';
import type { Cell, PointMeta, ViewsWriter } from '../store/views-writer.js';

export interface MergeInput {
  /** Key of the cells to make. */
  readonly periodMs: number;
  readonly finerMs: number;
  /** All finer cells that changed, by start. */
  readonly finer: readonly Cell[];
  /** Periods to make, ascending and disjoint. */
  readonly dirty: readonly Span[];
}

export interface CellMerger {
  /** Cells merged from all finer ones of their period; those that a window fills are left alone. */
  merge(meta: PointMeta, input: MergeInput): Cell[];
  /** Finer cells of the point changed, or cells came from elsewhere, and no merge was asked for. */
  forgetPoint(point: number, periodMs: number): void;
  forget(): void;
}

/** The newest period of one point at one resolution, so that appending reads nothing back. */
interface Open {
  readonly from: number;
  /** Newest finer cells of the point: what appended readings change, since a value carries ahead of its time. */
  readonly tail: readonly Cell[];
  /** Merge of the period's finer cells before the tail. */
  readonly closed: Aggregate | undefined;
}

const TAIL = 4;
/** Points × resolutions whose newest period is remembered, about 1 KiB each. */
const MEMORY = 100_000;
/** Keys of `Open`: point × this + minutes of the period. */
const MINUTES = 2048;

const keyOf = (point: number, periodMs: number): number => point * MINUTES + periodMs / 60_000;

type Stored = Pick<ViewsWriter, 'cells' | 'cellOrigins' | 'lastCellStart'>;

/**
 * Merges finer cells into coarser ones, always by folding in order of time: whether the sum of the earlier cells
 * is remembered or read back, the result is the same to the last bit.
 */
export const createCellMerger = (stored: Stored): CellMerger => {
  const memory = new Map<number, Open>();

  const remember = (key: number, open: Open): void => {
    // the map keeps the order of use: its first key is the one longest unused
    memory.delete(key);
    memory.set(key, open);
    if (memory.size <= MEMORY) return;
    const [oldest] = memory.keys();
    if (oldest !== undefined) memory.delete(oldest);
  };

  const newest = (meta: PointMeta, finerMs: number, finer: readonly Cell[]): number =>
    Math.max(stored.lastCellStart(meta.point, finerMs) ?? -Infinity, finer.at(-1)?.start ?? -Infinity);

  const mergeSpan = (meta: PointMeta, input: MergeInput, span: Span, changed: readonly Cell[]): Cell[] => {
    const { periodMs, finerMs } = input;
    const key = keyOf(meta.point, periodMs);
    const open = memory.get(key);
    const appends = open?.from === span.from && startOfFirst(changed) >= startOfFirst(open.tail);
    if (
      !appends &&
      stored.cellOrigins(meta.point, periodMs, span.from, span.to).get(span.from) === 'window'
    ) {
      memory.delete(key);
      return [];
    }
    const known = appends
      ? open.tail
      : open !== undefined && span.from > open.from
        ? []
        : stored.cells(meta, finerMs, span.from, span.to);
    const parts = overlay(known, changed);
    const closed = fold(meta, appends ? open.closed : undefined, parts.slice(0, -TAIL));
    const tail = parts.slice(-TAIL);
    const aggregate = fold(meta, closed, tail);
    if (aggregate === undefined) return [];
    const isNewest =
      open === undefined ? newest(meta, finerMs, input.finer) < span.to : span.from >= open.from;
    if (isNewest) remember(key, { from: span.from, tail, closed });
    return [{ start: span.from, end: span.to, origin: 'rollup', sender: 0, revision: 0, aggregate }];
  };

  return {
    merge: (meta, input) => {
      let low = 0;
      return input.dirty.flatMap((span) => {
        const { finer } = input;
        for (let cell = finer[low]; cell !== undefined && cell.start < span.from; cell = finer[low]) low += 1;
        let high = low;
        for (let cell = finer[high]; cell !== undefined && cell.start < span.to; cell = finer[high])
          high += 1;
        return mergeSpan(meta, input, span, finer.slice(low, high));
      });
    },
    forgetPoint: (point, periodMs) => {
      memory.delete(keyOf(point, periodMs));
    },
    forget: () => {
      memory.clear();
    },
  };
};

const startOfFirst = (cells: readonly Cell[]): number => cells[0]?.start ?? Infinity;

const fold = (
  meta: PointMeta,
  before: Aggregate | undefined,
  cells: readonly Cell[],
): Aggregate | undefined => {
  let whole = before;
  for (const { aggregate } of cells) {
    whole = whole === undefined ? aggregate : mergeAggregates(meta.kind, whole, aggregate);
  }
  return whole;
};

/** Known cells with the changed ones in their place, by start. */
const overlay = (cells: readonly Cell[], changed: readonly Cell[]): readonly Cell[] => {
  if (cells.length === 0) return changed;
  const parts = new Map(cells.map((cell) => [cell.start, cell]));
  for (const cell of changed) parts.set(cell.start, cell);
  return [...parts.values()].toSorted((a, b) => a.start - b.start);
};
