import { openColumns, parseBatch } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { ReadingColumn } from '#wire/readings.js';
import type { Archive } from './archive.js';
import type { BatchesTable } from './batches-table.js';
import type { ErasedPeriod } from './buffer.js';
import type { Points } from './points.js';
import type { Database } from './sqlite-database.js';
import type { State } from './state-row.js';

export interface EraseHistoryDeps {
  readonly database: Database;
  readonly batches: BatchesTable;
  readonly archive: Archive;
  readonly points: Points;
  readonly state: State;
  readonly releasedRows: () => number;
}

/** One step of an erasure, and where the next begins. */
export interface ErasedStep {
  readonly after: number;
  readonly found: number;
}

/**
 * Takes a period out of the local history; each call is part of a transaction of the caller. What the fleet has not
 * acked stays: it has to be delivered, and is only counted.
 */
export interface EraseHistory {
  /** Removes the next acked batch after an id that has something of it; `undefined` after the last. */
  batch(period: ErasedPeriod, after: number): ErasedStep | undefined;
  /** Moves rows that were sealed to where held-back readings end; gives whether more are to go. */
  settle(): boolean;
  /** Removes held-back readings of the next segment after an ordinal; `undefined` after the last. */
  segment(period: ErasedPeriod, after: number): ErasedStep | undefined;
  /** Unacked or refused batches, and rows that are not sealed yet or that a window still needs, which have something of it. */
  left(period: ErasedPeriod): { readonly batches: number; readonly rows: number };
}

/** A window begins this long before its end at most, ms. */
const LONGEST_WINDOW_MS = 86_400_000;

interface StoredMessage {
  readonly id: number;
  readonly bytes: number;
  readonly message: Uint8Array;
}

const OVERLAP = '(firstTime < ? AND lastTime >= ? - iif(content = 1, ?, 0))';

export const createEraseHistory = (deps: EraseHistoryDeps): EraseHistory => {
  const { database, batches, archive, state } = deps;
  const next = database.prepare<[number, number, number, number], StoredMessage>(
    `SELECT id, bytes, message FROM acked JOIN batch USING (id)
     WHERE id > ? AND ${OVERLAP} ORDER BY id LIMIT 1`,
  );
  const numbersOf = (period: ErasedPeriod): ReadonlySet<number> | undefined => asked(deps.points, period);
  return {
    batch: (period, after) => {
      const { fromMs, toMs } = period;
      const row = next.get(after, toMs, fromMs, LONGEST_WINDOW_MS);
      if (row === undefined) return undefined;
      if (!speaksOf(row.message, numbersOf(period))) return { after: row.id, found: 0 };
      batches.evict(row.id);
      state.write({ historyBytes: state.row.historyBytes - row.bytes });
      return { after: row.id, found: 1 };
    },
    settle: () => archive.trim(deps.releasedRows(), 1),
    segment: (period, after) => {
      const segment = archive.next(after, period.fromMs, period.toMs);
      if (segment === undefined) return undefined;
      const left = without(segment.columns, period, numbersOf(period));
      const found = countOf(segment.columns) - countOf(left);
      if (found > 0) archive.replace(segment, left);
      return { after: segment.firstOrdinal, found };
    },
    left: createLeft(deps, numbersOf),
  };
};

const countOf = (columns: readonly ReadingColumn[]): number =>
  columns.reduce((sum, { readings }) => sum + readings.length, 0);

/** Numbers of the points that are meant; `undefined`: of all. Names that never were here mean nothing. */
const asked = (points: Points, { keys }: ErasedPeriod): ReadonlySet<number> | undefined => {
  if (keys === undefined) return undefined;
  const wanted = new Set(keys);
  return new Set([...points.all()].flatMap(([number, { key }]) => (wanted.has(key) ? [number] : [])));
};

const without = (
  columns: readonly ReadingColumn[],
  { fromMs, toMs }: ErasedPeriod,
  numbers: ReadonlySet<number> | undefined,
): readonly ReadingColumn[] =>
  columns
    .map((column) =>
      numbers?.has(column.point) === false
        ? column
        : { ...column, readings: column.readings.filter(({ time }) => time < fromMs || time >= toMs) },
    )
    .filter(({ readings }) => readings.length > 0);

/** Whether a batch has a column of the points; one that cannot be read may have. */
const speaksOf = (message: Uint8Array, numbers: ReadonlySet<number> | undefined): boolean => {
  if (numbers === undefined) return true;
  try {
    return openColumns(parseBatch(message)).entries.some(
      (column) => !(column instanceof Uint8Array) && numbers.has(column.point),
    );
  } catch (error) {
    if (error instanceof WireError) return true;
    throw error;
  }
};

const createLeft = (
  { database }: EraseHistoryDeps,
  numbersOf: (period: ErasedPeriod) => ReadonlySet<number> | undefined,
): EraseHistory['left'] => {
  const pending = database.prepare<[number, number, number], { message: Uint8Array }>(
    `SELECT message FROM pending JOIN batch USING (id) WHERE ${OVERLAP}`,
  );
  const refused = database.prepare<[], { message: Uint8Array }>(
    'SELECT message FROM quarantined JOIN batch USING (id)',
  );
  const OF_POINTS = '(? IS NULL OR point IN (SELECT value FROM json_each(?)))';
  const rows = database
    .prepare<[number, number, string | null, string | null], number>(
      `SELECT count(*) FROM reading WHERE time < ? AND time >= ? AND ${OF_POINTS}`,
    )
    .pluck();
  const windows = database
    .prepare<[number, number, string | null, string | null], number>(
      `SELECT count(*) FROM window WHERE start < ? AND start + period > ? AND ${OF_POINTS}`,
    )
    .pluck();
  return (period) => {
    const { fromMs, toMs } = period;
    const numbers = numbersOf(period);
    const list = numbers === undefined ? null : JSON.stringify([...numbers]);
    const waiting = [...pending.all(toMs, fromMs, LONGEST_WINDOW_MS), ...refused.all()];
    return {
      batches: waiting.filter(({ message }) => speaksOf(message, numbers)).length,
      rows: (rows.get(toMs, fromMs, list, list) ?? 0) + (windows.get(toMs, fromMs, list, list) ?? 0),
    };
  };
};
