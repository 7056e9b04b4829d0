import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { SetAside } from './buffer.js';
import { asBufferError, sqliteCode } from './buffer-error.js';
import { readNote } from './file-note.js';
import { prepareSchema, UnknownSchemaError } from './schema.js';
import { dropFiller, openDatabase, type Database } from './sqlite-database.js';

export interface OpenFileDeps {
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

/** A file, its journal, the note beside it, and what mending it replaced. */
const SUFFIXES = ['', '-wal', '-shm', '.note', '.page1'];
const BAD = '.bad-';
const SAVED = '.saved-';

/** Opens a file, or `:memory:`, with its tables. Throws SQLite's error, or `UnknownSchemaError`. */
export const openPrepared = (
  path: string,
  capBytes: number,
  deps: Pick<OpenFileDeps, 'random'>,
): Database => {
  const database = openDatabase(path, capBytes);
  try {
    prepareSchema(database, () => Buffer.from(deps.random(8)).toString('hex'));
    dropFiller(database);
    database.prepare('SELECT epoch FROM state').get();
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

const isUnusable = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return (
    error instanceof UnknownSchemaError ||
    code === 'SQLITE_NOTADB' ||
    code === 'SQLITE_ERROR' ||
    code?.startsWith('SQLITE_CORRUPT') === true
  );
};

/** Renames a file and all that belongs to it; gives the new path. */
const moveAside = (path: string, target: string): string => {
  let free = target;
  for (let count = 2; existsSync(free); count += 1) free = `${target}.${count}`;
  for (const suffix of SUFFIXES) if (existsSync(path + suffix)) renameSync(path + suffix, free + suffix);
  return free;
};

/** Sets a file aside as `<path>.bad-<time>`, with its journal and its note; never deletes it. Throws what the disk says. */
export const setAside = (path: string, at: number): string =>
  moveAside(path, `${path}${BAD}${new Date(at).toISOString().replaceAll(':', '')}`);

/** A file whose content was saved is set aside for good: it is not read again. */
export const setSaved = (path: string): void => {
  moveAside(path, path.replace(BAD, SAVED));
};

/** Removes a file with all that belongs to it. */
export const removeAside = (path: string): void => {
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true });
};

/** Files with a mark, also those of which only a journal or a note is left. */
const filesLike = (path: string, mark: string): readonly string[] => {
  const names = readdirSync(dirname(path)).filter((name) => name.startsWith(basename(path) + mark));
  const files = new Set(names.map((name) => name.replace(/(-wal|-shm|\.note|\.page1)$/, '')));
  return [...files].toSorted().map((name) => join(dirname(path), name));
};

/** Files that were set aside and not saved yet, oldest first. */
export const filesAside = (path: string): readonly string[] => filesLike(path, BAD);

/** Files that were saved, with their journals, oldest first: they may go when room is needed. */
export const filesSaved = (path: string): readonly string[] => filesLike(path, SAVED);

/** A file without a byte, or none at all, where a note says that there was one. */
const wasWiped = (path: string): boolean =>
  readNote(path) !== undefined &&
  (statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0 &&
  !hasJournal(path);

const hasJournal = (path: string): boolean =>
  (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

/**
 * Opens the buffer's file, or makes it. One that cannot be used is set aside as `<path>.bad-<time>` with its
 * journal, never deleted, and a new one with a new epoch begins. Throws `BufferError` where the disk or another
 * process is in the way.
 */
export const openFile = (
  path: string,
  capBytes: number,
  deps: OpenFileDeps,
): { readonly database: Database; readonly setAside: SetAside | undefined } => {
  let reason = 'The file was empty, or gone.';
  try {
    if (!wasWiped(path)) return { database: openPrepared(path, capBytes, deps), setAside: undefined };
  } catch (error) {
    if (!isUnusable(error)) throw asBufferError(error);
    reason = error instanceof Error ? error.message : String(error);
  }
  try {
    const moved = setAside(path, deps.now());
    return { database: openPrepared(path, capBytes, deps), setAside: { path: moved, reason } };
  } catch (error) {
    throw asBufferError(error);
  }
};
