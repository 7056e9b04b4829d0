import type { Database, Statement } from './database.js';

type Bound = number | bigint | string | Uint8Array | null;

/** Rows a statement takes: one call for many rows costs a fraction of one call each. */
const SIZES = [64, 8, 1];

/** Collects rows and writes them in statements of many rows. Rows go in the order given. */
export interface BulkInsert {
  /** The buffer to push one row's columns to, in order; call `full` after each row. */
  readonly row: Bound[];
  full(): void;
  flush(): void;
  /** Forgets what was not written. */
  discard(): void;
}

/** Which rows were written indeed, by the value of one of their columns. */
export interface Written {
  readonly column: string;
  readonly each: (value: unknown) => void;
}

/** `insert` is the statement up to `values`; `conflict` what follows the rows. */
export const createBulkInsert = (
  database: Database,
  insert: string,
  columns: number,
  conflict = '',
  written?: Written,
): BulkInsert => {
  const tuple = `(${Array(columns).fill('?').join(',')})`;
  const returning = written === undefined ? '' : `returning ${written.column}`;
  const statements = SIZES.map((size): [number, Statement] => [
    size,
    database.prepare(`${insert} values ${Array(size).fill(tuple).join(',')} ${conflict} ${returning}`),
  ]);
  if (written !== undefined) for (const [, statement] of statements) statement.pluck();
  const run = (statement: Statement, rows: readonly Bound[]): void => {
    if (written === undefined) statement.run(rows);
    else for (const value of statement.all(rows)) written.each(value);
  };
  const [largest = 1] = SIZES;
  const whole = statements[0]?.[1];
  const row: Bound[] = [];
  return {
    row,
    full: () => {
      if (row.length < largest * columns) return;
      if (whole !== undefined) run(whole, row);
      row.length = 0;
    },
    flush: () => {
      let at = 0;
      for (const [size, statement] of statements) {
        while (row.length - at >= size * columns) {
          run(statement, row.slice(at, at + size * columns));
          at += size * columns;
        }
      }
      row.length = 0;
    },
    discard: () => {
      row.length = 0;
    },
  };
};
