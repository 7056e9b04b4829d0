import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Packs a folder with GNU tar and gzip, and writes its SHA-256 beside it as `sha256sum --check` reads it. The same
 * content gives the same bytes, whoever packs it, wherever and whenever: names are sorted, files are root's, times are `at`.
 */
export const packFolder = (folder: string, archive: string, at: Date): void => {
  const { status, stderr, error } = spawnSync(
    'tar',
    [
      '--create',
      `--file=${archive}`,
      '--use-compress-program=gzip -9n',
      '--format=gnu',
      '--sort=name',
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--mode=u=rwX,go=rX',
      `--mtime=@${Math.floor(at.getTime() / 1_000)}`,
      `--directory=${dirname(folder)}`,
      basename(folder),
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`tar failed: ${error?.message ?? stderr}`);
  const hash = createHash('sha256').update(readFileSync(archive)).digest('hex');
  writeFileSync(`${archive}.sha256`, `${hash}  ${basename(archive)}\n`);
};
