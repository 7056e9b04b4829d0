import type { SeqRange } from '#wire/messages.js';
import type { Database } from './database.js';

export interface StoredRanges {
  /** Adds a number that is in no range yet; joins its neighbours. */
  add(origin: number, seq: number): void;
  all(origin: number): SeqRange[];
}

/** The stored batch numbers of each origin as maximal ranges; a batch in order touches one row. */
export const createStoredRanges = (database: Database): StoredRanges => {
  // the range that starts at or before a number is the only one that can end just below it
  const below = database.prepare<[number, number], { first: number; last: number }>(
    'select first, last from stored_range where origin = ? and first <= ? order by first desc limit 1',
  );
  const above = database.prepare<[number, number], { last: number }>(
    'select last from stored_range where origin = ? and first = ?',
  );
  const remove = database.prepare('delete from stored_range where origin = ? and first = ?');
  const put = database.prepare(
    `insert into stored_range (origin, first, last) values (?, ?, ?)
     on conflict (origin, first) do update set last = excluded.last`,
  );
  const all = database
    .prepare<[number], SeqRange>('select first, last from stored_range where origin = ? order by first')
    .raw();
  return {
    add: (origin, seq) => {
      const before = below.get(origin, seq);
      const after = above.get(origin, seq + 1);
      const first = before?.last === seq - 1 ? before.first : seq;
      if (after !== undefined) remove.run(origin, seq + 1);
      put.run(origin, first, after?.last ?? seq);
    },
    all: (origin) => all.all(origin),
  };
};
