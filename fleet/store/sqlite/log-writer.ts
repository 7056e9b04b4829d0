import { CLONE_REASON } from '../apart-rules.js';
import type { AppendOutcome, EpochKeys, LogItem, LogWriter } from '../log-store.js';
import type { Database } from './database.js';
import { createColumnEraser } from './column-eraser.js';
import { LOG_MIGRATIONS } from './log-schema.js';
import { createKeepApart, type Apart } from './kept-apart.js';
import { openMigrated } from './migrate.js';
import { createRestorer } from './restore.js';
import { createStoredRanges } from './stored-ranges.js';

const DAY_MS = 86_400_000;
/** Keys come in the order of their sources, not of the table; KiB. */
const CACHE_KIB = 16_384;

/**
 * Opens log.db at `path` for appending, making it where it is missing, in the calling thread (`log-thread.ts` runs it off
 * the event loop). Throws `StoreError` `newer-schema` on a file of a later release.
 */
export const openLogWriter = (path: string): LogWriter => {
  const database = openMigrated(path, LOG_MIGRATIONS, { cacheKib: CACHE_KIB });
  const originOf = createOrigins(database);
  const keepApart = createKeepApart(database);
  const appendBatch = createBatchAppender(database, originOf, keepApart);
  const appendDirectory = createDirectoryAppender(database);
  const appendOne = (item: LogItem): AppendOutcome => {
    if (item.type === 'batch') return appendBatch(item);
    if (item.type === 'directory') return appendDirectory(item);
    return keepApart({ ...item, clone: false, reason: item.refused }) ? 'quarantined' : 'no-room';
  };
  const append = database.transaction((items: readonly LogItem[]): AppendOutcome[] => items.map(appendOne));
  const quarantined = database.prepare<[number], { seq: number }>(
    'select distinct seq from kept_apart where origin = ? and clone = 0 order by seq',
  );
  const epochs = database.prepare<[string], { epoch: string }>(
    'select epoch from origin where source = ? order by number',
  );
  const ranges = createStoredRanges(database);
  const directory = database.prepare('select 1 from directory_key where source = ? and hash = ?');

  return {
    append: async (items) => append.immediate(items),
    stored: async (source, epoch): Promise<EpochKeys> => {
      const origin = originOf.find(source, epoch);
      if (origin === undefined) return { stored: [], quarantined: [] };
      return { stored: ranges.all(origin), quarantined: quarantined.all(origin).map(({ seq }) => seq) };
    },
    epochs: async (source) => epochs.all(source).map(({ epoch }) => epoch),
    hasDirectory: async (source, hash) => directory.get(source, hash) !== undefined,
    eraseColumns: createColumnEraser(database),
    restore: createRestorer(database, originOf),
    close: async () => {
      database.close();
    },
  };
};

export interface Origins {
  (source: string, epoch: string): number;
  find(source: string, epoch: string): number | undefined;
}

const createOrigins = (database: Database): Origins => {
  const select = database.prepare<[string, string], { number: number }>(
    'select number from origin where source = ? and epoch = ?',
  );
  const insert = database.prepare('insert into origin (source, epoch) values (?, ?)');
  const find = (source: string, epoch: string): number | undefined => select.get(source, epoch)?.number;
  const make = (source: string, epoch: string): number =>
    find(source, epoch) ?? Number(insert.run(source, epoch).lastInsertRowid);
  return Object.assign(make, { find });
};

type BatchItem = Extract<LogItem, { type: 'batch' }>;

const createBatchAppender = (database: Database, originOf: Origins, keepApart: (apart: Apart) => boolean) => {
  const key = database.prepare<[number, number], { hash: Buffer }>(
    'select hash from batch_key where origin = ? and seq = ?',
  );
  const addKey = database.prepare('insert into batch_key (origin, seq, hash, position) values (?, ?, ?, ?)');
  const addEntry = database.prepare(
    'insert into entry (type, source, received_at, message) values (0, ?, ?, ?)',
  );
  const countDuplicate = database.prepare(
    `insert into duplicate (origin, day, count) values (?, ?, 1)
     on conflict (origin, day) do update set count = count + 1`,
  );
  const ranges = createStoredRanges(database);

  return (item: BatchItem): AppendOutcome => {
    const { source, epoch, seq, hash, receivedAt, message } = item;
    const origin = originOf.find(source, epoch);
    const known = origin === undefined ? undefined : key.get(origin, seq);
    if (origin !== undefined && known !== undefined) {
      if (known.hash.equals(hash)) {
        countDuplicate.run(origin, Math.floor((item.firstTime ?? receivedAt) / DAY_MS));
        return 'duplicate';
      }
      // what the door refused is no proof of a copied card: anything may have come under this number
      const reason = item.refused ?? CLONE_REASON;
      const clone = item.refused === undefined;
      if (!keepApart({ ...item, origin: () => origin, clone, reason })) return 'no-room';
      return clone ? 'clone' : 'quarantined';
    }
    if (item.refused !== undefined) {
      const apart = { ...item, origin: () => originOf(source, epoch), clone: false, reason: item.refused };
      return keepApart(apart) ? 'quarantined' : 'no-room';
    }
    const number = origin ?? originOf(source, epoch);
    const position = Number(addEntry.run(source, receivedAt, message).lastInsertRowid);
    addKey.run(number, seq, hash, position);
    ranges.add(number, seq);
    return 'stored';
  };
};

const createDirectoryAppender = (database: Database) => {
  const known = database.prepare('select 1 from directory_key where source = ? and hash = ?');
  const addKey = database.prepare('insert into directory_key (source, hash, position) values (?, ?, ?)');
  const addEntry = database.prepare(
    'insert into entry (type, source, received_at, message) values (1, ?, ?, ?)',
  );
  return (item: Extract<LogItem, { type: 'directory' }>): AppendOutcome => {
    if (known.get(item.source, item.hash) !== undefined) return 'duplicate';
    const position = addEntry.run(item.source, item.receivedAt, item.message).lastInsertRowid;
    addKey.run(item.source, item.hash, Number(position));
    return 'stored';
  };
};
