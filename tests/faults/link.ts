import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, USUAL, type Verdict } from './checker.js';
import { pick, sleep, withFaults, type FaultSettings, type FaultTest } from './fault-test.js';
import type { LinkFault } from './link-proxy.js';
import { layOutPrograms } from './programs.js';
import { Site } from './site.js';

/** A gateway finds out within this that its link is gone, and is back within this once the link is. */
const NOTICED_WITHIN_MS = 90_000;
const WAIT_MS = 200_000;
const JUDGE_EVERY = 25;
const LONGEST_BYTES = 4_000;
/** There and back it takes longer than an ack may. */
const SLOW_MS = 5_500;
const SLOW_FOR_MS = 15_000;

type FaultName = LinkFault['type'];
const FAULTS: readonly [FaultName, ...FaultName[]] = [
  'cut',
  'half-open',
  'delay',
  'reset',
  'captive',
  'silent',
  'cut',
  'reset',
];

const faultOf = (type: FaultName, random: () => number): LinkFault => {
  if (type === 'cut' || type === 'reset') {
    const afterBytes = 1 + Math.floor(random() * LONGEST_BYTES);
    return { type, direction: random() < 0.5 ? 'up' : 'down', afterBytes };
  }
  return type === 'delay' ? { type, ms: SLOW_MS } : { type };
};

const sessionsOf = async (
  site: Site,
): Promise<{ readonly connected: boolean; readonly sessions: number }> => {
  const uplink = (await site.status())?.uplink;
  return { connected: uplink?.state === 'connected', sessions: uplink?.sessions ?? 0 };
};

interface Times {
  noticedMs: number;
  backMs: number;
}

const since = async (holds: () => Promise<boolean>): Promise<number> => {
  const start = performance.now();
  await eventually(holds, WAIT_MS).catch(() => undefined);
  return performance.now() - start;
};

const cycle = async (site: Site, type: FaultName, random: () => number, times: Times): Promise<string[]> => {
  const fault = faultOf(type, random);
  await sleep(random() * 1_000);
  const before = await sessionsOf(site);
  site.proxy.fault = fault;
  const faults: string[] = [];
  if (type === 'delay') await sleep(SLOW_FOR_MS);
  else {
    // A portal and a dead server meet new connections; whoever is connected must be cut off first.
    if (type === 'captive' || type === 'silent') site.proxy.cut();
    const noticedMs = await since(async () => {
      const now = await sessionsOf(site);
      return !now.connected || now.sessions > before.sessions;
    });
    times.noticedMs = Math.max(times.noticedMs, noticedMs);
    if (noticedMs > NOTICED_WITHIN_MS)
      faults.push(`link: ${type} was noticed after ${Math.round(noticedMs)} ms`);
    await sleep(random() * 3_000);
  }
  site.proxy.fault = undefined;
  const backMs = await since(() => site.delivers());
  times.backMs = Math.max(times.backMs, backMs);
  if (backMs > NOTICED_WITHIN_MS) faults.push(`link: back ${Math.round(backMs)} ms after ${type}`);
  return faults;
};

/** Lets the link between agent and fleet fail in every way, one after the other. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const keepalive = quick ? '10s' : '60s';
  const retry = quick ? '500ms' : '5s';
  const site = await Site.open({ folder, programs: layOutPrograms(folder, edits), keepalive, retry });
  const random = createRandom(seed);
  const times: Times = { noticedMs: 0, backMs: 0 };
  // A short run has each fault as soon as it can; a long one in any order.
  const typeOf = (done: number): FaultName => (quick ? FAULTS[done - 1] : undefined) ?? pick(random, FAULTS);
  try {
    await eventually(() => site.delivers(), WAIT_MS);
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      const type = typeOf(done);
      progress(done, type);
      const faults = await cycle(site, type, random, times);
      if (faults.length === 0 && done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      verdict = withFaults(await judgeSite(site, USUAL), faults);
      if (verdict.faults.length > 0 || done === cycles) break;
      await site.startAgent();
      await eventually(() => site.delivers(), WAIT_MS);
    }
    const figures = {
      slowestNoticedMs: Math.round(times.noticedMs),
      slowestBackMs: Math.round(times.backMs),
    };
    return { ...verdict, figures: { ...verdict.figures, ...figures } };
  } finally {
    await site.close();
  }
};

export const link: FaultTest = {
  cycles: 500,
  mutants: {
    'no-keepalive': {
      breaks: 'nobody asks whether the fleet is still there',
      found: /^link: half-open was noticed/,
      edits: [
        {
          file: 'agent/uplink/mqtt-connection.js',
          find: 'keepalive: keepaliveS(),',
          // the broker takes no client without one
          replace: 'keepalive: 240,',
        },
        {
          file: 'agent/uplink/mqtt-connection.js',
          find: 'const verdict = this.#liveness.check();',
          replace: "const verdict = 'wait';",
        },
      ],
    },
    'no-unique-key': {
      breaks: "the fleet's log takes a batch again that it has",
      found: /^I2 .*batch/,
      edits: [
        {
          file: 'fleet/store/sqlite/log-writer.js',
          find: 'if (origin !== undefined && known !== undefined) {',
          replace: 'if (origin === null) {',
        },
        {
          file: 'fleet/store/sqlite/log-writer.js',
          find: "'insert into batch_key",
          replace: "'insert or replace into batch_key",
        },
      ],
    },
  },
  run,
};
