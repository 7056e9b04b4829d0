import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';

/** The part of better-sqlite3 that the buffer calls. */
export type Database = Sqlite.Database;

const numberOf = (database: Database, pragma: string): number =>
  Number(database.pragma(pragma, { simple: true }));

const WAL_LIMIT_BYTES = 4 * 1024 * 1024;

/**
 * Opens the buffer's file for the one process that may have it. `synchronous=FULL` is written on the
 * connection: in WAL mode the default loses committed transactions on a power cut. Sorting stays in memory, so
 * that it never wears the card. The file never grows beyond `capBytes`. Throws SQLite's error (`SQLITE_BUSY` where another
 * process has the file), or the system's where there is no such folder.
 */
export const openDatabase = (path: string, capBytes = Infinity): Database => {
  if (path !== ':memory:') statSync(dirname(path));
  const database = new Sqlite(path, { timeout: 1_000 });
  try {
    database.pragma('locking_mode = EXCLUSIVE');
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    // what is deleted in pages that are written anyway is overwritten; freed pages: see `overwriteFreePages`
    database.pragma('secure_delete = FAST');
    database.pragma('cache_size = -2048');
    database.pragma('temp_store = MEMORY');
    if (Number.isFinite(capBytes)) {
      const pages = Math.floor(capBytes / numberOf(database, 'page_size'));
      database.pragma(`max_page_count = ${pages}`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Opens the file to look at it, whoever else may want to write; throws SQLite's error (`SQLITE_BUSY` where a process has it). */
export const openReadOnly = (path: string): Database =>
  new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 1_000 });

const FILLER_PAGES = 256;

/** Removes what `overwriteFreePages` left where it was killed. */
export const dropFiller = (database: Database): void => void database.exec('DROP TABLE IF EXISTS filler');

/** Writes zeros over every free page, a little at a time, then empties the journal: what was deleted is in neither. */
export const overwriteFreePages = (database: Database): void => {
  dropFiller(database);
  database.exec('CREATE TABLE filler (zeros BLOB)');
  const fill = database.prepare('INSERT INTO filler (zeros) VALUES (zeroblob(?))');
  const pageBytes = numberOf(database, 'page_size');
  for (let free = numberOf(database, 'freelist_count'); free > 1;) {
    fill.run((Math.min(free, FILLER_PAGES) - 1) * (pageBytes - 4));
    const left = numberOf(database, 'freelist_count');
    if (left >= free) break;
    free = left;
  }
  dropFiller(database);
  database.pragma('wal_checkpoint(TRUNCATE)');
};

/** Bytes of the pages that hold something, and of all: free pages are used again, and never given back. */
export const pageUsage = (database: Database): { readonly usedBytes: number; readonly fileBytes: number } => {
  const pageBytes = numberOf(database, 'page_size');
  const pages = numberOf(database, 'page_count');
  return {
    usedBytes: (pages - numberOf(database, 'freelist_count')) * pageBytes,
    fileBytes: pages * pageBytes,
  };
};
