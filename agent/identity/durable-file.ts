import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** What root writes (`sudo terroir-agent enrol`) is for the user whose folder it is: the service must read it. */
const giveToOwner = (file: number, folder: string): void => {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = statSync(folder);
  if (uid !== 0) fchownSync(file, uid, gid);
};

const writeBeside = (path: string, text: string): string => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const file = openSync(temporary, 'wx', 0o600);
  try {
    giveToOwner(file, dirname(path));
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return temporary;
};

const syncFolder = (path: string): void => {
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
};

/** Replaces a file (mode 0600) so that a power cut leaves the old text or the new one, never a part. */
export const replaceFile = (path: string, text: string): void => {
  renameSync(writeBeside(path, text), path);
  syncFolder(path);
};

/** Makes a file (mode 0600) as `replaceFile` does, unless it exists; gives whether it was made. */
export const createFile = (path: string, text: string): boolean => {
  const temporary = writeBeside(path, text);
  try {
    linkSync(temporary, path);
    syncFolder(path);
    return true;
  } catch (cause) {
    if (isCode(cause, 'EEXIST')) return false;
    throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
};

/** Puts a file in the place of another, at once, also through a power cut. */
export const moveFile = (from: string, to: string): void => {
  renameSync(from, to);
  syncFolder(to);
};

export const removeFile = (path: string): void => {
  rmSync(path, { force: true });
  syncFolder(path);
};

/** Whether a thrown thing is a system error of this code (`ENOENT`, ...). */
export const isCode = (thrown: unknown, code: string): boolean =>
  thrown instanceof Error && 'code' in thrown && thrown.code === code;
