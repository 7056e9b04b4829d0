import { openDatabase } from './database.js';

/** Pages that one step copies: 4 MiB, between which others get to run. */
const STEP_PAGES = 1_024;

/** Called after each step with the share that is done, 0 to 1. */
export type CopyProgress = (share: number) => void;

/**
 * Copies a database file as it is at one moment, also beside those who write it: the pages are read within one transaction, with
 * what stands in the write-ahead log. Meanwhile that log cannot be emptied, and grows by what is written. Nothing
 * may be at `to`.
 */
export const copyDatabase = async (path: string, to: string, progress: CopyProgress): Promise<void> => {
  const database = openDatabase(path, { readonly: true });
  try {
    database.exec('begin');
    // a transaction sees the file as it is at the first read
    database.prepare('select count(*) from sqlite_schema').get();
    await database.backup(to, {
      progress: ({ totalPages, remainingPages }) => {
        if (totalPages > 0) progress(1 - remainingPages / totalPages);
        return STEP_PAGES;
      },
    });
  } finally {
    database.close();
  }
};

/** What SQLite finds damaged in a file, which nobody else may have open; nothing in a sound one. */
export const damageIn = (path: string): readonly string[] => {
  const database = openDatabase(path);
  try {
    const found = database.prepare<[], string>('pragma integrity_check(20)').pluck().all();
    return found.filter((line) => line !== 'ok');
  } finally {
    database.close();
  }
};
