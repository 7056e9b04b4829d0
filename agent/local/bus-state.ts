import { chown, mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DurableState } from '../../drivers/driver.js';
import { isCode } from '../identity/durable-file.js';

const sync = async (path: string, flags: string, text?: string): Promise<void> => {
  const file = await open(path, flags, 0o600);
  try {
    if (text !== undefined) await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
};

/**
 * What buses keep, in the folder `bus-state` of a data folder: a file a key, replaced so that a power cut leaves the old
 * text or the new one; a key's texts are set one after the other. Waits for the disk beside the event loop, since pulses are kept at every poll.
 */
export const createBusState = (dataFolder: string): DurableState => {
  const folder = join(dataFolder, 'bus-state');
  /** What root writes (`sudo terroir-agent read`) is for the user whose folder it is: the service must read it. */
  const giveToOwner = async (path: string): Promise<void> => {
    if (process.geteuid?.() !== 0) return;
    const { uid, gid } = await stat(dataFolder);
    if (uid !== 0) await chown(path, uid, gid);
  };
  const fileOf = (key: string): string => join(folder, `${encodeURIComponent(key)}.json`);
  return {
    get: async (key) => {
      try {
        return await readFile(fileOf(key), 'utf8');
      } catch (cause) {
        if (isCode(cause, 'ENOENT')) return undefined;
        throw cause;
      }
    },
    set: async (key, text) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await giveToOwner(folder);
      const temporary = `${fileOf(key)}.tmp`;
      await sync(temporary, 'w', text);
      await giveToOwner(temporary);
      await rename(temporary, fileOf(key));
      await sync(folder, 'r');
    },
  };
};
