import { aggregateReadings } from '#wire/aggregate/aggregate-readings.js';
import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { enters } from '#wire/aggregate/reading.js';
import type { Cell, CellsReader, PointMeta, SeriesReader, SeriesRow } from '../store/views-writer.js';
import { endOf, joinSpans, MINUTE, startOf, type Span } from '../store/periods.js';
import { inKeyOrder, mergeRows } from './point-work.js';

type Stored = Pick<SeriesReader & CellsReader, 'readings' | 'lastEntered' | 'enteredAfter' | 'cellOrigins'>;

/**
 * The one-minute cells that `rows` (new, by key, not yet stored) change, made anew from all rows of their period:
 * the cells that hold the new rows, and those into which their values carry. Cells that a gateway's window fills
 * are left alone. What comes out depends on the rows alone, not on how they were grouped into transactions.
 */
export const rawCells = async (
  stored: Stored,
  meta: PointMeta,
  carryMs: number,
  rows: readonly SeriesRow[],
): Promise<Cell[]> => {
  const cells: Cell[] = [];
  let low = 0;
  let carried: SeriesRow | undefined;
  for (const span of await dirtySpans(stored, meta, carryMs, rows)) {
    for (let row = rows[low]; row !== undefined && row.time < span.from; row = rows[low]) low += 1;
    let high = low;
    for (let row = rows[high]; row !== undefined && row.time < span.to; row = rows[high]) high += 1;
    const all = mergeRows(await stored.readings(meta, span.from, span.to), rows.slice(low, high));
    const before = later(await carriedIn(stored, meta, span.from), carried);
    carried = await cellsOfSpan(stored, meta, span, all, before, cells);
    low = high;
  }
  return cells;
};

/** The stored row whose value the first cell needs: for a hold the one still held, for a counter the one before. */
const carriedIn = async (stored: Stored, meta: PointMeta, from: number): Promise<SeriesRow | undefined> => {
  if (meta.kind === 'counter') return stored.lastEntered(meta, -Infinity, from);
  return holds(meta) ? stored.lastEntered(meta, from - meta.maxHoldMs, from) : undefined;
};

const holds = ({ kind }: PointMeta): boolean => kind === 'gauge' || kind === 'state';

const later = (a: SeriesRow | undefined, b: SeriesRow | undefined): SeriesRow | undefined => {
  if (a === undefined || b === undefined) return a ?? b;
  return inKeyOrder(a, b) > 0 ? a : b;
};

/** Whole minutes whose cells may change. */
const dirtySpans = async (
  stored: Stored,
  meta: PointMeta,
  carryMs: number,
  rows: readonly SeriesRow[],
): Promise<readonly Span[]> => {
  const carries = holds(meta);
  const spans: { from: number; to: number; last: number }[] = [];
  for (const row of rows) {
    const from = startOf(row.time, MINUTE);
    const carry = carries && enters(meta.kind, row) ? carryMs : 0;
    const to = Math.max(from + MINUTE, endOf(row.time + carry, MINUTE));
    const open = spans.at(-1);
    if (open === undefined || from > open.to) spans.push({ from, to, last: row.time });
    else {
      open.to = Math.max(open.to, to);
      open.last = row.time;
    }
  }
  if (meta.kind !== 'counter') return spans;
  const successors: Span[] = [];
  for (const span of spans) {
    const next = await stored.enteredAfter(meta.point, span.last);
    if (next === undefined || next < span.to) continue;
    const from = startOf(next, MINUTE);
    successors.push({ from, to: from + MINUTE });
  }
  return successors.length === 0 ? spans : joinSpans([...spans, ...successors]);
};

/** Appends the span's cells to `cells`; gives the last row that entered up to the end of the span. */
const cellsOfSpan = async (
  stored: Stored,
  meta: PointMeta,
  span: Span,
  rows: readonly SeriesRow[],
  earlier: SeriesRow | undefined,
  cells: Cell[],
): Promise<SeriesRow | undefined> => {
  const known = await stored.cellOrigins(meta.point, MINUTE, span.from, span.to);
  let before = earlier;
  let low = 0;
  for (let start = span.from; start < span.to; start += MINUTE) {
    const end = start + MINUTE;
    let high = low;
    let last = before;
    for (let row = rows[high]; row !== undefined && row.time < end; row = rows[high]) {
      if (enters(meta.kind, row)) last = row;
      high += 1;
    }
    const old = known.get(start);
    if (old !== 'window') {
      const aggregate = aggregateOf(meta, start, rows.slice(low, high), before);
      if (old !== undefined || !isEmpty(aggregate)) {
        cells.push({ start, end, origin: 'raw', sender: 0, revision: 0, aggregate });
      }
    }
    before = last;
    low = high;
  }
  return before;
};

const aggregateOf = (
  meta: PointMeta,
  start: number,
  readings: readonly SeriesRow[],
  before: SeriesRow | undefined,
): Aggregate =>
  aggregateReadings({
    kind: meta.kind,
    start,
    end: start + MINUTE,
    readings,
    intervalMs: meta.intervalMs,
    maxHoldMs: meta.maxHoldMs,
    ...(before === undefined ? undefined : { before }),
    ...(meta.rollover === null ? undefined : { rollover: meta.rollover }),
  });

/** No reading of any flag, and no value carried in. */
const isEmpty = ({ flags, sums }: Aggregate): boolean => {
  if (flags.some((count) => count > 0)) return false;
  if (sums.kind === 'gauge') return sums.heldMs === 0;
  return sums.kind !== 'state' || Object.keys(sums.durations).length === 0;
};
