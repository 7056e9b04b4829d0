import type { Aggregate } from '#wire/aggregate/aggregate.js';
import type { AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { parseExact, writeExact } from './exact-json.js';
import type { Database } from './sqlite-database.js';

/** One window as it is kept until it is sealed and no longer needed by a longer one. */
export interface StoredWindow {
  readonly ordinal: number;
  readonly point: number;
  readonly period: number;
  readonly start: number;
  readonly revision: number;
  readonly aggregate: Aggregate;
}

interface WindowRow extends Omit<StoredWindow, 'aggregate'> {
  readonly aggregate: string;
}

/** Windows of `period`, computed from rows (`base` equal) or merged from windows of `base`; ms. */
export interface Series {
  readonly base: number;
  readonly period: number;
}

/**
 * How far a series is made: windows that end at or before `until`. All rows of that time or later lie at
 * `scanFrom` or beyond; rows up to `seen` were looked at.
 */
export interface Mark {
  readonly until: number;
  readonly scanFrom: number;
  readonly seen: number;
}

export interface WindowsTable {
  insert(window: StoredWindow): void;
  after(ordinal: number, limit: number): readonly StoredWindow[];
  /** Windows of one period that start in [from, to), by point, then start; the newest revision of each. */
  newestBetween(period: number, from: number, to: number): IterableIterator<StoredWindow>;
  /** Highest revision of one window that is still here. */
  revisionOf(point: number, period: number, start: number): number | undefined;
  /** Deletes what is sealed and ended at or before `end`. */
  deleteEnded(sealed: number, end: number): void;
  carries(period: number): ReadonlyMap<number, AggregateReading>;
  saveCarry(period: number, point: number, reading: AggregateReading): void;
  /** Marks of a series, oldest first. */
  marks(series: Series): readonly Mark[];
  saveMark(series: Series, mark: Mark): void;
  dropMarksBefore(series: Series, until: number): void;
  markedSeries(): readonly Series[];
}

const COLUMNS = 'ordinal, point, period, start, revision, aggregate';

type Carries = Pick<WindowsTable, 'carries' | 'saveCarry'>;
type Marks = Pick<WindowsTable, 'marks' | 'saveMark' | 'dropMarksBefore' | 'markedSeries'>;

const toWindow = (row: WindowRow): StoredWindow => ({
  ...row,
  aggregate: parseExact(row.aggregate) as Aggregate,
});

const createCarries = (database: Database): Carries => {
  const select = database.prepare<[number], { point: number; reading: string }>(
    'SELECT point, reading FROM carry WHERE period = ?',
  );
  const save = database.prepare('INSERT OR REPLACE INTO carry (period, point, reading) VALUES (?, ?, ?)');
  return {
    carries: (period) =>
      new Map(
        select.all(period).map(({ point, reading }) => [point, parseExact(reading) as AggregateReading]),
      ),
    saveCarry: (period, point, reading) => {
      save.run(period, point, writeExact(reading));
    },
  };
};

const createMarks = (database: Database): Marks => {
  const select = database.prepare<[number, number], Mark>(
    'SELECT until, scanFrom, seen FROM mark WHERE base = ? AND period = ? ORDER BY until',
  );
  const save = database.prepare(
    'INSERT OR REPLACE INTO mark (base, period, until, scanFrom, seen) VALUES (?, ?, ?, ?, ?)',
  );
  const drop = database.prepare('DELETE FROM mark WHERE base = ? AND period = ? AND until < ?');
  const marked = database.prepare<[], Series>('SELECT DISTINCT base, period FROM mark');
  return {
    marks: ({ base, period }) => select.all(base, period),
    saveMark: ({ base, period }, mark) => {
      save.run(base, period, mark.until, mark.scanFrom, mark.seen);
    },
    dropMarksBefore: ({ base, period }, until) => {
      drop.run(base, period, until);
    },
    markedSeries: () => marked.all(),
  };
};

export const createWindowsTable = (database: Database): WindowsTable => {
  const insert = database.prepare(`INSERT INTO window (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)`);
  const after = database.prepare<[number, number], WindowRow>(
    `SELECT ${COLUMNS} FROM window WHERE ordinal > ? ORDER BY ordinal LIMIT ?`,
  );
  // With a bare max() SQLite takes the other columns from the row that holds it.
  const between = database.prepare<[number, number, number], WindowRow>(
    `SELECT ordinal, point, period, start, max(revision) AS revision, aggregate FROM window
     WHERE period = ? AND start >= ? AND start < ? GROUP BY point, start ORDER BY point, start`,
  );
  const revision = database
    .prepare<[number, number, number], number | null>(
      'SELECT max(revision) FROM window WHERE point = ? AND period = ? AND start = ?',
    )
    .pluck();
  const drop = database.prepare('DELETE FROM window WHERE ordinal <= ? AND start + period <= ?');
  return {
    ...createCarries(database),
    ...createMarks(database),
    insert: (window) => {
      const { ordinal, point, period, start } = window;
      insert.run(ordinal, point, period, start, window.revision, writeExact(window.aggregate));
    },
    after: (ordinal, limit) => after.all(ordinal, limit).map(toWindow),
    *newestBetween(period, from, to) {
      for (const row of between.iterate(period, from, to)) yield toWindow(row);
    },
    revisionOf: (point, period, start) => revision.get(point, period, start) ?? undefined,
    deleteEnded: (sealed, end) => {
      drop.run(sealed, end);
    },
  };
};
