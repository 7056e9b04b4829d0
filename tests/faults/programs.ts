import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** One text of one compiled module and what stands there in a test build. */
export interface TextEdit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A change of a text, or a module in place of another. */
export type Edit = TextEdit | { readonly file: string; readonly by: string };

/** The two programs of one run. */
export interface Programs {
  readonly agent: string;
  readonly fleet: string;
  /** Their modules, one by one, changed where the run asks for it. */
  readonly modules: string;
}

const PARTS = [
  'agent',
  'drivers',
  'fleet',
  'terroir-agent',
  'terroir-fleet',
  'tests/faults',
  'tests/support',
];
const OUTPUT_CHARACTERS = 200_000;

/** The folder of the checkout, from a source or from what is compiled of it. */
const root = ((): string => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, 'package.json'))) folder = join(folder, '..');
  return folder;
})();

/** The text of a compiled module of `dist` with a change made; throws where the text to be replaced is not there exactly once. */
export const changedText = (dist: string, { file, find, replace }: TextEdit): string => {
  const parts = readFileSync(join(dist, file), 'utf8').split(find);
  if (parts.length !== 2) {
    throw new Error(`${file} has ${parts.length - 1} times, not once, the text of this mutant:\n${find}`);
  }
  return parts.join(replace);
};

const edit = (dist: string, change: Edit): void => {
  const { file } = change;
  const path = join(dist, file);
  if ('by' in change) {
    if (!existsSync(path)) throw new Error(`${file} is no more: what takes its place must follow the code`);
    copyFileSync(join(root, 'dist', change.by), path);
    return;
  }
  writeFileSync(path, changedText(dist, change));
};

/**
 * Copies what was built to a folder of its own, so that no later build changes a run. Without edits both are
 * the bundles that are shipped; with edits they run from their modules, of which some are changed. Throws where a text
 * to be replaced is not there exactly once: then the mutant must follow the code.
 */
export const layOutPrograms = (folder: string, edits: readonly Edit[] = []): Programs => {
  const dist = join(folder, 'dist');
  mkdirSync(dist, { recursive: true });
  for (const part of PARTS) cpSync(join(root, 'dist', part), join(dist, part), { recursive: true });
  for (const name of ['package.json', 'config', 'node_modules'])
    symlinkSync(join(root, name), join(folder, name));
  for (const each of edits) edit(dist, each);
  return {
    agent: join(dist, edits.length === 0 ? 'terroir-agent' : 'agent', 'main.js'),
    fleet: join(dist, edits.length === 0 ? 'terroir-fleet' : 'fleet', 'main.js'),
    modules: dist,
  };
};

/** A program that runs. */
export class Program {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #output = '';

  constructor(file: string, parameters: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [file, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#closed = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-OUTPUT_CHARACTERS);
      });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The last of what it printed, both streams. */
  get output(): string {
    return this.#output;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a signal at once. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for the end; gives the exit code. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    this.signal(signal);
    return this.ended();
  }
}
