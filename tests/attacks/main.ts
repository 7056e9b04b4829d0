import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { Attack, Verdict } from './attack.js';

/** `npm run attack -- NAME --count N --seed S [--json]`: see README.md. A new attack is a file and a line here. */
const attacks: Readonly<Record<string, () => Promise<Attack>>> = {
  ids: async () => (await import('./ids.js')).ids,
  'non-interference': async () => (await import('./non-interference.js')).nonInterference,
  'limited-interference': async () => (await import('./non-interference.js')).limitedInterference,
  tamper: async () => (await import('./tamper.js')).tamper,
  'token-race': async () => (await import('./token-race.js')).tokenRace,
  rotation: async () => (await import('./rotation.js')).rotation,
  hostile: async () => (await import('./hostile.js')).hostile,
  malformed: async () => (await import('./malformed.js')).malformed,
};

interface Options {
  readonly count?: number;
  readonly seconds?: number;
  readonly seed: number;
  readonly json: boolean;
}

const whole = (text: string): number => {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('a whole number from 1');
  return number;
};

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const show = ({ faults, figures }: Verdict, given: Readonly<Record<string, number>>): void => {
  for (const [key, value] of Object.entries({ ...given, ...figures })) print(`${key.padEnd(24)}${value}`);
  for (const text of faults) print(`FAULT ${text}`);
  print(faults.length === 0 ? 'no promise was broken' : `${faults.length} faults`);
};

const run = async (name: string, { count, seconds, seed, json }: Options): Promise<void> => {
  const attack = Object.hasOwn(attacks, name) ? await attacks[name]?.() : undefined;
  if (attack === undefined) throw new Error(`no such attack; there are: ${Object.keys(attacks).join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), `terroir-${name}-`));
  const settings = { count: count ?? attack.count, seconds: seconds ?? attack.seconds ?? Infinity, seed };
  const startedAt = performance.now();
  const progress = (done: number, text: string): void => {
    const passed = Math.round((performance.now() - startedAt) / 1_000);
    process.stderr.write(`${name} ${done}/${settings.count}, ${passed} s: ${text}\n`);
  };
  try {
    const verdict = await attack.run({ ...settings, folder, progress });
    const took = Math.round((performance.now() - startedAt) / 1_000);
    if (json) print(JSON.stringify({ attack: name, count: settings.count, seed, seconds: took, ...verdict }));
    else show(verdict, { count: settings.count, seed, seconds: took });
    process.exitCode = verdict.faults.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const program = new Command('attack')
  .description(
    'attack identity, broker and wire as an outsider or a thief would, and judge what came through',
  )
  .argument('<name>', `one of: ${Object.keys(attacks).join(', ')}`)
  .option('--count <n>', 'how many hostile things are tried (default: as the README says)', whole)
  .option('--seconds <n>', 'how long, for an attack that is bounded by time', whole)
  .option('--seed <n>', 'of every choice', whole, 1)
  .option('--json', 'the result as one line of JSON', false)
  .action(run);

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`attack: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
