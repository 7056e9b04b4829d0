import { closeSync, fsyncSync, openSync } from 'node:fs';

/** Waits until a file is on the disk. Throws what the disk says. */
export const syncFile = (path: string): void => {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
