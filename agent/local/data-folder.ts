import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The buffer's database in a data folder. */
export const bufferFile = (dataFolder: string): string => join(dataFolder, 'buffer.db');

/** Makes the data folder where there is none; it holds a key, so it is its owner's alone. */
export const makeDataFolder = (dataFolder: string): void => {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
};

/** Whatever this process writes from now on is its owner's alone, SQLite's files and a log's among it. */
export const keepToOwner = (): void => {
  process.umask(0o077);
};
