import { createHash } from 'node:crypto';
import { StoreError } from '../errors.js';
import type { Erasure, LogWriter } from '../log-store.js';
import type { Database } from './database.js';

/** Erasing in log.db. Freed pages are overwritten (`secure_delete`), and the write-ahead log is emptied at once. */
export const createColumnEraser = (database: Database): LogWriter['eraseColumns'] => {
  const stored = database.prepare<[number], { message: Buffer }>(
    'select message from entry where position = ? and type = 0',
  );
  const replace = database.prepare('update entry set message = ? where position = ?');
  const note = database.prepare(
    `insert into erasure (point, position, source, epoch, seq, first_time, last_time, readings, windows, erased_at,
       before, after, others)
     values (@pointId, @position, @source, @epoch, @seq, @firstTime, @lastTime, @readings, @windows, @erasedAt,
       @before, @after, @others)`,
  );
  const erase = database.transaction((erasures: readonly Erasure[]): void => {
    for (const { message, others, ...erasure } of erasures) {
      const found = stored.get(erasure.position);
      const hash = createHash('sha256')
        .update(found?.message ?? '')
        .digest();
      if (!hash.equals(erasure.before)) {
        throw new StoreError(
          'changed-since',
          `The log's entry ${erasure.position} is not the one that was read.`,
        );
      }
      replace.run(message, erasure.position);
      note.run({ ...erasure, others: JSON.stringify(others) });
    }
  });
  return async (erasures) => {
    erase.immediate(erasures);
    database.pragma('wal_checkpoint(TRUNCATE)');
  };
};
