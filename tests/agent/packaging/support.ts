import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

/** A new folder that goes when the tests of the file have ended. */
export const folderOfFile = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

const compiled = (program: string): string =>
  fileURLToPath(new URL(`../../../dist/agent/packaging/${program}.js`, import.meta.url));

/** Runs one of the packaging programs into a folder. */
export const runPackaging = (program: 'pack' | 'write-sboms', out: string): void => {
  const { status, stderr } = spawnSync(process.execPath, [compiled(program), '--out', out], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
};

/** The archive in a folder that `pack` wrote to. */
export const archiveIn = (out: string): string => {
  const name = readdirSync(out).find((file) => file.endsWith('.tar.gz'));
  if (name === undefined) throw new Error(`no archive in ${out}`);
  return join(out, name);
};

/** Unpacks an archive into a folder; gives the one folder that is in it. */
export const unpack = (archive: string, into: string): string => {
  const { status, stderr } = spawnSync('tar', ['-xzf', archive, '-C', into], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const [folder, ...more] = readdirSync(into, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  if (folder === undefined || more.length > 0) throw new Error('an archive holds one folder');
  return join(into, folder.name);
};
