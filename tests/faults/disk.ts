import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, USUAL, type Verdict } from './checker.js';
import { pick, sleep, withFaults, type FaultSettings, type FaultTest } from './fault-test.js';
import { compileShim, putDiskUnder, type DiskShim, type DiskTrouble } from './machine-shim.js';
import { layOutPrograms } from './programs.js';
import { Site } from './site.js';

const JUDGE_EVERY = 10;
/** A disk that works again is used again within this. */
const RECOVERS_WITHIN_MS = 60_000;
const WAIT_MS = 150_000;
/** How often the agent tries a disk that takes nothing. */
const RETRY_S = 10;
const QUICK_RETRY_S = 2;
const TROUBLES: readonly [DiskTrouble, ...DiskTrouble[]] = ['readonly', 'full', 'eio'];

/** Readings that the agent has confirmed as stored; asks until it answers. */
const storedOf = async (site: Site): Promise<number> => {
  let stored: number | undefined;
  await eventually(async () => (stored = (await site.status())?.readings.stored) !== undefined, WAIT_MS);
  return stored ?? 0;
};

const noop = (): void => undefined;

interface Figures {
  recoveredMs: number;
}

const cycle = async (
  site: Site,
  disk: DiskShim,
  trouble: DiskTrouble,
  random: () => number,
  {
    starts,
    ends,
    figures,
    quick,
  }: {
    readonly starts: boolean;
    readonly ends: boolean;
    readonly figures: Figures;
    readonly quick: boolean;
  },
): Promise<string[]> => {
  await sleep(random() * 2_000);
  if (starts) await site.endAgent('SIGTERM');
  disk.suffer(trouble);
  // Rejects where the program ends.
  const started = starts ? site.startAgent().then(noop, noop) : undefined;
  // The agent tries the disk again while it still does not work.
  const tried = (quick ? QUICK_RETRY_S : RETRY_S) * 1_000 + 3_000;
  await sleep(trouble === 'readonly' ? tried : 2_500 + random() * 15_000 * Number(!quick));
  const faults: string[] = [];
  if (site.agent?.running !== true) faults.push(`I1 a disk that is ${trouble} ended the agent`);
  disk.suffer('well');
  await started;
  if (faults.length > 0) return faults;
  if (ends) {
    // What waited for the disk is stored by a stop, whether or not the disk was due to be tried.
    await site.endAgent('SIGTERM');
    await site.startAgent();
    return [];
  }
  const [before, start] = [await storedOf(site), performance.now()];
  await eventually(async () => (await storedOf(site)) > before, WAIT_MS).catch(() => undefined);
  const tookMs = performance.now() - start;
  figures.recoveredMs = Math.max(figures.recoveredMs, tookMs);
  if (tookMs > RECOVERS_WITHIN_MS)
    faults.push(`I6 ${Math.round(tookMs)} ms after the disk was well again, nothing was stored`);
  return faults;
};

/** Fills the agent's disk, makes it read-only, or lets it fail, for seconds; then it is well again. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const disk = putDiskUnder(compileShim(folder), `${folder}/agent`, { forgets: false });
  const environment = { agent: disk.environment };
  const programs = layOutPrograms(folder, edits);
  const diskRetry = `${quick ? QUICK_RETRY_S : RETRY_S}s`;
  const site = await Site.open({ folder, programs, environment, diskRetry });
  const random = createRandom(seed);
  const figures: Figures = { recoveredMs: 0 };
  const troubleOf = (done: number): DiskTrouble =>
    (quick ? TROUBLES[done - 1] : undefined) ?? pick(random, TROUBLES);
  try {
    await eventually(() => site.delivers(), WAIT_MS);
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      // Into a disk that does not work at all the agent starts, too.
      const starts = quick ? done === 2 : random() < 0.3;
      const ends = quick ? done === 3 : random() < 0.2;
      // A connection to a disk that was read-only takes nothing more: the file must be opened anew.
      const trouble = ends ? 'readonly' : troubleOf(done);
      progress(done, [starts ? 'started' : '', trouble, ends ? 'ended' : ''].join(' ').trim());
      const faults = await cycle(site, disk, trouble, random, { starts, ends, figures, quick });
      if (faults.length === 0 && done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      verdict = withFaults(await judgeSite(site, USUAL), faults);
      if (verdict.faults.length > 0 || done === cycles) break;
      await site.startAgent();
    }
    return {
      ...verdict,
      figures: { ...verdict.figures, slowestRecoveryMs: Math.round(figures.recoveredMs) },
    };
  } finally {
    await site.close();
  }
};

export const disk: FaultTest = {
  cycles: 200,
  mutants: {
    'no-waiting': {
      breaks: 'what the disk refuses is dropped without a word',
      found: /^I1 .*middle/,
      edits: [
        {
          file: 'agent/acquisition/append-queue.js',
          find: 'if (!settled)\n                this.#wait(chunk);',
          replace: '',
        },
      ],
    },
    'no-last-try': {
      breaks: 'a stop leaves in memory what a disk would take that works again',
      found: /^I1 run .* of its last/,
      edits: [
        { file: 'agent/buffer/store.js', find: "this.retry('now');\n        this.commit();", replace: '' },
        { file: 'agent/buffer/open-buffer.js', find: "this.#open().retry('now');", replace: '' },
      ],
    },
    'no-start': {
      breaks: 'an agent ends that cannot answer for want of a socket',
      found: /^I1 .* ended the agent/,
      edits: [
        {
          file: 'agent/local/keep-status-socket.js',
          find: "if (!(error instanceof LocalError) || error.code !== 'no-socket')",
          replace: 'if (error)',
        },
      ],
    },
  },
  run,
};
