import { StoreError } from '../errors.js';
import { openDatabase, type Database, type OpenOptions } from './database.js';

/**
 * What brings a file to a version of its schema (`user_version`) from any before it. Once released it is never changed: what
 * comes later is a migration of its own, which new files go through too.
 */
export interface Migration {
  readonly version: number;
  readonly up: string | ((database: Database) => void);
}

/** The newest version that this program knows. */
const newestOf = (migrations: readonly Migration[]): number => migrations.at(-1)?.version ?? 0;

const versionOf = (database: Database): number => Number(database.pragma('user_version', { simple: true }));

/**
 * Opens a file for writing, made where it is missing, and brings its schema up to date in one transaction, one process at a
 * time. Throws `StoreError` `newer-schema`, with nothing touched, where a newer release wrote it.
 */
export const openMigrated = (
  path: string,
  migrations: readonly Migration[],
  options: Omit<OpenOptions, 'readonly'> = {},
): Database =>
  closedOnFault(openDatabase(path, options), (database) => {
    refuseNewer(database, migrations);
    database.transaction(() => migrate(database, migrations)).immediate();
  });

/**
 * Opens a file for reading. Throws `StoreError` `newer-schema`, or `older-schema` where what writes it has not brought it up
 * to date yet.
 */
export const openToRead = (
  path: string,
  migrations: readonly Migration[],
  options: Omit<OpenOptions, 'readonly'> = {},
): Database =>
  closedOnFault(openDatabase(path, { ...options, readonly: true }), (database) => {
    refuseNewer(database, migrations);
    const [version, newest] = [versionOf(database), newestOf(migrations)];
    if (version === newest) return;
    throw new StoreError(
      'older-schema',
      `${path} has schema ${version}, this program reads ${newest}: terroir-fleet serve brings it up to date when it starts.`,
    );
  });

const closedOnFault = (database: Database, prepare: (database: Database) => void): Database => {
  try {
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const migrate = (database: Database, migrations: readonly Migration[]): void => {
  const version = versionOf(database);
  for (const { version: next, up } of migrations) {
    if (next <= version) continue;
    if (typeof up === 'string') database.exec(up);
    else up(database);
    database.pragma(`user_version = ${next}`);
  }
};

const refuseNewer = (database: Database, migrations: readonly Migration[]): void => {
  const [version, newest] = [versionOf(database), newestOf(migrations)];
  if (version <= newest) return;
  throw new StoreError(
    'newer-schema',
    `${database.name} was written by a newer release (schema ${version}, this one reads up to ${newest}). Nothing was changed: use that release.`,
  );
};

/** Adds a column to a table that is there without it: releases before schemas were numbered made some of either kind. */
export const addMissingColumn = (database: Database, table: string, column: string, type: string): void => {
  const columns = columnsOf(database, table);
  if (columns.length > 0 && !columns.includes(column)) {
    database.exec(`alter table ${table} add column ${column} ${type}`);
  }
};

/** Names of a table's columns; none where there is no such table. */
export const columnsOf = (database: Database, table: string): readonly string[] =>
  database.prepare<[string], string>('select name from pragma_table_info(?)').pluck().all(table);
