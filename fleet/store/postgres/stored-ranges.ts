import type { SeqRange } from '#wire/messages.js';
import { rowsOf, transact, type Client, type Pool } from './database.js';

/** Rows of one origin beyond which they are joined. */
const MOST_ROWS = 64;

export interface StoredRanges {
  /** Adds numbers that are in no range yet, by origin. */
  add(client: Client, stored: ReadonlyMap<number, readonly number[]>): Promise<void>;
  /** Joins the rows of the origins that were added to often; between transactions. */
  join(): Promise<void>;
  all(origin: number): Promise<SeqRange[]>;
}

/**
 * The stored batch numbers of each origin as ranges. What is added is a row of its own, which no other writer can touch: two
 * workers store batches of one source at the same time and neither waits. So the rows of an origin are disjoint but not
 * maximal; they are joined after every 64, in a transaction apart.
 */
export const createStoredRanges = (pool: Pool): StoredRanges => {
  /** Rows added here since the origin's were last joined. */
  const added = new Map<number, number>();

  const joinOrigin = async (origin: number): Promise<void> => {
    await transact(pool, async (client) => {
      const { rows } = await client.query<Row>(
        'delete from stored_range where origin = $1 returning first, last',
        [origin],
      );
      const joined = maximal(rows);
      await client.query(
        'insert into stored_range (origin, first, last) select $1, * from unnest($2::bigint[], $3::bigint[])',
        [origin, joined.map(([first]) => first), joined.map(([, last]) => last)],
      );
    });
    added.delete(origin);
  };

  return {
    add: async (client, stored) => {
      const rows = [...stored].flatMap(([origin, seqs]) =>
        maximal(seqs.map((seq) => ({ first: seq, last: seq }))).map(([first, last]) => ({
          origin,
          first,
          last,
        })),
      );
      await client.query(
        `insert into stored_range (origin, first, last)
         select * from unnest($1::integer[], $2::bigint[], $3::bigint[])`,
        [rows.map(({ origin }) => origin), rows.map(({ first }) => first), rows.map(({ last }) => last)],
      );
      for (const { origin } of rows) added.set(origin, (added.get(origin) ?? 0) + 1);
    },
    join: async () => {
      for (const [origin, rows] of added) if (rows >= MOST_ROWS) await joinOrigin(origin);
    },
    all: async (origin) =>
      maximal(await rowsOf<Row>(pool, 'select first, last from stored_range where origin = $1', [origin])),
  };
};

interface Row {
  readonly first: number;
  readonly last: number;
}

const maximal = (rows: readonly Row[]): SeqRange[] => {
  const ranges: [number, number][] = [];
  for (const { first, last } of rows.toSorted((a, b) => a.first - b.first)) {
    const newest = ranges.at(-1);
    if (newest !== undefined && newest[1] === first - 1) newest[1] = last;
    else ranges.push([first, last]);
  }
  return ranges;
};
