import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { countCopies } from './count.js';
import { BackupError } from './errors.js';
import { readManifest, sumOf, syncPath, type BackedUpFile, type BackupManifest } from './manifest.js';
import { requireSound, type Said } from './take-backup.js';

/**
 * Puts a backup into a data folder that is empty or missing: whole and checked, or not at all. `prepare` works on the copy before
 * it becomes the data folder. Throws `BackupError`.
 */
export const restoreBackup = async (
  backup: string,
  data: string,
  said: Said,
  prepare: (folder: string) => Promise<void>,
): Promise<BackupManifest> => {
  if (existsSync(data) && (await readdir(data)).length > 0) {
    throw new BackupError('not-empty', `${data} is not empty: give another folder, or move it away.`);
  }
  const manifest = await readManifest(backup);
  await mkdir(dirname(data), { recursive: true });
  const folder = await mkdtemp(join(dirname(data), `.${basename(data)}.restoring-`));
  try {
    await copyFiles(manifest, backup, folder, said);
    await requireSame(manifest, folder, said);
    await prepare(folder);
    await syncPath(folder);
    // takes the place of an empty folder too
    await rename(folder, data);
    await syncPath(dirname(data));
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return manifest;
};

const copyFiles = async (
  { files }: BackupManifest,
  backup: string,
  folder: string,
  said: Said,
): Promise<void> => {
  await mkdir(join(folder, 'authority'), { mode: 0o700 });
  let done = 0;
  for (const file of files) {
    const path = join(folder, file.name);
    await copyFile(join(backup, file.name), path).catch((cause: unknown) => {
      throw new BackupError('damaged', `${file.name} of the backup cannot be read.`, { cause });
    });
    await chmod(path, 0o600);
    requireSum(file, await sumOf(path));
    await syncPath(path);
    done += 1;
    said('files restored', done / files.length);
  }
};

const requireSum = (file: BackedUpFile, found: Pick<BackedUpFile, 'bytes' | 'sha256'>): void => {
  if (found.sha256 === file.sha256 && found.bytes === file.bytes) return;
  throw new BackupError(
    'damaged',
    `${file.name} is not what was backed up: ${found.bytes} bytes of SHA-256 ${found.sha256}, expected ${file.bytes} of ${file.sha256}.`,
  );
};

/** Whether the copies hold what was counted when they were made. */
const requireSame = async ({ files, counts }: BackupManifest, folder: string, said: Said): Promise<void> => {
  const found = await countCopies(folder, (position) => said('entries checked', position));
  for (const { name } of files) if (name.endsWith('.db')) requireSound(folder, name);
  const differs = (Object.keys(counts) as (keyof typeof counts)[]).find(
    (name) => found[name] !== counts[name],
  );
  if (differs === undefined) return;
  throw new BackupError(
    'damaged',
    `${differs}: ${found[differs]} in the copy, ${counts[differs]} when it was made.`,
  );
};
