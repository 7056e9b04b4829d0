import { judgeSite, USUAL, type Verdict } from './checker.js';
import { sleep, withFaults, type FaultSettings, type FaultTest } from './fault-test.js';
import { layOutPrograms } from './programs.js';
import { Site } from './site.js';

const CYCLE_MS = 10_000;
const JUDGE_EVERY = 30;
/** Later than the timeout of the line, sooner than its lateness. */
const LATE_MS = 700;
const LATE_RATE = 0.1;
const LEAST_LATE = 3;

/** Polls two groups of registers whose replies look alike; one reply in ten comes after it was given up. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const lineFaults = { lateRate: LATE_RATE, lateMs: LATE_MS, seed };
  const programs = layOutPrograms(folder, edits);
  const site = await Site.open({ folder, programs, line: 'rtu-over-tcp', lineFaults });
  try {
    let [verdict, late]: [Verdict, number] = [{ faults: [], figures: {} }, 0];
    for (let done = 1; done <= cycles; done += 1) {
      await sleep(quick ? CYCLE_MS / 2 : CYCLE_MS);
      progress(done, 'polled');
      if (done % JUDGE_EVERY !== 0 && done !== cycles) continue;
      late += (await site.status())?.buses[0]?.lateReplies ?? 0;
      verdict = await judgeSite(site, USUAL);
      if (verdict.faults.length > 0 || done === cycles) break;
      await site.startAgent();
    }
    const untried = late < LEAST_LATE ? [`line: only ${late} replies came late`] : [];
    return withFaults({ ...verdict, figures: { ...verdict.figures, lateReplies: late } }, untried);
  } finally {
    await site.close();
  }
};

export const line: FaultTest = {
  cycles: 180,
  mutants: {
    'no-drain': {
      breaks: 'after a reply that did not come in time the next request leaves at once',
      found: /^I4 /,
      edits: [
        {
          file: 'drivers/modbus/line.js',
          find: ': Math.max(free, this.#suspicion.earliest(unit, this.#lastByteAt));',
          replace: ': free;',
        },
      ],
    },
  },
  run,
};
