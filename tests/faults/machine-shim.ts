import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What is wrong with the disk under a data folder; `well`: nothing. */
export type DiskTrouble = 'well' | 'full' | 'readonly' | 'eio';

/** A disk under one data folder of one program. */
export interface DiskShim {
  /** The data folder. */
  readonly folder: string;
  /** For the program that keeps its data there. */
  readonly environment: NodeJS.ProcessEnv;
  /** The disk as a power cut would leave it: `files`, and the list `pending`; only where that was asked for. */
  readonly durable: string;
  /** All that is in the folder now has reached the disk. */
  settle(): void;
  /** From now on. */
  suffer(trouble: DiskTrouble): void;
}

/** Compiles the shim with the system's C compiler. */
export const compileShim = (folder: string): string => {
  const library = join(folder, 'machine-shim.so');
  const source = join(import.meta.dirname, 'machine-shim.c').replace('/dist/', '/');
  const { status, stderr } = spawnSync(
    'cc',
    ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl', '-lpthread'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0)
    throw new Error(`the disk's shim does not compile (is a C compiler installed?):\n${stderr}`);
  return library;
};

/** Puts that disk under a data folder, which may be there already. `forgets`: what a power cut leaves is kept. */
export const putDiskUnder = (
  library: string,
  folder: string,
  { forgets }: { readonly forgets: boolean },
): DiskShim => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const durable = `${folder}.durable`;
  const control = `${folder}.control`;
  mkdirSync(join(durable, 'files'), { recursive: true });
  const settle = (): void =>
    cpSync(folder, join(durable, 'files'), { recursive: true, filter: (path) => !path.endsWith('.sock') });
  settle();
  writeFileSync(control, 'well');
  return {
    folder,
    durable,
    environment: {
      LD_PRELOAD: library,
      FAULTS_FOLDER: realpathSync(folder),
      ...(forgets ? { FAULTS_DURABLE: durable } : { FAULTS_CONTROL: control }),
    },
    settle,
    suffer: (trouble) => writeFileSync(control, trouble),
  };
};
