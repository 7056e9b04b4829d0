import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { DiskShim } from './machine-shim.js';

/** What a disk writes whole. */
const SECTOR_BYTES = 512;

const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    statSync(join(folder, name), { throwIfNoEntry: false })?.isFile(),
  );

/** Links, renames and removals reach the journal in order: a cut leaves the first few of them. */
const applyPending = (durable: string, random: () => number): void => {
  const list = join(durable, 'pending');
  if (!existsSync(list)) return;
  const operations = readFileSync(list, 'utf8').trimEnd().split('\n');
  for (const line of operations.slice(0, Math.floor(random() * (operations.length + 1)))) {
    const [what, from = '', to = ''] = line.split('\t');
    const path = join(durable, 'files', from);
    if (!existsSync(path)) continue;
    if (what === 'u') rmSync(path);
    else if (what === 'l') copyFileSync(path, join(durable, 'files', to));
    else renameSync(path, join(durable, 'files', to));
  }
  rmSync(list);
};

/** Of sectors that were written and not synced, any may have reached the disk. */
const mixSectors = (synced: Buffer, written: Buffer, random: () => number): Buffer => {
  const share = random();
  const [shorter, longer] = [synced.length, written.length].toSorted((a, b) => a - b) as [number, number];
  const size =
    random() < 0.5
      ? shorter
      : shorter + Math.floor((random() * (longer - shorter)) / SECTOR_BYTES) * SECTOR_BYTES;
  const result = Buffer.alloc(size);
  synced.copy(result);
  for (let at = 0; at < size; at += SECTOR_BYTES) {
    const end = Math.min(at + SECTOR_BYTES, size);
    if (random() < share && at < written.length) {
      result.fill(0, at, end);
      written.copy(result, at, at, end);
    }
  }
  return result;
};

/**
 * Sets a data folder to what its disk holds after a power cut: what was synced, and any of the sectors that were
 * written since. The program must have been killed. A file that was never synced is there, empty, or with some
 * of its sectors, or is not.
 */
export const cutPower = ({ folder, durable }: DiskShim, random: () => number): void => {
  const files = join(durable, 'files');
  applyPending(durable, random);
  for (const name of filesIn(folder)) {
    const [live, kept] = [join(folder, name), join(files, name)];
    if (!existsSync(kept) && random() < 0.5) continue;
    const synced = existsSync(kept) ? readFileSync(kept) : Buffer.alloc(0);
    mkdirSync(dirname(kept), { recursive: true });
    // who may read a file stands in the journal from its beginning
    const { mode } = statSync(live);
    writeFileSync(kept, mixSectors(synced, readFileSync(live), random), { mode });
  }
  rmSync(folder, { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  cpSync(files, folder, { recursive: true });
};
