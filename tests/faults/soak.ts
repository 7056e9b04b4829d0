import { readdirSync, readFileSync } from 'node:fs';
import { judgeSite, type Verdict } from './checker.js';
import { sleep, withFaults, type FaultSettings, type FaultTest } from './fault-test.js';
import { layOutPrograms } from './programs.js';
import { Site } from './site.js';

/** One cycle is a look at both programs after so long. */
const LOOK_EVERY_MS = 10_000;
const QUICK_LOOK_MS = 1_500;
/** Fifty times the usual rate, which is a poll each second. */
const INTERVAL = '20ms';
/** Looks that belong to the warming up: a third of them. */
const WARM_UP_SHARE = 1 / 3;
/** Twice what is brought into the file by itself (1,000 pages). */
const MOST_WAL_BYTES = 8 * 1024 * 1024;
/** Connections come and go with what is asked for. */
const MORE_DESCRIPTORS = 10;
/**
 * Growth of what is left once the heaps were collected: from the lowest look of the second third to the lowest of the last.
 * Between two collections a heap grows by a fifth of a program's memory; a leak of a reading's size shows in hours.
 */
const MORE_MEMORY = 1.15;
/** What the programs may take at any moment, kB: the agent beside others on 512 MB, the fleet with all caches full. */
const MOST_MEMORY_KB = { agent: 160 * 1024, fleet: 512 * 1024 };

interface Look {
  readonly descriptors: number;
  readonly rssKb: number;
}

const lookAt = (pid: number): Look => ({
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
  rssKb: Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
});

const highest = (looks: readonly Look[], key: keyof Look): number =>
  Math.max(...looks.map((look) => look[key]));

const lowest = (looks: readonly Look[], key: keyof Look): number =>
  Math.min(...looks.map((look) => look[key]));

/** What grew from the middle third of the looks to the last. */
const growth = (name: 'agent' | 'fleet', looks: readonly Look[], judgesMemory: boolean): string[] => {
  const third = Math.ceil(looks.length * WARM_UP_SHARE);
  const [middle, last] = [looks.slice(third, 2 * third), looks.slice(2 * third)];
  if (middle.length === 0 || last.length === 0) return [];
  const faults: string[] = [];
  const [descriptors, before] = [highest(last, 'descriptors'), highest(middle, 'descriptors')];
  if (descriptors > before + MORE_DESCRIPTORS)
    faults.push(`I7 ${name}: ${descriptors} descriptors, ${before} before`);
  const [rss, rssBefore] = [lowest(last, 'rssKb'), lowest(middle, 'rssKb')];
  if (judgesMemory && rss > rssBefore * MORE_MEMORY)
    faults.push(`I7 ${name}: never less than ${rss} kB of memory, ${rssBefore} kB before`);
  const most = highest(looks, 'rssKb');
  if (most > MOST_MEMORY_KB[name]) faults.push(`I7 ${name}: ${most} kB of memory`);
  return faults;
};

/** Polls fifty times as often as usual, and watches what both programs hold on to. */
const run = async ({ folder, cycles, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const site = await Site.open({ folder, programs: layOutPrograms(folder, edits), interval: INTERVAL });
  const looks: { agent: Look[]; fleet: Look[] } = { agent: [], fleet: [] };
  let walBytes = 0;
  try {
    for (let done = 1; done <= cycles; done += 1) {
      await sleep(quick ? QUICK_LOOK_MS : LOOK_EVERY_MS);
      looks.agent.push(lookAt(site.agent?.pid ?? 0));
      looks.fleet.push(lookAt(site.fleet?.pid ?? 0));
      const status = await site.status();
      walBytes = Math.max(walBytes, status?.buffer.walBytes ?? 0);
      progress(
        done,
        `agent ${looks.agent.at(-1)?.rssKb} kB, fleet ${looks.fleet.at(-1)?.rssKb} kB, WAL ${status?.buffer.walBytes} bytes`,
      );
    }
    // In seconds a heap finds no size of its own yet.
    const faults = [...growth('agent', looks.agent, !quick), ...growth('fleet', looks.fleet, !quick)];
    if (walBytes > MOST_WAL_BYTES) faults.push(`I7 agent: a WAL of ${walBytes} bytes`);
    const verdict = withFaults(await judgeSite(site), faults);
    const figures = {
      ...verdict.figures,
      agentKb: highest(looks.agent, 'rssKb'),
      agentDescriptors: highest(looks.agent, 'descriptors'),
      fleetKb: highest(looks.fleet, 'rssKb'),
      fleetDescriptors: highest(looks.fleet, 'descriptors'),
      walBytes,
    };
    return { ...verdict, figures };
  } finally {
    await site.close();
  }
};

export const soak: FaultTest = {
  cycles: 360,
  mutants: {
    'no-checkpoint': {
      breaks: 'the WAL is never brought into the file',
      found: /^I7 agent: a WAL/,
      edits: [
        {
          file: 'agent/buffer/sqlite-database.js',
          find: "database.pragma('cache_size = -2048');",
          replace:
            "database.pragma('cache_size = -2048');\n        database.pragma('wal_autocheckpoint = 0');",
        },
      ],
    },
    'memory-leak': {
      breaks: 'ten times a second 64 KiB are kept for ever',
      found: /^I7 agent: never less than/,
      edits: [
        {
          file: 'agent/buffer/open-buffer.js',
          find: "import { randomBytes } from 'node:crypto';",
          replace:
            "import { randomBytes } from 'node:crypto';\nconst left = [];\nsetInterval(() => left.push(globalThis.Buffer.alloc(65_536, 1)), 100).unref();",
        },
      ],
    },
    'descriptor-leak': {
      breaks: 'each commit leaves a file open',
      found: /^I7 agent: .* descriptors/,
      edits: [
        {
          file: 'agent/buffer/open-buffer.js',
          find: "import { randomBytes } from 'node:crypto';",
          replace:
            "import { randomBytes } from 'node:crypto';\nimport { openSync } from 'node:fs';\nsetInterval(() => openSync('/dev/null'), 100).unref();",
        },
      ],
    },
  },
  run,
};
