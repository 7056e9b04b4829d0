import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, USUAL, type Verdict } from './checker.js';
import { pick, sleep, type FaultSettings, type FaultTest } from './fault-test.js';
import { compileShim } from './machine-shim.js';
import { layOutPrograms, type Edit } from './programs.js';
import type { SimulatedMachine } from './simulated-system-time.js';
import { Site } from './site.js';

const JUDGE_EVERY = 10;
const CONNECT_MS = 120_000;
const HOUR_MS = 3_600_000;
const YEAR_MS = 365.25 * 24 * HOUR_MS;
/** A gateway without a clock of its own starts near here, UTC ms. */
const EPOCH_START = 3 * HOUR_MS;

const SIMULATED_TIME: Edit = {
  file: 'agent/clock/system-time.js',
  by: 'tests/faults/simulated-system-time.js',
};

type Scenario = '1970' | 'offline-1970' | 'jump' | '+56 years' | '-3 hours' | 'slow-answer';
const SCENARIOS: readonly [Scenario, ...Scenario[]] = [
  'offline-1970',
  'jump',
  '+56 years',
  '-3 hours',
  '1970',
  'slow-answer',
];

/** The answer to hello takes this long, and is believed up to a round trip of ten seconds. */
const SLOW_MS = 8_500;
/** Through TLS, the broker's own answers are no longer, and no hello is shorter. */
const [MOST_ANSWER_BYTES, LEAST_HELLO_BYTES] = [40, 100];

/** How wrong the wall clock is when the machine starts, ms. */
const errorOf = (scenario: Scenario): number => {
  if (scenario === '+56 years') return 56 * YEAR_MS;
  return scenario === '-3 hours' ? -3 * HOUR_MS : EPOCH_START - Date.now();
};

/** The machine under the agent: boots, and a wall clock that is as wrong as it is told to be. */
class Machine {
  readonly #clock: string;
  readonly #machine: string;
  readonly environment: NodeJS.ProcessEnv;

  constructor(folder: string) {
    this.#clock = join(folder, 'clock-error');
    this.#machine = join(folder, 'machine.json');
    writeFileSync(this.#clock, Buffer.alloc(8));
    this.boot();
    this.environment = {
      LD_PRELOAD: compileShim(folder),
      FAULTS_CLOCK: this.#clock,
      FAULTS_MACHINE: this.#machine,
    };
  }

  /** The wall clock is wrong by this from now on, ms. */
  bend(ms: number): void {
    const error = Buffer.alloc(8);
    error.writeBigInt64LE(BigInt(Math.round(ms)) * 1_000n);
    // In place: the agent has it mapped.
    writeFileSync(this.#clock, error, { flag: 'r+' });
  }

  boot(): void {
    const bootedAt = Number(process.hrtime.bigint() / 1_000n) / 1_000;
    const machine: SimulatedMachine = { boot: randomUUID(), bootedAt, disciplined: false };
    writeFileSync(this.#machine, JSON.stringify(machine));
  }
}

const reboot = async (site: Site, machine: Machine, errorMs: number): Promise<void> => {
  await site.endAgent('SIGKILL');
  machine.bend(errorMs);
  machine.boot();
  await site.startAgent();
};

/** Each hello is answered late, though it went up at once: the time in the middle of the two is off by half of it. */
const answerLate = (site: Site): void => {
  const { proxy } = site;
  let [connections, accepted] = [0, false];
  proxy.watch = (direction, bytes) => {
    if (connections !== proxy.connections.length) {
      [connections, accepted] = [proxy.connections.length, false];
      proxy.fault = undefined;
    }
    accepted ||= direction === 'down' && bytes <= MOST_ANSWER_BYTES;
    if (accepted && direction === 'up' && bytes >= LEAST_HELLO_BYTES && proxy.fault === undefined)
      proxy.fault = { type: 'delay', direction: 'down', ms: SLOW_MS };
    return true;
  };
};

/** A boot that learns the time in doubt first: what it sends meanwhile says so. */
const slowAnswer = async (site: Site, machine: Machine): Promise<void> => {
  answerLate(site);
  await reboot(site, machine, errorOf('slow-answer'));
  const before = (await site.status())?.buffer.firstUnacked ?? 0;
  await eventually(async () => ((await site.status())?.buffer.firstUnacked ?? 0) > before, CONNECT_MS);
  site.proxy.watch = undefined;
  site.proxy.fault = undefined;
};

const cycle = async (
  site: Site,
  machine: Machine,
  scenario: Scenario,
  random: () => number,
): Promise<void> => {
  if (scenario === 'jump') {
    // As somebody's hand on the clock does it, with polls on their way.
    for (const years of [1, -40, 20]) {
      machine.bend(years * YEAR_MS * random());
      await sleep(500 + random() * 500);
    }
  } else if (scenario === 'offline-1970') {
    // A boot that never learns the time: its rows get bounds from what comes before and after.
    site.proxy.fault = { type: 'silent' };
    site.proxy.cut();
    await reboot(site, machine, errorOf(scenario));
    await sleep(2_500 + random() * 2_000);
    site.proxy.fault = undefined;
    await reboot(site, machine, errorOf(scenario));
  } else if (scenario === 'slow-answer') await slowAnswer(site, machine);
  else await reboot(site, machine, errorOf(scenario));
  await eventually(() => site.delivers(), CONNECT_MS);
  await sleep(1_000 + random() * 2_000);
};

/** Starts the machine with every kind of wrong clock, and lets the clock jump while it runs. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const machine = new Machine(folder);
  const programs = layOutPrograms(folder, [SIMULATED_TIME, ...edits]);
  const site = await Site.open({ folder, programs, environment: { agent: machine.environment } });
  const random = createRandom(seed);
  const scenarioOf = (done: number): Scenario =>
    (quick ? SCENARIOS[done - 1] : undefined) ?? pick(random, SCENARIOS);
  try {
    await eventually(() => site.delivers(), CONNECT_MS);
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      const scenario = scenarioOf(done);
      progress(done, scenario);
      await cycle(site, machine, scenario, random);
      if (done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      verdict = await judgeSite(site, USUAL);
      if (verdict.faults.length > 0) break;
      if (done !== cycles) await site.startAgent();
    }
    return verdict;
  } finally {
    await site.close();
  }
};

export const clock: FaultTest = {
  cycles: 200,
  mutants: {
    'by-wall-time': {
      breaks: 'rows are sealed in the order of the wall clock',
      found: /^I[13] /,
      edits: [
        {
          file: 'agent/buffer/readings-table.js',
          find: 'WHERE ordinal > ? ORDER BY ordinal LIMIT ?',
          replace: 'WHERE ordinal > ? ORDER BY time LIMIT ?',
        },
      ],
    },
    'no-repair': {
      breaks: 'what was taken before the clock was known keeps its time',
      found: /^I4 .*its time/,
      edits: [
        {
          file: 'agent/buffer/boots.js',
          find: "if (clock !== 'unsynced')\n            return { time: row.time, clock, uncertaintyMs: row.uncertainty ?? 0 };",
          replace: "return { time: row.time, clock: 'synced', uncertaintyMs: 0 };",
        },
      ],
    },
    'no-doubt': {
      breaks: 'a time that was long on its way is taken for a sure one',
      found: /^I4 .*its time/,
      edits: [
        {
          file: 'agent/clock/gateway-clock.js',
          find: 'uncertaintyMs: isSure(known) ? 0 : known.uncertaintyMs,',
          replace: 'uncertaintyMs: 0,',
        },
      ],
    },
  },
  run,
};
