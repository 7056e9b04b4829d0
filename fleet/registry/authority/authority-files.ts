import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AuthorityError } from './errors.js';

/** The authority's folder: readable by its owner alone, each file written whole or not at all. */
export interface AuthorityFiles {
  /** Gives `undefined` where there is none. */
  read(name: string): Promise<string | undefined>;
  write(name: string, text: string): Promise<void>;
  /** Of all files. */
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
}

export const openAuthorityFiles = async (folder: string): Promise<AuthorityFiles> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const directory = await open(folder, 'r');
  try {
    await directory.chmod(0o700);
  } finally {
    await directory.close();
  }
  return {
    read: (name) => readIfThere(join(folder, name)),
    write: (name, text) => writeWhole(folder, name, text),
    names: () => readdir(folder),
    remove: async (name) => {
      await rm(join(folder, name), { force: true });
      await syncFolder(folder);
    },
  };
};

const readIfThere = async (path: string): Promise<string | undefined> => {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new AuthorityError('damaged', `Cannot read ${path}; check its owner and mode.`, { cause });
  }
};

const writeWhole = async (folder: string, name: string, text: string): Promise<void> => {
  const temporary = join(folder, `.${name}.new`);
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, name));
  await syncFolder(folder);
};

const syncFolder = async (folder: string): Promise<void> => {
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
