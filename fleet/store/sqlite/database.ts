import Sqlite from 'better-sqlite3';

/** The part of better-sqlite3 that the stores call. */
export type Database = Sqlite.Database;
export type Statement = Sqlite.Statement;

export interface OpenOptions {
  readonly readonly?: boolean;
  /** Pages that stay in memory once they were read, KiB; the store's README adds them up. */
  readonly cacheKib?: number;
}

/** What a connection keeps that reads little or in order, KiB. */
export const SMALL_CACHE_KIB = 4_096;

/**
 * Opens a database file for writing, or with `readonly` for reading (the file must exist). `synchronous=FULL`
 * is written on each connection: without it WAL mode loses committed transactions on a power cut.
 */
export const openDatabase = (path: string, options: OpenOptions = {}): Database => {
  const database = new Sqlite(path, { readonly: options.readonly ?? false, timeout: 10_000 });
  if (options.readonly !== true) {
    database.pragma('journal_mode = WAL');
    database.pragma('journal_size_limit = 67108864');
    // what is removed is overwritten: an erased reading must not stay in a free page
    database.pragma('secure_delete = ON');
  }
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma(`cache_size = -${options.cacheKib ?? SMALL_CACHE_KIB}`);
  return database;
};

/**
 * Empties the write-ahead log of a file, also beside its writer: what was overwritten is in no file any more. `false`
 * where a reader was in the way for as long as a connection waits.
 */
export const emptyJournal = (path: string): boolean => {
  const database = openDatabase(path);
  try {
    const [found] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
    return found?.busy === 0;
  } finally {
    database.close();
  }
};

/** Whether another connection, of whatever process, has a database file open. */
export const isOpenElsewhere = (path: string): boolean => {
  const database = new Sqlite(path, { timeout: 1000, fileMustExist: true });
  try {
    // in WAL mode each connection holds a shared lock for as long as it is open
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('begin immediate; rollback');
    return false;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) return true;
    throw error;
  } finally {
    database.close();
  }
};

/** Whether a write failed on a constraint of this kind, as SQLite names it. */
export const isConstraintViolation = (error: unknown, code: string): boolean =>
  error instanceof Sqlite.SqliteError && error.code === code;
