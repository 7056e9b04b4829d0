import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { FaultTest } from './fault-test.js';

/** `npm run faults -- NAME --cycles N --seed S [--mutant M] [--json]`: see README.md. */
const faultTests: Readonly<Record<string, () => Promise<FaultTest>>> = {
  kill: async () => (await import('./kill.js')).kill,
  broker: async () => (await import('./broker.js')).broker,
  power: async () => (await import('./power.js')).power,
  clock: async () => (await import('./clock.js')).clock,
  soak: async () => (await import('./soak.js')).soak,
  disk: async () => (await import('./disk.js')).disk,
  herd: async () => (await import('./herd.js')).herd,
  link: async () => (await import('./link.js')).link,
  line: async () => (await import('./line.js')).line,
  room: async () => (await import('./room.js')).room,
};

interface Options {
  readonly cycles?: number;
  readonly seed: number;
  readonly mutant?: string;
  readonly json: boolean;
  readonly quick: boolean;
  readonly keep: boolean;
}

const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1');
  return number;
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const attack = async (name: string, { cycles, seed, mutant, json, quick, keep }: Options): Promise<void> => {
  const fault = await faultTests[name]?.();
  if (fault === undefined)
    throw new Error(`no such fault test; there are: ${Object.keys(faultTests).join(', ')}`);
  const broken = mutant === undefined ? undefined : fault.mutants[mutant];
  if (mutant !== undefined && broken === undefined)
    throw new Error(`${name} has no such mutant; there are: ${Object.keys(fault.mutants).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), `terroir-${name}-`));
  const count = cycles ?? fault.cycles;
  const startedAt = performance.now();
  const progress = (cycle: number, text: string): void => {
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`${name} ${cycle}/${count}, ${seconds} s: ${text}\n`);
  };
  try {
    const edits = broken?.edits ?? [];
    const { faults, figures } = await fault.run({ folder, cycles: count, seed, edits, quick, progress });
    const seconds = Math.round((performance.now() - startedAt) / 1_000);
    const result = { fault: name, cycles: count, seed, mutant: mutant ?? null, seconds, faults, figures };
    if (json) print(JSON.stringify(result));
    else {
      for (const [key, value] of Object.entries({ cycles: count, seed, seconds, ...figures }))
        print(`${key.padEnd(24)}${value}`);
      for (const text of faults) print(`FAULT ${text}`);
      print(faults.length === 0 ? 'no promise was broken' : `${faults.length} faults`);
    }
    process.exitCode = faults.length === 0 ? 0 : 1;
  } finally {
    if (keep) process.stderr.write(`kept: ${folder}\n`);
    else rmSync(folder, { recursive: true, force: true });
  }
};

const program = new Command('faults')
  .description('attack the agent and the fleet, and judge what came through')
  .argument('<name>', `one of: ${Object.keys(faultTests).join(', ')}`)
  .option('--cycles <n>', 'how often (default: as the README of the tests says)', whole)
  .option('--seed <n>', 'of every choice', whole, 1)
  .option('--mutant <name>', 'a build that is broken on purpose: must be found out')
  .option('--quick', 'with the short intervals of the test suite', false)
  .option('--keep', 'keep the folder of the run, to look into', false)
  .option('--json', 'the result as one line of JSON', false)
  .action(attack);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`faults: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
