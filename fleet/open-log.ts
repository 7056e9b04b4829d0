import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LogReader, LogWriter } from './store/log-store.js';
import { openLogReader as openPostgresReader } from './store/postgres/log-reader.js';
import { openLogWriter as openPostgresWriter } from './store/postgres/log-writer.js';
import { isOpenElsewhere } from './store/sqlite/database.js';
import { openLogReader } from './store/sqlite/log-reader.js';
import { openLogWriter } from './store/sqlite/log-writer.js';

/** Where a log is: a fleet's data folder, or a database by its URL. */
const isDatabase = (store: string): boolean => /^postgres(ql)?:\/\//.test(store);

/** Opens a log that is there for reading. */
export const openStoredLog = async (store: string): Promise<LogReader> => {
  if (isDatabase(store)) {
    const reader = openPostgresReader(store);
    try {
      await reader.head();
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }
  const path = join(resolve(store), 'log.db');
  if (!existsSync(path)) throw new Error(`There is no log in ${store}.`);
  return openLogReader(path);
};

/** Opens a log for writing, made where there is none. A folder's must be nobody else's. */
export const openStoredLogWriter = async (store: string): Promise<LogWriter> => {
  if (isDatabase(store)) return openPostgresWriter(store);
  const folder = resolve(store);
  const path = join(folder, 'log.db');
  mkdirSync(folder, { recursive: true });
  if (existsSync(path) && isOpenElsewhere(path)) throw new Error('The fleet is running: stop it first.');
  return openLogWriter(path);
};
