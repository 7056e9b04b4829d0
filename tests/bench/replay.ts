import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openBuffer } from '../../agent/buffer/open-buffer.js';
import { BUFFER_THREAD_LIMITS, openThreadBuffer } from '../../agent/buffer/thread-buffer.js';
import { loadIdentity } from '../../agent/identity/stored-identity.js';
import { BUFFER_THREAD } from '../../agent/threads.js';
import { layOutPrograms } from '../faults/programs.js';
import { Site } from '../faults/site.js';
import { eventually } from '../support/eventually.js';
import { appendBacklog, defineBacklogPoints } from './replay-backlog.js';
import { measureLatency, percentile, watchNewest } from './replay-latency.js';

const READINGS = 288_000;
const STORED_ROWS = 10_000_000;
const STORE_READINGS = 400_000;
/** Readings that wait for their commit at once: more than make a transaction of their own, so that no timer is measured. */
const STORE_TOGETHER = 20_000;
/** Two seconds, the default commit interval, of 200 points a minute. */
const COMMIT_READINGS = 7;
const COMMITS = 1_500;
/** Readings sealed between appends: at so many an agent without an uplink seals. */
const SLICE = 10_000;
/** So many make a transaction of their own at once, without a wait for the commit interval. */
const APPEND = 10_000;
const BASELINE_MS = 20_000;
const REPLAY_MS = 300_000;
const START_MS = 120_000;

/**
 * What a gateway of 200 points a minute has piled up in a day (`readings`, 288,000 by default) is delivered by the
 * real agent to a real fleet, both processes of this machine, over mutual TLS, while a meter is polled live.
 * `seconds`: from the agent's first session to the last ack. `liveLatencyP95Ratio`: from a value being said to
 * its being in the fleet's log, during the replay and without. `offlineBytesPerReading`: the file, once sealed.
 * `writtenBytesPerReading`: handed to the disk, at commits of the default interval.
 * `startSeconds`: from the agent's process to a new reading in the fleet's log, with 10 million sealed readings
 * (in proportion to `readings`) on the disk. `storeReadingsPerSecond`: through the buffer's thread, appends of 20.
 */
export const run = async (options: { readonly readings?: number }): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const readings = options.readings ?? READINGS;
  try {
    const storeReadingsPerSecond = await measureStore(join(folder, 'store.db'));
    const writtenBytesPerReading = await measureWritten(join(folder, 'written.db'));
    const replayed = await measureReplay(folder, readings);
    return { ...replayed, writtenBytesPerReading, storeReadingsPerSecond };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measureStore = async (path: string): Promise<number> => {
  const worker = new Worker(BUFFER_THREAD, { resourceLimits: BUFFER_THREAD_LIMITS });
  const buffer = await openThreadBuffer({ path, worker, commitMs: 50 });
  const numbers = await defineBacklogPoints(buffer);
  const start = performance.now();
  await appendBacklog(buffer, numbers, STORE_READINGS, { each: 20, together: STORE_TOGETHER });
  const seconds = (performance.now() - start) / 1_000;
  await buffer.close();
  return STORE_READINGS / seconds;
};

/** A commit holds what two seconds bring; nothing waits for those two seconds here. */
const measureWritten = async (path: string): Promise<number> => {
  const worker = new Worker(BUFFER_THREAD, { resourceLimits: BUFFER_THREAD_LIMITS });
  const buffer = await openThreadBuffer({ path, worker, commitMs: 1 });
  const numbers = await defineBacklogPoints(buffer);
  const written = async (): Promise<number> => (await buffer.state()).wear.writtenBytes ?? Number.NaN;
  const before = await written();
  const readings = COMMITS * COMMIT_READINGS;
  await appendBacklog(buffer, numbers, readings, { each: COMMIT_READINGS, together: COMMIT_READINGS });
  const after = await written();
  await buffer.close();
  return (after - before) / readings;
};

/** Puts sealed readings into the buffer of an agent that does not run; gives the last batch's number. */
const pileUp = async (agentFolder: string, readings: number): Promise<number> => {
  const identity = loadIdentity(agentFolder);
  if (identity === undefined) throw new Error('the agent is not enrolled');
  const { gatewayId: source, thumbprint: certificate, privateKey } = identity;
  const buffer = await openBuffer({ path: join(agentFolder, 'buffer.db'), commitMs: 50 });
  try {
    await buffer.setSigner({ source, certificate, privateKey });
    const numbers = await defineBacklogPoints(buffer);
    for (let done = 0; done < readings; done += SLICE) {
      const count = Math.min(SLICE, readings - done);
      await appendBacklog(buffer, numbers, count, {
        each: APPEND,
        together: APPEND,
        remaining: readings - done,
      });
      while ((await buffer.seal('backfill', 'due')) > 0);
    }
    return (await buffer.state()).lastSealed;
  } finally {
    await buffer.close();
  }
};

const measureReplay = async (folder: string, readings: number): Promise<Record<string, number>> => {
  const siteFolder = join(folder, 'site');
  let [lastSeq, offlineBytes] = [0, 0];
  const site = await Site.open({
    folder: siteFolder,
    programs: layOutPrograms(siteFolder),
    enrolled: async () => {
      lastSeq = await pileUp(join(siteFolder, 'agent'), readings);
      offlineBytes = statSync(join(siteFolder, 'agent', 'buffer.db')).size;
    },
  });
  try {
    await eventually(() => site.delivers(), START_MS);
    const start = performance.now();
    const during = await measureLatency(site);
    await eventually(async () => ((await site.status())?.buffer.firstUnacked ?? 0) > lastSeq, REPLAY_MS);
    const seconds = (performance.now() - start) / 1_000;
    const replayMs = await during.stop();
    const without = await measureLatency(site);
    await new Promise((resolve) => setTimeout(resolve, BASELINE_MS));
    const baselineMs = await without.stop();
    const startSeconds = await measureStart(site, Math.round((STORED_ROWS * readings) / READINGS));
    return {
      seconds,
      liveLatencyP95Ratio: percentile(replayMs, 0.95) / percentile(baselineMs, 0.95),
      liveLatencyP95Ms: percentile(baselineMs, 0.95),
      offlineBytesPerReading: offlineBytes / readings,
      startSeconds,
    };
  } finally {
    await site.close();
  }
};

const measureStart = async (site: Site, rows: number): Promise<number> => {
  await site.endAgent('SIGTERM');
  await pileUp(site.agentFolder, rows);
  const spawnedAt = Date.now();
  const hasCome = await watchNewest(site);
  const starting = site.startAgent();
  await eventually(hasCome, START_MS);
  const seconds = (Date.now() - spawnedAt) / 1_000;
  await starting;
  return seconds;
};
