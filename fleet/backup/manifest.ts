import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { BackupError } from './errors.js';

export const BACKUP_FORMAT = 'terroir-backup/1';
/** Written last: without it a backup was cut. */
const MANIFEST = 'backup.json';

const Count = Type.Integer({ minimum: 0 });
const Moment = Type.String({ pattern: String.raw`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$` });

const Counts = Type.Object(
  {
    entries: Count,
    batches: Count,
    directories: Count,
    /** Batches of which something was erased. */
    reduced: Count,
    sources: Count,
    bytes: Count,
    /** Position of the newest entry. */
    head: Count,
    /** How far the views had come; `null` where they are not in the backup, and are made again. */
    projected: Type.Union([Count, Type.Null()]),
  },
  { additionalProperties: false },
);
const Manifest = Type.Object(
  {
    format: Type.Literal(BACKUP_FORMAT),
    /** Version of the program that made it. */
    program: Type.String(),
    startedAt: Moment,
    finishedAt: Moment,
    files: Type.Array(
      Type.Object(
        {
          // below the folder: never out of it
          name: Type.String({ pattern: String.raw`^(authority/)?[A-Za-z0-9_-][A-Za-z0-9._-]*$` }),
          bytes: Count,
          sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
        },
        { additionalProperties: false },
      ),
    ),
    counts: Counts,
    /** What a restored fleet needs beside, from elsewhere. */
    elsewhere: Type.Array(Type.String()),
  },
  { additionalProperties: false },
);
const manifests = Compile(Manifest);

/** What a backup holds. */
export type BackupManifest = Static<typeof Manifest>;
export type BackupCounts = Static<typeof Counts>;
export type BackedUpFile = BackupManifest['files'][number];

/** SHA-256 and size of a file. */
export const sumOf = async (path: string): Promise<Pick<BackedUpFile, 'bytes' | 'sha256'>> => {
  const digest = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    digest.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
  }
  return { bytes, sha256: digest.digest('hex') };
};

/** Throws `BackupError` `incomplete` where the folder holds no whole backup. */
export const readManifest = async (folder: string): Promise<BackupManifest> => {
  const path = join(folder, MANIFEST);
  if (!existsSync(path)) {
    throw new BackupError('incomplete', `${folder} holds no backup, or one that was cut: no ${MANIFEST}.`);
  }
  const value: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (manifests.Check(value)) return value;
  throw new BackupError('damaged', `${path} is not what ${BACKUP_FORMAT} looks like.`);
};

/** Writes it, with all of the folder's names, to the disk. */
export const writeManifest = async (folder: string, manifest: BackupManifest): Promise<void> => {
  const file = await open(join(folder, MANIFEST), 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(manifest, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncPath(folder);
};

/** Has a file, or the names in a folder, on the disk. */
export const syncPath = async (path: string): Promise<void> => {
  const opened = await open(path, 'r');
  try {
    await opened.sync();
  } finally {
    await opened.close();
  }
};
