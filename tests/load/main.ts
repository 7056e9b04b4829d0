import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { freePort } from '../../fleet/demonstration/ports.js';

/**
 * `npm run load -- --readings 100000000`: a fleet of its own, as an operator starts it, takes so many readings through the real
 * wire contract, and is then asked for every count (`terroir-fleet simulate --verify`). Ends with 0 where all agree.
 */

const PROGRAM = fileURLToPath(new URL('../../terroir-fleet/main.js', import.meta.url));

interface LoadOptions {
  readonly readings: string;
  readonly gateways: string;
  readonly patience: string;
  readonly folder?: string;
  readonly json: boolean;
}

interface Fleet {
  readonly url: string;
  readonly program: ChildProcess;
}

const startFleet = async (folder: string): Promise<Fleet> => {
  const [http, mqtt] = [await freePort(), await freePort()];
  const ports = ['--http-port', String(http), '--mqtt-port', String(mqtt), '--mqtt-host', '127.0.0.1'];
  const login = ['--first-administrator-file', join(folder, 'administrator.json')];
  const words = ['serve', '--data', join(folder, 'fleet'), '--log-level', 'warn', ...ports, ...login];
  const program = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  // it says one line once it listens
  for await (const line of createInterface(program.stdout)) {
    if (line.startsWith('Console ')) return { url: `http://127.0.0.1:${http}`, program };
  }
  throw new Error('The fleet did not start.');
};

const endFleet = async ({ program }: Fleet): Promise<void> => {
  if (program.exitCode !== null) return;
  const ended = once(program, 'exit');
  program.kill('SIGTERM');
  await ended;
};

interface Result {
  readonly run: { readonly readings: number; readonly seconds: number };
  readonly verification: {
    readonly agrees: boolean;
    readonly readings: number;
    readonly fleetReadings: number;
  };
}

const simulate = async (folder: string, { url }: Fleet, options: LoadOptions): Promise<Result> => {
  const { readings, gateways, patience } = options;
  const where = ['--folder', join(folder, 'simulation'), '--fleet', url];
  const load = ['--readings', readings, '--gateways', gateways, '--speed', 'max', '--follow', patience];
  const login = ['--login-file', join(folder, 'administrator.json')];
  const words = ['simulate', ...load, ...where, ...login, '--verify', '--json'];
  const program = spawn(process.execPath, [PROGRAM, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await text(program.stdout);
  if (said === '') throw new Error('The simulation ended without a word.');
  return JSON.parse(said) as Result;
};

/** Bytes of the fleet's files, with their write-ahead logs. */
const sizesOf = (folder: string): Record<string, number> =>
  Object.fromEntries(
    ['log', 'views', 'registry'].map((name) => [
      name,
      readdirSync(folder)
        .filter((file) => file === `${name}.db` || file === `${name}.db-wal`)
        .reduce((sum, file) => sum + statSync(join(folder, file)).size, 0),
    ]),
  );

const load = async (options: LoadOptions): Promise<void> => {
  const folder = mkdtempSync(join(options.folder ?? tmpdir(), 'terroir-load-'));
  try {
    const fleet = await startFleet(folder);
    try {
      const started = performance.now();
      const { run, verification } = await simulate(folder, fleet, options);
      const result = {
        readings: run.readings,
        ackedPerSecond: Math.round(run.readings / run.seconds),
        secondsToVerified: Math.round((performance.now() - started) / 1_000),
        fleetReadings: verification.fleetReadings,
        agrees: verification.agrees,
        bytes: sizesOf(join(folder, 'fleet')),
      };
      process.stdout.write(
        options.json
          ? `${JSON.stringify(result)}\n`
          : `${JSON.stringify({ ...result, verification }, null, 2)}\n`,
      );
      if (!verification.agrees) process.exitCode = 2;
    } finally {
      await endFleet(fleet);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

await new Command('load')
  .description('Sends readings to a fleet of its own, and compares every count with the simulator’s.')
  .option('--readings <count>', 'such as 1M or 100000000', '1M')
  .option('--gateways <count>', 'that send them', '20')
  .option('--patience <time>', 'how long the projections may take afterwards', '2h')
  .option('--folder <folder>', 'where its files may be: about 40 bytes a reading, gone at the end')
  .option('--json', 'one line, for scripts', false)
  .action(load)
  .parseAsync();
