import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ACCESS_KEY_FILE } from '../access/access-key.js';
import { copyDatabase, damageIn } from '../store/sqlite/copy-database.js';
import { countCopies } from './count.js';
import { BackupError } from './errors.js';
import { BACKUP_FORMAT, sumOf, syncPath, writeManifest, type BackupManifest } from './manifest.js';

/** Called with what is done, and how much of it: a share from 0 to 1, or log entries. */
export type Said = (what: string, done: number) => void;

export interface BackupDeps {
  readonly now: () => number;
  readonly program: string;
  readonly said: Said;
}

/**
 * **The order is the promise.** Nothing may be behind what refers to it: views point into the log (a cursor beyond its end
 * would skip what comes there next), views and log name what the registry made (a point that it does not know gets
 * another id), and the registry names certificates that the authority issued. So whoever refers is copied first, and
 * what it refers to afterwards, when it can only have more.
 */
const FILES = ['views', 'log', 'registry'] as const;

/** Copies a fleet into a new folder, beside its running service or not, and checks the copy. */
export const takeBackup = async (
  data: string,
  folder: string,
  withViews: boolean,
  deps: BackupDeps,
): Promise<BackupManifest> => {
  if (!existsSync(join(data, 'log.db'))) throw new BackupError('no-fleet', `There is no fleet in ${data}.`);
  const startedAt = iso(deps.now());
  await makeFolder(folder);
  const databases = FILES.filter((name) => withViews || name !== 'views').map((name) => `${name}.db`);
  for (const name of databases) {
    await copyDatabase(join(data, name), join(folder, name), (share) => deps.said(name, share));
  }
  const names = [...databases, ...(await copyKeys(data, folder))];
  const counts = await countCopies(folder, (position) => deps.said('entries checked', position));
  for (const name of databases) requireSound(folder, name);
  const files: BackupManifest['files'] = [];
  for (const name of names) {
    const path = join(folder, name);
    await chmod(path, 0o600);
    await syncPath(path);
    files.push({ name, ...(await sumOf(path)) });
    deps.said('files summed', files.length / names.length);
  }
  const manifest: BackupManifest = {
    format: BACKUP_FORMAT,
    program: deps.program,
    startedAt,
    finishedAt: iso(deps.now()),
    files,
    counts,
    elsewhere: elsewhere(names),
  };
  await writeManifest(folder, manifest);
  return manifest;
};

/** Throws `BackupError` `damaged`; leaves no write-ahead log beside the file. */
export const requireSound = (folder: string, name: string): void => {
  const damage = damageIn(join(folder, name));
  if (damage.length > 0) throw new BackupError('damaged', `${name} is damaged: ${damage.join('; ')}.`);
};

const iso = (time: number): string => new Date(time).toISOString();

/** Its owner's alone: what is in it opens the fleet. */
const makeFolder = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await readdir(folder)).length > 0) {
    throw new BackupError('not-empty', `${folder} is not empty: each backup is a folder of its own.`);
  }
  await chmod(folder, 0o700);
};

const AUTHORITY = 'authority';

/** After the registry: keys are only added while the fleet runs. Gives the names of the copies. */
const copyKeys = async (data: string, folder: string): Promise<readonly string[]> => {
  await mkdir(join(folder, AUTHORITY), { mode: 0o700 });
  // one that begins with a dot is being written: what it becomes is there as it was
  const kept = (await readdir(join(data, AUTHORITY))).filter((name) => !name.startsWith('.'));
  const names = [
    ...kept.map((name) => join(AUTHORITY, name)),
    ...(existsSync(join(data, ACCESS_KEY_FILE)) ? [ACCESS_KEY_FILE] : []),
  ];
  for (const name of names) await copyFile(join(data, name), join(folder, name));
  return names;
};

/** `serve` is told by its command line; what that names is its operator's. */
const elsewhere = (names: readonly string[]): string[] => [
  'the command line of serve, and the files that it names (its own TLS key, keys of an external broker)',
  'the passphrase of the authority’s keys, where they have one',
  ...(names.includes(ACCESS_KEY_FILE) ? [] : ['the key file of --access-key-file']),
];
