import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { openApiSession, type Ask } from '../api-session.js';
import { parseSpan, parseTime } from '../parse-time.js';
import { parseBroker, parseCount, parseKinds, parseShare, parseSpeed } from './command-options.js';
import { fleetView } from './fleet-view.js';
import { createProgressLine } from './progress-line.js';
import { renderRun, renderVerification } from './render.js';
import { connectOverTls, runSimulation, type Progress, type RunDeps } from './run.js';
import { loadShape, settleShape, SimulationError, type Shape } from './settings.js';
import type { SignalKind } from './signals.js';
import { verifySimulation, type Verification } from './verify.js';

/** The counts do not agree. */
const DISAGREES = 2;

interface FleetOptions {
  readonly folder: string;
  readonly fleet: string;
  readonly loginFile?: string;
  readonly sample: number;
  readonly follow: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

interface RunOptions extends FleetOptions {
  readonly mqtt?: { readonly host: string; readonly port: number };
  readonly tokens?: string;
  readonly organisation?: string;
  readonly gateways: number;
  readonly devices?: number;
  readonly points?: number;
  readonly kinds?: SignalKind[];
  readonly interval?: number;
  readonly jitter?: number;
  readonly seed?: number;
  readonly readings?: number;
  readonly for?: number;
  readonly from?: number;
  readonly speed: number;
  readonly outages: number;
  readonly outageLength: number;
  readonly late: number;
  readonly lateBy: number;
  readonly batch: number;
  readonly seal: number;
  readonly window: number;
  readonly verify: boolean;
}

const spanOption = (flags: string, description: string, usual: string): Option =>
  new Option(flags, description).argParser(parseSpan).default(parseSpan(usual), usual);

const withFleetOptions = (command: Command): Command =>
  command
    .option('--folder <folder>', 'keys, certificates and all that was sent, for the next run', './simulation')
    .option('--fleet <url>', 'address of console and API', 'http://127.0.0.1:8080')
    .option('--login-file <file>', 'JSON {"login", "password"}, as --first-administrator-file writes it')
    .option('--sample <points>', 'points whose readings are compared one by one', parseCount, 20)
    .addOption(spanOption('--follow <time>', 'how long the fleet’s projections may take', '10m'))
    .option('--json', 'for scripts', false)
    .option('--quiet', 'no progress on standard error', false);

const withTerritoryOptions = (command: Command): Command =>
  command
    .option(
      '--mqtt <host:port>',
      'where its broker is reached (default: what the fleet says at enrolment)',
      parseBroker,
    )
    .option(
      '--tokens <file>',
      'claim tokens, one a line and one a gateway, rather than a login that makes them',
    )
    .option('--organisation <id>', 'who holds the gateways (default: the organisation on top)')
    .optionsGroup('What there is (kept with the folder):')
    .option('--gateways <count>', 'more may come with a later run', parseCount, 10)
    .option('--devices <count>', 'of each gateway (default: 2)', parseCount)
    .option('--points <count>', 'of each device (default: 10)', parseCount)
    .option(
      '--kinds <list>',
      'of gauge, counter, state, angle, decibel; in turn (default: gauge,gauge,counter,state)',
      parseKinds,
    )
    .option('--interval <time>', 'between two readings of a point (default: 10s)', parseSpan)
    .option('--jitter <time>', 'by which they come late at most (default: 200ms)', parseSpan)
    .option('--seed <number>', 'the same seed gives the same values (default: 1)', parseCount);

/** `terroir-fleet simulate`. */
export const simulateCommand = (): Command =>
  withTerritoryOptions(withFleetOptions(new Command('simulate')))
    .description(
      'Make load through the real wire contract: gateways with keys and certificates of their own that seal, sign and send to any running fleet.',
    )
    .optionsGroup('How much, and how fast:')
    .option(
      '--readings <count>',
      'of all gateways, such as 100k or 1M; full intervals; 0: only what is owed',
      parseCount,
    )
    .option(
      '--for <time>',
      'time that the readings span (default: 1m, where --readings is not given)',
      parseSpan,
    )
    .option(
      '--from <time>',
      'when they begin (default: so that they end now; a later run goes on)',
      parseTime,
    )
    .option(
      '--speed <factor>',
      'how much faster than the clock, or max: as fast as the fleet takes them',
      parseSpeed,
      1,
    )
    .optionsGroup('How it goes wrong:')
    .option('--outages <share>', 'of the time without connection; then comes the backlog', parseShare, 0)
    .addOption(spanOption('--outage-length <time>', 'of each', '10m'))
    .option('--late <share>', 'of the readings that come after their time', parseShare, 0)
    .addOption(spanOption('--late-by <time>', 'and by how much', '1h'))
    .optionsGroup('How it is sent:')
    .option('--batch <readings>', 'at most in a batch', parseCount, 1_000)
    .addOption(spanOption('--seal <time>', 'a batch spans at most', '1m'))
    .option('--window <batches>', 'of a gateway on their way at once', parseCount, 4)
    .optionsGroup('Afterwards:')
    .option('--verify', 'ask the fleet whether it has all of it', false)
    .addCommand(verifyCommand())
    .addHelpText('after', HELP)
    .action(async (options: RunOptions) => {
      await simulate(options);
    });

const HELP = `
It ends with 0 when all was sent and acked (and, with --verify, every count agrees), with 2 when counts do not agree, with 1
when it could not be done. Interrupted, it keeps what is not acked yet, and the next run sends it. A batch is kept in the
folder as long as the folder is, at about 3 bytes a reading.

Examples:
  terroir-fleet serve --first-administrator-file admin.json &
  terroir-fleet simulate --login-file admin.json --gateways 20 --for 10m
  terroir-fleet simulate --login-file admin.json --readings 1M --speed max --verify
  terroir-fleet simulate --login-file admin.json --for 7d --speed max --from 2026-01-05T00:00Z --outages 5% --late 2%
  terroir-fleet simulate --tokens tokens.txt --fleet http://fleet.example.org --mqtt fleet.example.org:8883
  terroir-fleet simulate verify --login-file admin.json --json`;

const verifyCommand = (): Command =>
  withFleetOptions(new Command('verify'))
    .description(
      'Ask the fleet whether it has what the folder’s gateways have sent: counts, days, readings of a sample.',
    )
    .action(async (_options: FleetOptions, command: Command) => {
      const options = command.optsWithGlobals<FleetOptions>();
      const folder = resolve(options.folder);
      const shape = loadShape(folder);
      if (shape === undefined) throw new SimulationError('folder', `${folder} holds no simulation.`);
      const verification = await verify(options, shape, await requireLogin(options));
      say(options.json, { verification }, renderVerification(verification));
    });

const simulate = async (options: RunOptions): Promise<void> => {
  const folder = resolve(options.folder);
  const shape = settleShape(folder, askedShape(options));
  const ask = await login(options);
  if (options.verify && ask === undefined) await requireLogin(options);
  const line = createProgressLine(process.stderr, options.quiet);
  const stopping = new AbortController();
  const stop = (): void => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  const started = performance.now();
  let run: Progress;
  try {
    run = await runSimulation({
      folder,
      shape,
      settings: {
        ...options,
        readings: options.readings,
        forMs: options.for,
        from: options.from,
        outageMs: options.outageLength,
        lateByMs: options.lateBy,
        sealMs: options.seal,
      },
      ...(await enrolmentOf(options, ask)),
      connect: connectOverTls,
      now: Date.now,
      random: Math.random,
      signal: stopping.signal,
      progress: line.run,
    });
  } finally {
    line.end();
  }
  const seconds = (performance.now() - started) / 1000;
  const interrupted = stopping.signal.aborted;
  if (interrupted || run.quarantined > 0) process.exitCode = 1;
  const verification =
    options.verify && !interrupted && ask !== undefined ? await verify(options, shape, ask) : undefined;
  const result = {
    run: { ...run, seconds, interrupted },
    ...(verification === undefined ? {} : { verification }),
  };
  const text = `${renderRun(run, seconds, interrupted)}${verification === undefined ? '' : renderVerification(verification)}`;
  say(options.json, result, text);
};

const askedShape = ({ seed, devices, points, kinds, interval, jitter }: RunOptions): Partial<Shape> => ({
  ...(seed === undefined ? {} : { seed }),
  ...(devices === undefined ? {} : { devices }),
  ...(points === undefined ? {} : { points }),
  ...(kinds === undefined ? {} : { kinds }),
  ...(interval === undefined ? {} : { intervalMs: interval }),
  ...(jitter === undefined ? {} : { jitterMs: jitter }),
});

const urlOf = ({ fleet }: Pick<FleetOptions, 'fleet'>): string => fleet.replace(/\/+$/, '');

const login = async (options: Pick<FleetOptions, 'fleet' | 'loginFile'>): Promise<Ask | undefined> => {
  if (options.loginFile === undefined) return undefined;
  const { login, password } = JSON.parse(readFileSync(options.loginFile, 'utf8')) as Record<string, unknown>;
  if (typeof login !== 'string' || typeof password !== 'string') {
    throw new SimulationError('settings', `${options.loginFile} must hold {"login": …, "password": …}.`);
  }
  return openApiSession(urlOf(options), login, password).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SimulationError('fleet', `Nobody can log in at ${options.fleet}: ${why}`, { cause });
  });
};

const requireLogin = async (options: FleetOptions): Promise<Ask> => {
  const ask = await login(options);
  if (ask === undefined) {
    throw new SimulationError(
      'settings',
      'To verify, give --login-file with somebody who may read the gateways.',
    );
  }
  return ask;
};

/** Tokens from the file, each for one gateway; else made for the login. */
const enrolmentOf = async (
  options: RunOptions,
  ask: Ask | undefined,
): Promise<Pick<RunDeps, 'enrolment'>> => {
  const { mqtt, tokens, organisation } = options;
  const url = urlOf(options);
  if (tokens !== undefined) {
    const left = readFileSync(tokens, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter(Boolean);
    const token = async (): Promise<string> => {
      const next = left.shift();
      if (next === undefined)
        throw new SimulationError('enrolment', `${tokens} has too few tokens: one a gateway.`);
      return next;
    };
    return { enrolment: { url, mqtt, token } };
  }
  if (ask === undefined) return {};
  const organisationId = organisation ?? (await topOrganisation(ask));
  const token = async (): Promise<string> =>
    ((await ask('POST', 'enrolment-tokens', { organisationId })) as { token: string }).token;
  return { enrolment: { url, mqtt, token } };
};

const topOrganisation = async (ask: Ask): Promise<string> => {
  const { items } = (await ask('GET', 'organisations?limit=1000')) as {
    items: { id: string; parentId: string | null }[];
  };
  const top = items.find(({ parentId }) => !items.some(({ id }) => id === parentId));
  if (top === undefined)
    throw new SimulationError('fleet', 'This login sees no organisation: give --organisation.');
  return top.id;
};

const verify = async (options: FleetOptions, shape: Shape, ask: Ask): Promise<Verification> => {
  const line = createProgressLine(process.stderr, options.quiet);
  try {
    return await verifySimulation({
      folder: resolve(options.folder),
      shape,
      view: fleetView(ask),
      sample: options.sample,
      followMs: options.follow,
      now: Date.now,
      pause: async (ms) => {
        await delay(ms);
      },
      progress: line.text,
    });
  } finally {
    line.end();
  }
};

const say = (json: boolean, result: { readonly verification?: Verification }, text: string): void => {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : text);
  if (result.verification?.agrees === false) process.exitCode = DISAGREES;
};
