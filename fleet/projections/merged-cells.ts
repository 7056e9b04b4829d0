import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { mergeAggregates } from '#wire/aggregate/merge.js';
import type { Span } from '../store/periods.js';
import type { Cell, CellsReader, PointMeta } from '../store/views-writer.js';

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
  merge(meta: PointMeta, input: MergeInput): Promise<Cell[]>;
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

/** Remembers the newest periods, and forgets the one that is longest unused where there are too many. */
const createMemory = () => {
  // a map keeps the order of use
  const memory = new Map<number, Open>();
  return {
    get: (key: number): Open | undefined => memory.get(key),
    set: (key: number, open: Open): void => {
      memory.delete(key);
      memory.set(key, open);
      if (memory.size <= MEMORY) return;
      const [oldest] = memory.keys();
      if (oldest !== undefined) memory.delete(oldest);
    },
    delete: (key: number): void => void memory.delete(key),
    clear: (): void => memory.clear(),
  };
};

/**
 * Merges finer cells into coarser ones, always by folding in order of time: whether the sum of the earlier cells
 * is remembered or read back, the result is the same to the last bit.
 */
export const createCellMerger = (stored: CellsReader): CellMerger => {
  const memory = createMemory();

  const mergeSpan = async (
    meta: PointMeta,
    input: MergeInput,
    span: Span,
    changed: readonly Cell[],
  ): Promise<Cell[]> => {
    const { periodMs, finerMs } = input;
    const key = keyOf(meta.point, periodMs);
    const open = memory.get(key);
    const appends = open?.from === span.from && startOfFirst(changed) >= startOfFirst(open.tail);
    if (
      !appends &&
      (await stored.cellOrigins(meta.point, periodMs, span.from, span.to)).get(span.from) === 'window'
    ) {
      memory.delete(key);
      return [];
    }
    const known = appends
      ? open.tail
      : open !== undefined && span.from > open.from
        ? []
        : await stored.cells(meta, finerMs, span.from, span.to);
    const parts = overlay(known, changed);
    const closed = fold(meta, appends ? open.closed : undefined, parts.slice(0, -TAIL));
    const tail = parts.slice(-TAIL);
    const aggregate = fold(meta, closed, tail);
    if (aggregate === undefined) return [];
    const isNewest =
      open === undefined ? (await newestOf(stored, meta, input)) < span.to : span.from >= open.from;
    if (isNewest) memory.set(key, { from: span.from, tail, closed });
    return [{ start: span.from, end: span.to, origin: 'rollup', sender: 0, revision: 0, aggregate }];
  };

  return {
    merge: async (meta, input) => {
      const { finer } = input;
      const made: Cell[] = [];
      let low = 0;
      for (const span of input.dirty) {
        for (let cell = finer[low]; cell !== undefined && cell.start < span.from; cell = finer[low]) low += 1;
        let high = low;
        for (let cell = finer[high]; cell !== undefined && cell.start < span.to; cell = finer[high])
          high += 1;
        made.push(...(await mergeSpan(meta, input, span, finer.slice(low, high))));
      }
      return made;
    },
    forgetPoint: (point, periodMs) => {
      memory.delete(keyOf(point, periodMs));
    },
    forget: () => {
      memory.clear();
    },
  };
};

/** Start of the newest finer cell, stored or changed. */
const newestOf = async (
  stored: CellsReader,
  { point }: PointMeta,
  { finerMs, finer }: MergeInput,
): Promise<number> =>
  Math.max((await stored.lastCellStart(point, finerMs)) ?? -Infinity, finer.at(-1)?.start ?? -Infinity);

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
