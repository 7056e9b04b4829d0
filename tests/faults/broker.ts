import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, type Verdict } from './checker.js';
import { sleep, type FaultSettings, type FaultTest } from './fault-test.js';
import { layOutPrograms } from './programs.js';
import { Site } from './site.js';

const JUDGE_EVERY = 20;
/** One in so many kills is followed by a wipe. */
const WIPE_EVERY = 10;
const CONNECT_MS = 120_000;
/** A piece of this size going up carries a batch. */
const BATCH_BYTES = 300;
const BATCH_MS = 20_000;

const connected = (site: Site): Promise<void> => eventually(() => site.delivers(), CONNECT_MS);

/** Kills the broker's process while a batch is on its way to it. */
const killWhileSending = async (site: Site, random: () => number): Promise<void> => {
  await sleep(random() * 1_500);
  let struck = false;
  site.proxy.watch = (direction, bytes) => {
    if (direction === 'up' && bytes >= BATCH_BYTES && !struck) {
      struck = true;
      setTimeout(() => site.fleet?.signal('SIGKILL'), random() * 20);
    }
    return true;
  };
  await eventually(() => struck, BATCH_MS);
  await site.fleet?.ended();
  site.proxy.watch = undefined;
};

/** Resolves once the fleet has acked what no backup holds. */
const acksMore = async (site: Site): Promise<void> => {
  const acked = async (): Promise<number> => (await site.status())?.buffer.firstUnacked ?? 0;
  const before = await acked();
  await eventually(async () => (await acked()) > before + 1, CONNECT_MS);
};

/** The broker keeps nothing of its own; what can be wiped is what it stood on: the disk, back to an older backup. */
const wipe = (site: Site, backup: string): void => {
  rmSync(site.fleetFolder, { recursive: true });
  cpSync(backup, site.fleetFolder, { recursive: true });
  site.held.forget();
};

const cycle = async (site: Site, backup: string, wiping: boolean, random: () => number): Promise<string> => {
  if (wiping) await acksMore(site);
  await killWhileSending(site, random);
  if (wiping) wipe(site, backup);
  await sleep(random() * 1_000);
  await site.startFleet();
  await connected(site);
  return wiping ? 'killed and wiped' : 'killed';
};

/** Takes a backup of the fleet at rest. */
const backUp = async (site: Site, backup: string): Promise<void> => {
  await connected(site);
  await site.endFleet('SIGTERM');
  rmSync(backup, { recursive: true, force: true });
  cpSync(site.fleetFolder, backup, { recursive: true });
  await site.startFleet();
};

/** Kills the broker, and now and then sets it back to an older backup. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const site = await Site.open({ folder, programs: layOutPrograms(folder, edits) });
  const random = createRandom(seed);
  const backup = join(folder, 'backup');
  let wipes = 0;
  try {
    await backUp(site, backup);
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      const wiping = done % (quick ? 1 : WIPE_EVERY) === 0;
      wipes += wiping ? 1 : 0;
      progress(done, await cycle(site, backup, wiping, random));
      if (done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      verdict = await judgeSite(site);
      if (verdict.faults.length > 0 || done === cycles) break;
      await site.startAgent();
      await backUp(site, backup);
    }
    return { ...verdict, figures: { ...verdict.figures, wipes } };
  } finally {
    await site.close();
  }
};

export const broker: FaultTest = {
  cycles: 200,
  mutants: {
    'no-resend': {
      breaks: 'a fleet that was set back does not ask for what it lacks',
      found: /^I3 .*batches/,
      edits: [
        {
          file: 'fleet/operations/reception.js',
          find: 'const lacked = missingRanges(answered, 1, firstUnacked - 1).slice(0, MAX_RANGES);',
          replace: 'const lacked = [];',
        },
      ],
    },
  },
  run,
};
