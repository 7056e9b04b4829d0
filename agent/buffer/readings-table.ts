import type { Database } from './sqlite-database.js';
import { HELD, type ReadingRow } from './reading-row.js';

/** The rows of stored readings: appended at the end, deleted from the start. */
export interface ReadingsTable {
  insert(row: ReadingRow): void;
  last(): ReadingRow | undefined;
  /** Rows after an ordinal, ascending. Write nothing before the iteration has ended. */
  after(ordinal: number, limit: number): IterableIterator<ReadingRow>;
  /** Rows of [from, to], grouped by point, ascending by ordinal in each; points come in no order. */
  byPoint(from: number, to: number): IterableIterator<ReadingRow>;
  /** Ordinal of the first row after one. */
  nextOrdinal(ordinal: number): number | undefined;
  /** The last row at or before an ordinal. */
  at(ordinal: number): ReadingRow | undefined;
  /** Rows up to `to` that are held back, ascending. */
  heldTo(to: number): readonly ReadingRow[];
  /** Held-back rows after an ordinal that are among those ranges, inclusive, ascending. */
  heldWithin(
    after: number,
    ranges: readonly [OrdinalRange, OrdinalRange],
    limit: number,
  ): readonly ReadingRow[];
  /** Rows of points in [from, to] that no batch carries: held back, or outside of the ranges that are sealed, inclusive. */
  looseOf(
    points: readonly number[],
    from: number,
    to: number,
    sealed: readonly [OrdinalRange, OrdinalRange],
  ): readonly ReadingRow[];
  /** These rows are held back no more. */
  release(ordinals: readonly number[]): void;
  deleteTo(ordinal: number): void;
}

export type OrdinalRange = readonly [first: number, last: number];

/** Rows sorted at once, about: SQLite sorts in memory, 100 bytes each, which its allocator then keeps. */
const SORTED_ROWS = 10_000;

const COLUMNS = 'ordinal, point, boot, monotonic, time, marks, value, text, uncertainty, deviceTime';

type Held = Pick<ReadingsTable, 'heldTo' | 'heldWithin' | 'looseOf' | 'release'>;

/** Rows that were held back. */
const createHeld = (database: Database): Held => {
  const held = database.prepare<[number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal <= ? AND marks & ${HELD} ORDER BY ordinal`,
  );
  const within = database.prepare<[number, number, number, number, number, number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal > ? AND marks & ${HELD}
     AND (ordinal BETWEEN ? AND ? OR ordinal BETWEEN ? AND ?) ORDER BY ordinal LIMIT ?`,
  );
  const loose = database.prepare<[number, number, string, number, number, number, number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal BETWEEN ? AND ? AND point IN (SELECT value FROM json_each(?))
     AND (marks & ${HELD} OR ordinal NOT BETWEEN ? AND ? AND ordinal NOT BETWEEN ? AND ?) ORDER BY ordinal`,
  );
  const release = database.prepare(`UPDATE reading SET marks = marks & ~${HELD} WHERE ordinal = ?`);
  return {
    heldTo: (to) => held.all(to),
    heldWithin: (after, [one, other], limit) => within.all(after, ...one, ...other, limit),
    looseOf: (points, from, to, [one, other]) =>
      loose.all(from, to, JSON.stringify(points), ...one, ...other),
    release: (ordinals) => {
      for (const ordinal of ordinals) release.run(ordinal);
    },
  };
};

export const createReadingsTable = (database: Database): ReadingsTable => {
  const insert = database.prepare(`INSERT INTO reading (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const at = database.prepare<[number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal <= ? ORDER BY ordinal DESC LIMIT 1`,
  );
  const after = database.prepare<[number, number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal > ? ORDER BY ordinal LIMIT ?`,
  );
  const someByPoint = database.prepare<[number, number, number, number], ReadingRow>(
    `SELECT ${COLUMNS} FROM reading WHERE ordinal BETWEEN ? AND ? AND point % ? = ? ORDER BY point, ordinal`,
  );
  function* byPoint(from: number, to: number): IterableIterator<ReadingRow> {
    const parts = Math.max(1, Math.ceil((to - from) / SORTED_ROWS));
    for (let part = 0; part < parts; part += 1) yield* someByPoint.iterate(from, to, parts, part);
  }
  const next = database
    .prepare<[number], number | null>('SELECT min(ordinal) FROM reading WHERE ordinal > ?')
    .pluck();
  const deleteTo = database.prepare('DELETE FROM reading WHERE ordinal <= ?');
  return {
    insert: (row) => {
      insert.run(
        row.ordinal,
        row.point,
        row.boot,
        row.monotonic,
        row.time,
        row.marks,
        row.value,
        row.text,
        row.uncertainty,
        row.deviceTime,
      );
    },
    last: () => at.get(Number.MAX_SAFE_INTEGER),
    after: (ordinal, limit) => after.iterate(ordinal, limit),
    byPoint,
    nextOrdinal: (ordinal) => next.get(ordinal) ?? undefined,
    at: (ordinal) => at.get(ordinal),
    ...createHeld(database),
    deleteTo: (ordinal) => {
      deleteTo.run(ordinal);
    },
  };
};
