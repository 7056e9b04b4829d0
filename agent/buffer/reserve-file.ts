import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';

/**
 * A file that takes room while there is some, and gives it back when the disk is full: SQLite needs some for the
 * very transaction that frees pages.
 */
export interface ReserveFile {
  readonly held: boolean;
  /** Bytes that were written to take the room, since this program's start. */
  readonly writtenBytes: number;
  /** Takes the room, unless it has it; where the disk refuses, nothing happens. */
  hold(): void;
  release(): void;
}

const CHUNK_BYTES = 256 * 1024;

export const createReserveFile = (path: string, bytes: number): ReserveFile => {
  const size = (): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  let writtenBytes = 0;
  let held = bytes > 0 && size() === bytes;
  const write = (): void => {
    const file = openSync(`${path}.part`, 'w');
    try {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      for (let at = 0; at < bytes;) {
        const count = writeSync(file, chunk, 0, Math.min(CHUNK_BYTES, bytes - at));
        at += count;
        writtenBytes += count;
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.part`, path);
  };
  return {
    get held() {
      return held;
    },
    get writtenBytes() {
      return writtenBytes;
    },
    hold: () => {
      if (held || bytes === 0) return;
      try {
        write();
        held = true;
      } catch {
        rmSync(`${path}.part`, { force: true });
      }
    },
    release: () => {
      if (!held) return;
      try {
        rmSync(path, { force: true });
        held = false;
      } catch {
        // a disk that is read-only gives nothing back
      }
    },
  };
};
