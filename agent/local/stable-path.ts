import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';

/** By socket first: names by-id collapse twins, whose adapters have no serial number. */
const FOLDERS = ['/dev/serial/by-path', '/dev/serial/by-id'];

const resolved = (path: string): string | undefined => {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
};

const entries = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
};

/** A name of a serial port that stays the same after a replug; `undefined` where the system keeps none. */
export const stablePath = (path: string, folders: readonly string[] = FOLDERS): string | undefined => {
  if (folders.some((folder) => path.startsWith(`${folder}/`))) return path;
  const port = resolved(path);
  if (port === undefined) return undefined;
  return folders
    .flatMap((folder) => entries(folder).map((name) => join(folder, name)))
    .find((candidate) => resolved(candidate) === port);
};
