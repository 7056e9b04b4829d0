import type { Loss } from '#wire/windows.js';
import type { NewLoss } from './buffer.js';
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

/** Points named in one record at most; more are told as "all" (an empty list). */
const MOST_POINTS = 2_000;

export const createLosses = (database: Database, state: State): Losses => {
  const insert = database.prepare('INSERT INTO loss (ordinal, record) VALUES (?, ?)');
  const select = database
    .prepare<[number], string>('SELECT record FROM loss ORDER BY ordinal LIMIT ?')
    .pluck();
  const deleteTo = database.prepare('DELETE FROM loss WHERE ordinal <= ?');
  return {
    record: (loss) => {
      const ordinal = state.row.lastOrdinal + 1;
      const points = loss.points.length > MOST_POINTS ? [] : loss.points;
      const record: Loss = { epoch: state.row.epoch, ...loss, points, ordinal };
      insert.run(ordinal, JSON.stringify(record));
      state.write({ lastOrdinal: ordinal, lostReadings: state.row.lostReadings + loss.count });
    },
    oldest: (limit) =>
      select.all(limit).map((text) => {
        const record: unknown = JSON.parse(text);
        return record as Loss;
      }),
    deleteTo: (ordinal) => {
      deleteTo.run(ordinal);
    },
  };
};
