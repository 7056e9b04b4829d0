import type { Database } from './sqlite-database.js';

/**
 * Readings that may be in no window, by ordinal: saved from another file, later than their windows could be revised, or of
 * a time that no clock of this gateway can have shown. Nothing may say that a window stands for them.
 */
export interface OutsideRows {
  add(first: number, last?: number): void;
  has(ordinal: number): boolean;
}

/** Stretches that are kept; beyond, the two oldest are taken for one, with what lies between them. */
const MOST_STRETCHES = 1_000;

/** Condition on a row of `reading`: it is in none of the stretches. */
export const NOT_OUTSIDE =
  'ordinal > coalesce((SELECT last FROM outside WHERE first <= ordinal ORDER BY first DESC LIMIT 1), -1)';

interface Stretch {
  readonly first: number;
  readonly last: number;
}

export const createOutsideRows = (database: Database): OutsideRows => {
  const before = database.prepare<[number], Stretch>(
    'SELECT first, last FROM outside WHERE first <= ? ORDER BY first DESC LIMIT 1',
  );
  const furthest = database
    .prepare<[number, number], number | null>('SELECT max(last) FROM outside WHERE first BETWEEN ? AND ?')
    .pluck();
  const drop = database.prepare('DELETE FROM outside WHERE first BETWEEN ? AND ?');
  const insert = database.prepare('INSERT INTO outside (first, last) VALUES (?, ?)');
  const count = database.prepare<[], number>('SELECT count(*) FROM outside').pluck();
  const oldest = database.prepare<[], Stretch>('SELECT first, last FROM outside ORDER BY first LIMIT 2');
  /** One stretch for all that begin within it, or right behind it. */
  const save = (first: number, last: number): void => {
    const end = Math.max(last, furthest.get(first, last + 1) ?? last);
    drop.run(first, last + 1);
    insert.run(first, end);
  };
  return {
    add: (first, last = first) => {
      const known = before.get(first);
      if (known !== undefined && known.last >= last) return;
      const joins = known !== undefined && known.last >= first - 1;
      save(joins ? known.first : first, last);
      if (joins || (count.get() ?? 0) <= MOST_STRETCHES) return;
      const [a, b] = oldest.all();
      if (a === undefined || b === undefined) return;
      save(a.first, b.last);
    },
    has: (ordinal) => (before.get(ordinal)?.last ?? -1) >= ordinal,
  };
};
