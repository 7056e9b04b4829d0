import { ENTRY_TYPES } from '../entry-types.js';
import type { ErasedBatch, LogEntry, LogReader, StoredKey } from '../log-store.js';
import { createKeptApartQueries } from './kept-apart.js';
import { LOG_MIGRATIONS } from './log-schema.js';
import { openToRead } from './migrate.js';

interface EntryRow {
  readonly position: number;
  readonly type: number;
  readonly source: string;
  readonly receivedAt: number;
  readonly message: Buffer;
}

interface ErasedRow extends Omit<ErasedBatch, 'others'> {
  readonly others: string;
}

/** Opens an existing log.db for reading. */
export const openLogReader = (path: string): LogReader => {
  const database = openToRead(path, LOG_MIGRATIONS);
  const after = database.prepare<[number, number], EntryRow>(
    `select position, type, source, received_at as receivedAt, message from entry
     where position > ? order by position limit +?`,
  );
  const head = database.prepare<[], { head: number | null }>('select max(position) as head from entry');
  const directory = database.prepare<[string, Uint8Array], { message: Buffer }>(
    `select e.message from directory_key k join entry e on e.position = k.position
     where k.source = ? and k.hash = ?`,
  );
  const erased = database.prepare<[string, number, number], ErasedRow>(
    `select source, epoch, seq, first_time as firstTime, last_time as lastTime, readings, windows,
       erased_at as erasedAt, before, after, others
     from erasure where point = ? and last_time >= ? and first_time < ? order by position, erased_at`,
  );
  const key = database.prepare<[string, string, number], StoredKey>(
    `select k.position, k.hash from origin o join batch_key k on k.origin = o.number
     where o.source = ? and o.epoch = ? and k.seq = ?`,
  );
  const newest = database.prepare<[], { number: number | null }>('select max(number) as number from erasure');
  const erasedSources = database.prepare<[number, number], { source: string }>(
    'select distinct source from erasure where number > ? and number <= ? order by source',
  );
  return {
    erased: async (pointId, from, to) =>
      erased.all(pointId, from, to).map(({ others, ...batch }) => ({
        ...batch,
        others: JSON.parse(others) as ErasedBatch['others'],
      })),
    erasedAfter: async (after) => {
      const number = newest.get()?.number ?? 0;
      if (number <= after) return { number, sources: [] };
      return { number, sources: erasedSources.all(after, number).map(({ source }) => source) };
    },
    directory: async (source, hash) => directory.get(source, hash)?.message,
    read: async (position, limit, maxBytes) => {
      const entries: LogEntry[] = [];
      let bytes = 0;
      for (const row of after.iterate(position, limit)) {
        const type = ENTRY_TYPES[row.type];
        if (type === undefined) throw new TypeError(`log entry ${row.position} has unknown type ${row.type}`);
        entries.push({ ...row, type });
        bytes += row.message.length;
        if (bytes >= maxBytes) break;
      }
      return entries;
    },
    keys: async (batches) => batches.map(({ source, epoch, seq }) => key.get(source, epoch, seq)),
    ...createKeptApartQueries(database),
    head: async () => head.get()?.head ?? 0,
    close: async () => {
      database.close();
    },
  };
};
