import type { Loss } from '#wire/windows.js';
import type { NewLoss } from './buffer.js';
import { mergeLosses, namedPoints } from './merge-losses.js';
import type { Database } from './sqlite-database.js';
import type { State } from './state-row.js';

/** Loss records that no batch carries yet; each is written in the transaction that loses. */
export interface Losses {
  /** Records a loss; its epoch is that of this file, unless it says another. */
  record(loss: NewLoss): void;
  /** The oldest that are not sealed. */
  oldest(limit: number): readonly Loss[];
  /** These are sealed. */
  deleteTo(ordinal: number): void;
}

/** Records that wait, beyond which they are told together; and how many are looked at for that. */
const MOST_APART = 100;
const LOOKED_AT = 2_000;

interface LossRow {
  readonly ordinal: number;
  /** Empty where the record was put together with another. */
  readonly record: string;
}

/** The record of a row; `undefined` where it says nothing any more. */
export const parseLoss = (record: string): Loss | undefined => {
  if (record === '') return undefined;
  const value: unknown = JSON.parse(record);
  return value as Loss;
};

/**
 * While nothing can be sent, records are put together where that says the same, so that a small file does not fill up with
 * them. The record that says nothing any more leaves its ordinal to one that comes; where none does, it is sealed as a loss
 * of nothing, so that ordinals add up.
 */
export const createLosses = (database: Database, state: State): Losses => {
  const insert = database.prepare('INSERT INTO loss (ordinal, record) VALUES (?, ?)');
  const change = database.prepare('UPDATE loss SET record = ? WHERE ordinal = ?');
  const refill = database.prepare("UPDATE loss SET record = ? WHERE ordinal = ? AND record = ''");
  const select = database.prepare<[number], LossRow>(
    'SELECT ordinal, record FROM loss ORDER BY ordinal LIMIT ?',
  );
  const count = database.prepare<[], number>('SELECT count(*) FROM loss').pluck();
  const deleteTo = database.prepare('DELETE FROM loss WHERE ordinal <= ?');

  /** Where an empty record is; the file is asked before one is used, for a transaction may have failed since. */
  let spare: number[] = [];
  let nextAt = MOST_APART;

  const putTogether = (): void => {
    const rows = select.all(LOOKED_AT);
    const { changed, emptied } = mergeLosses(rows.flatMap(({ record }) => parseLoss(record) ?? []));
    for (const record of changed) change.run(JSON.stringify(record), record.ordinal);
    for (const ordinal of emptied) change.run('', ordinal);
    spare = [...rows.filter(({ record }) => record === '').map(({ ordinal }) => ordinal), ...emptied];
    nextAt = Math.max(MOST_APART, 2 * (rows.length - spare.length));
  };

  /** Puts a record where an empty one is, if there is one. */
  const reuse = (record: Omit<Loss, 'ordinal'>): boolean => {
    if (spare.length === 0 && (count.get() ?? 0) >= nextAt) putTogether();
    for (let ordinal = spare.pop(); ordinal !== undefined; ordinal = spare.pop())
      if (refill.run(JSON.stringify({ ...record, ordinal }), ordinal).changes > 0) return true;
    return false;
  };

  return {
    record: (loss) => {
      const { epoch, lastOrdinal, lostReadings } = state.row;
      const record = { epoch, ...loss, points: namedPoints(loss.points) };
      const lost = lostReadings + loss.count;
      if (reuse(record)) return state.write({ lostReadings: lost });
      const ordinal = lastOrdinal + 1;
      insert.run(ordinal, JSON.stringify({ ...record, ordinal }));
      state.write({ lastOrdinal: ordinal, lostReadings: lost });
    },
    oldest: (limit) =>
      select.all(limit).map(({ ordinal, record }) => parseLoss(record) ?? nothing(state.row.epoch, ordinal)),
    deleteTo: (ordinal) => {
      deleteTo.run(ordinal);
      spare = [];
      nextAt = MOST_APART;
    },
  };
};

const nothing = (epoch: string, ordinal: number): Loss => ({
  ordinal,
  cause: 'space',
  epoch,
  count: 0,
  exact: true,
  points: [],
  note: 'told with another record',
});
