import { StoreError } from '../errors.js';
import type { KeyedEntry, LogWriter } from '../log-store.js';
import type { Database } from './database.js';
import type { Origins } from './log-writer.js';
import { createStoredRanges } from './stored-ranges.js';

/** Putting entries of another copy of a log in their places. */
export const createRestorer = (database: Database, originOf: Origins): LogWriter['restore'] => {
  const head = database.prepare<[], { head: number | null }>('select max(position) as head from entry');
  const stored = database.prepare<[number], { source: string; message: Buffer }>(
    'select source, message from entry where position = ?',
  );
  const addEntry = database.prepare(
    'insert into entry (position, type, source, received_at, message) values (?, ?, ?, ?, ?)',
  );
  const addKey = database.prepare(
    'insert into batch_key (origin, seq, hash, position) values (?, ?, ?, ?) on conflict do nothing',
  );
  const addDirectoryKey = database.prepare(
    'insert into directory_key (source, hash, position) values (?, ?, ?) on conflict do nothing',
  );
  const ranges = createStoredRanges(database);

  const put = (entry: KeyedEntry): void => {
    const { position, source, receivedAt, message, hash } = entry;
    addEntry.run(position, entry.type === 'batch' ? 0 : 1, source, receivedAt, message);
    if (entry.type === 'directory') {
      if (addDirectoryKey.run(source, hash, position).changes === 0) throw conflict(position);
      return;
    }
    const origin = originOf(source, entry.epoch);
    if (addKey.run(origin, entry.seq, hash, position).changes === 0) throw conflict(position);
    ranges.add(origin, entry.seq);
  };
  const restore = database.transaction((entries: readonly KeyedEntry[]): number => {
    const last = head.get()?.head ?? 0;
    let restored = 0;
    for (const entry of entries) {
      const found = stored.get(entry.position);
      if (found === undefined && entry.position > last) {
        put(entry);
        restored += 1;
      } else if (found?.source !== entry.source || !found.message.equals(entry.message)) {
        throw conflict(entry.position);
      }
    }
    return restored;
  });
  return async (entries) => restore.immediate(entries);
};

const conflict = (position: number): StoreError =>
  new StoreError(
    'conflict',
    `The log has something else in the place, or under the key, of entry ${position}.`,
  );
