import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, type Verdict } from './checker.js';
import { sleep, withFaults, type FaultSettings, type FaultTest } from './fault-test.js';
import { layOutPrograms, Program } from './programs.js';
import { Site } from './site.js';

const GATEWAYS = 1_000;
const QUICK_GATEWAYS = 30;
/** So many of them at once, within so many ms, is a storm. */
const STORM_SHARE = 0.7;
const STORM_MS = 500;
/** The loss of the broker is felt by all at once: what comes after this is their own choice, ms. */
const FELT_MS = 300;
const MOST_ATTEMPTS = 8;
const BACK_WITHIN_MS = 180_000;

const connectedOf = (herd: Program): number => {
  const last = herd.output.trimEnd().split('\n').at(-1) ?? '';
  return last.startsWith('{') ? (JSON.parse(last) as { connected: number }).connected : 0;
};

/** Most attempts within one window, after `from`. */
const peakOf = (attempts: readonly number[], from: number): number => {
  const after = attempts.filter((at) => at >= from);
  return after.reduce((most, start, index) => {
    const beyond = after.findIndex((at, other) => other > index && at > start + STORM_MS);
    return Math.max(most, (beyond < 0 ? after.length : beyond) - index);
  }, 0);
};

interface Figures {
  peakShare: number;
  attemptsEach: number;
  backMs: number;
}

const cycle = async (
  site: Site,
  herd: Program,
  { gateways, downMs }: { readonly gateways: number; readonly downMs: number },
  figures: Figures,
): Promise<string[]> => {
  const from = performance.now();
  const before = site.proxy.connections.length;
  await site.endFleet('SIGKILL');
  await eventually(() => connectedOf(herd) < gateways, BACK_WITHIN_MS);
  await sleep(downMs);
  await site.startFleet();
  await eventually(() => connectedOf(herd) === gateways, BACK_WITHIN_MS).catch(() => undefined);
  const backMs = performance.now() - from;
  const attempts = site.proxy.connections.slice(before);
  const peak = peakOf(attempts, from + FELT_MS) / gateways;
  const each = attempts.length / gateways;
  figures.peakShare = Math.max(figures.peakShare, peak);
  figures.attemptsEach = Math.max(figures.attemptsEach, each);
  figures.backMs = Math.max(figures.backMs, Math.round(backMs));
  const faults: string[] = [];
  const percent = Math.round(peak * 100);
  if (peak > STORM_SHARE) faults.push(`herd: ${percent} % of the gateways came within ${STORM_MS} ms`);
  if (each > MOST_ATTEMPTS) faults.push(`herd: ${each} attempts of each gateway`);
  const lacking = gateways - connectedOf(herd);
  if (lacking > 0) faults.push(`herd: ${lacking} gateways are not back after ${Math.round(backMs)} ms`);
  return faults;
};

/** Restarts the broker under a thousand gateways, and watches how they come back. */
const run = async ({ folder, cycles, seed, edits, progress, quick }: FaultSettings): Promise<Verdict> => {
  const gateways = quick ? QUICK_GATEWAYS : GATEWAYS;
  const programs = layOutPrograms(folder, edits);
  const site = await Site.open({ folder, programs });
  const random = createRandom(seed);
  const figures: Figures = { peakShare: 0, attemptsEach: 0, backMs: 0 };
  let herd: Program | undefined;
  try {
    const folders = Array.from({ length: gateways }, (_, index) => join(folder, 'herd', String(index)));
    for (const each of folders) await site.enrol(each);
    const list = join(folder, 'herd.json');
    writeFileSync(list, JSON.stringify(folders));
    const started = (herd = new Program(join(programs.modules, 'tests/faults/herd-agents.js'), [list]));
    await eventually(() => connectedOf(started) === gateways, BACK_WITHIN_MS);
    const faults: string[] = [];
    for (let done = 1; done <= cycles && faults.length === 0; done += 1) {
      faults.push(...(await cycle(site, started, { gateways, downMs: 500 + random() * 5_000 }, figures)));
      progress(done, JSON.stringify(figures));
    }
    // The one gateway that measures must have come through it all like the others.
    const verdict = withFaults(await judgeSite(site), faults);
    return { ...verdict, figures: { ...verdict.figures, gateways, ...figures } };
  } finally {
    await herd?.end('SIGKILL');
    await site.close();
  }
};

export const herd: FaultTest = {
  cycles: 5,
  mutants: {
    'no-jitter': {
      breaks: 'every gateway waits as long as every other',
      found: /^herd: .* came within/,
      edits: [
        {
          file: 'agent/uplink/back-off.js',
          find: 'return this.#random() * step * this.#firstMs;',
          replace: 'return step * this.#firstMs;',
        },
      ],
    },
  },
  run,
};
