import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const modified = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const isStale = (folder: string): boolean =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .some((name) => {
      const source = join(folder, name);
      return modified(join(root, 'dist', source.replace(/\.ts$/, '.js'))) < modified(join(root, source));
    });

/**
 * Compiles the program where `dist` is older than the sources in `folders`: for threads and processes, which run
 * what is compiled. A type error elsewhere does not matter here. Gives the absolute path of a compiled file.
 */
export const built = (file: string, folders: readonly string[]): string => {
  if (folders.some(isStale)) {
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    // all of it: an incremental build leaves alone what has another time and the same content
    const whole = ['--incremental', 'false', '--tsBuildInfoFile', 'null'];
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', root, ...whole], {
      timeout: 120_000,
      encoding: 'utf8',
    });
    if (folders.some(isStale)) throw new Error(`dist cannot be brought up to date:\n${stdout}`);
  }
  return join(root, 'dist', file);
};
