import { openDatabase } from '../../agent/buffer/sqlite-database.js';

/** Rows that one statement copies. */
const AT_ONCE = 500_000;

interface Extent {
  readonly first: number;
  readonly count: number;
}

/**
 * Makes `rows` of the readings that a closed buffer's file holds unsealed, one after the other from a first ordinal on: each
 * copied as it is, under the ordinals that follow. What a buffer stores of itself in hours is there in seconds.
 */
export const multiplyRows = (path: string, rows: number): void => {
  const database = openDatabase(path);
  try {
    const extent = database
      .prepare<[], Extent>('SELECT min(ordinal) AS first, count(*) AS count FROM reading')
      .get();
    const { first, count } = extent ?? { first: 0, count: 0 };
    const copy = database.prepare(
      `INSERT INTO reading SELECT ordinal + ?, point, boot, monotonic, time, marks, value, text, uncertainty, deviceTime
       FROM reading WHERE ordinal BETWEEN ? AND ?`,
    );
    for (let have = count; have > 0 && have < rows;) {
      const more = Math.min(have, rows - have, AT_ONCE);
      copy.run(have, first, first + more - 1);
      have += more;
    }
    database.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    database.close();
  }
};
