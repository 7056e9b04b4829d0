import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, type Verdict } from './checker.js';
import { compileShim, putDiskUnder, type DiskShim } from './machine-shim.js';
import { pick, sleep, type FaultSettings, type FaultTest } from './fault-test.js';
import { confirmedAnew } from './kill.js';
import { cutPower } from './power-cut.js';
import { layOutPrograms, type Edit } from './programs.js';
import { Site } from './site.js';

const JUDGE_EVERY = 10;
const CONNECT_MS = 60_000;

type Victim = 'agent' | 'fleet';

const cycle = async (
  site: Site,
  disks: Readonly<Record<Victim, DiskShim>>,
  random: () => number,
): Promise<string> => {
  const victims = pick<readonly Victim[]>(random, [['agent'], ['agent'], ['agent', 'fleet'], ['fleet']]);
  // What was stored and not yet sent is all on the disk.
  const offline = random() < 0.6;
  if (offline) {
    site.proxy.fault = { type: 'silent' };
    site.proxy.cut();
  }
  await sleep(1_000 + random() * 3_000);
  const confirmed = random() < 0.5;
  if (confirmed) await confirmedAnew(site);
  for (const victim of victims) site[victim]?.signal('SIGKILL');
  for (const victim of victims) {
    await (victim === 'agent' ? site.agentEnded() : site.fleet?.ended());
    cutPower(disks[victim], random);
  }
  site.proxy.fault = undefined;
  await Promise.all(victims.map((victim) => (victim === 'agent' ? site.startAgent() : site.startFleet())));
  if (random() < 0.8) await eventually(() => site.delivers(), CONNECT_MS);
  return `${victims.join(' and ')}${confirmed ? ', just after a commit' : ''}${offline ? ', offline' : ''}`;
};

/** Takes the power away: of what was written and not synced, only some has reached the disk. */
const run = async ({ folder, cycles, seed, edits, progress }: FaultSettings): Promise<Verdict> => {
  const library = compileShim(folder);
  const under = (victim: Victim): DiskShim => putDiskUnder(library, `${folder}/${victim}`, { forgets: true });
  const disks = { agent: under('agent'), fleet: under('fleet') };
  const environment = { agent: disks.agent.environment, fleet: disks.fleet.environment };
  const site = await Site.open({
    folder,
    programs: layOutPrograms(folder, edits),
    environment,
    enrolled: () => disks.agent.settle(),
  });
  const random = createRandom(seed);
  try {
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      progress(done, await cycle(site, disks, random));
      if (done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      verdict = await judgeSite(site);
      if (verdict.faults.length > 0) break;
      if (done !== cycles) await site.startAgent();
    }
    return verdict;
  } finally {
    await site.close();
  }
};

const synchronous = (level: string): readonly Edit[] => [
  {
    file: 'agent/buffer/sqlite-database.js',
    find: "database.pragma('synchronous = FULL');",
    replace: `database.pragma('synchronous = ${level}');`,
  },
];

export const power: FaultTest = {
  cycles: 200,
  mutants: {
    'synchronous-normal': {
      breaks: "the buffer's commits are not synced (SQLite's own default in WAL mode)",
      found: /^I1 /,
      edits: synchronous('NORMAL'),
    },
    'synchronous-off': {
      breaks: 'the buffer never syncs',
      found: /^I1 /,
      edits: synchronous('OFF'),
    },
  },
  run,
};
