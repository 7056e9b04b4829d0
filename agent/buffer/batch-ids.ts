import type { Database } from './sqlite-database.js';

/** More batches than an epoch ever has; ids of salvaged ones stay within ±2^53. */
const SPAN = 2 ** 40;
const MOST_EPOCHS = 4096;

/** Keys of batches in one file: of its own epoch the number itself, of salvaged ones below 0, the older the lower. */
export interface BatchIds {
  /** Makes an epoch known whose batches are being saved; with `lastSeq`, how far it went: then all of it is here. */
  add(epoch: string, lastSeq?: number): void;
  /** Epochs whose batches are saved, newest first, and how far each went. */
  earlier(): readonly { readonly epoch: string; readonly lastSeq: number }[];
  /** The id of a batch; `undefined` where the epoch is not known here. */
  of(epoch: string, seq: number): number | undefined;
  /** The ids of a range, as far as the epoch is known. */
  range(epoch: string, first: number, last: number): readonly [first: number, last: number] | undefined;
  reload(): void;
}

/** The number of a batch in its epoch. */
export const seqOf = (id: number): number => (id > 0 ? id : id + SPAN * Math.ceil(-id / SPAN));

export const createBatchIds = (database: Database, own: () => string): BatchIds => {
  const select = database.prepare<[], { number: number; epoch: string }>('SELECT number, epoch FROM epoch');
  const add = database.prepare(
    `INSERT INTO epoch (epoch, lastSeq) VALUES (?, ?)
     ON CONFLICT (epoch) DO UPDATE SET lastSeq = max(lastSeq, excluded.lastSeq)`,
  );
  const earlier = database.prepare<[], { epoch: string; lastSeq: number }>(
    'SELECT epoch, lastSeq FROM epoch WHERE lastSeq > 0 ORDER BY number DESC',
  );
  let bases = new Map<string, number>();
  const reload = (): void => {
    bases = new Map(select.all().map(({ number, epoch }) => [epoch, (number - MOST_EPOCHS) * SPAN]));
  };
  reload();
  const baseOf = (epoch: string): number | undefined => (epoch === own() ? 0 : bases.get(epoch));
  return {
    add: (epoch, lastSeq = 0) => {
      if (epoch === own()) return;
      add.run(epoch, lastSeq);
      if (!bases.has(epoch)) reload();
    },
    earlier: () => earlier.all(),
    of: (epoch, seq) => {
      const base = baseOf(epoch);
      return base === undefined ? undefined : base + seq;
    },
    range: (epoch, first, last) => {
      const base = baseOf(epoch);
      if (base === undefined) return undefined;
      return [base + Math.max(1, first), base + Math.min(SPAN - 1, last)];
    },
    reload,
  };
};
