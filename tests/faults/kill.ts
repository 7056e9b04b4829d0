import { createRandom } from '../../drivers/simulator/random.js';
import { eventually } from '../support/eventually.js';
import { judgeSite, type Verdict } from './checker.js';
import { pick, sleep, type FaultSettings, type FaultTest } from './fault-test.js';
import { layOutPrograms, type Edit } from './programs.js';
import { Site } from './site.js';

const JUDGE_EVERY = 25;
/** A piece of this size going up carries a batch. */
const BATCH_BYTES = 300;
const MOMENT_MS = 5_000;
const CONNECT_MS = 60_000;

/** The fleet asks again for what it lacks, as long as the agent has it: without history, it does not. */
export const NO_HISTORY: Edit = {
  file: 'agent/buffer/open-buffer.js',
  find: 'historyBytes: 1_024 * MIB,',
  replace: 'historyBytes: 0,',
};

type Moment = 'any' | 'confirmed' | 'sending' | 'answered';

/** Resolves when the agent confirms readings that it had not confirmed before. */
export const confirmedAnew = async (site: Site): Promise<void> => {
  const before = (await site.status())?.readings.stored;
  await eventually(async () => (await site.status())?.readings.stored !== before, MOMENT_MS).catch(
    () => undefined,
  );
};

/** Resolves when the moment has come, or does not come; calls `strike` in that very moment. */
const strikeAt = async (site: Site, moment: Moment, strike: () => void): Promise<void> => {
  let struck = false;
  const once = (): void => {
    if (!struck) strike();
    struck = true;
  };
  if (moment === 'confirmed') await confirmedAnew(site);
  if (moment === 'sending' || moment === 'answered') {
    // Of an answer that is swallowed the gateway never learns.
    site.proxy.watch = (direction, bytes) => {
      if (moment === 'sending' && direction === 'up' && bytes >= BATCH_BYTES) setImmediate(once);
      if (moment === 'answered' && direction === 'down') once();
      return !(moment === 'answered' && struck);
    };
    await eventually(() => struck, MOMENT_MS).catch(() => undefined);
    site.proxy.watch = undefined;
  }
  once();
};

const cycle = async (site: Site, random: () => number): Promise<string> => {
  const victims = pick(random, [['agent'], ['agent'], ['fleet'], ['agent', 'fleet']] as const);
  const moment = pick<Moment>(random, ['any', 'confirmed', 'sending', 'answered']);
  await sleep(random() * 800);
  await strikeAt(site, moment, () => {
    for (const victim of victims) site[victim]?.signal('SIGKILL');
  });
  for (const victim of victims) await (victim === 'agent' ? site.agentEnded() : site.fleet?.ended());
  await sleep(random() * 300);
  await Promise.all(victims.map((victim) => (victim === 'agent' ? site.startAgent() : site.startFleet())));
  if (random() < 0.8) await eventually(() => site.delivers(), CONNECT_MS);
  return `${victims.join(' and ')}, ${moment}`;
};

/** Kills agent and fleet at random moments, and in the moments that hurt most. */
const run = async ({ folder, cycles, seed, edits, progress }: FaultSettings): Promise<Verdict> => {
  const site = await Site.open({ folder, programs: layOutPrograms(folder, edits) });
  const random = createRandom(seed);
  try {
    let verdict: Verdict = { faults: [], figures: {} };
    for (let done = 1; done <= cycles; done += 1) {
      progress(done, await cycle(site, random));
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

export const kill: FaultTest = {
  cycles: 1_000,
  mutants: {
    'early-append': {
      breaks: 'a reading is confirmed as stored before its commit',
      found: /^I1 .* confirmed/,
      edits: [
        {
          file: 'agent/buffer/open-buffer.js',
          find: 'const waiting = store.append(readings, (error) => {',
          replace: 'resolve();\n                const waiting = store.append(readings, (error) => {',
        },
      ],
    },
    'ack-on-puback': {
      breaks: "the gateway takes the broker's PUBACK for the fleet's ack; the broker gives it on arrival",
      found: /declared lost|batches .* missing/,
      edits: [
        NO_HISTORY,
        {
          file: 'agent/uplink/session.js',
          find: "send: (message) => this.#post('batch', message),",
          replace:
            "send: (message) => void this.#publish('batch', message).then(async () => { const { epoch, seq } = parseBatch(message).header; await buffer.ack(epoch, [[seq, seq]]); this.#sender.settle(epoch, [seq]); }, () => this.#inbox.wake()),",
        },
        {
          file: 'agent/uplink/session.js',
          find: "import { decodeMessage, encodeMessage } from '#wire/message-codec.js';",
          replace:
            "import { decodeMessage, encodeMessage } from '#wire/message-codec.js';\nimport { parseBatch } from '#wire/batch.js';",
        },
        {
          file: 'fleet/operations/ingest.js',
          find: 'return deps.door.batch(gatewayId, payload, receivedAt);',
          replace:
            'setTimeout(() => void deps.door.batch(gatewayId, payload, receivedAt), 300);\n            return;',
        },
      ],
    },
    'ack-before-commit': {
      breaks: 'the fleet acks on arrival, its commit comes 300 ms later; no history helps',
      found: /declared lost|batches .* missing/,
      edits: [
        NO_HISTORY,
        {
          file: 'fleet/log/door.js',
          find: 'const outcome = await deps.appender.append(item);\n        deps.outcome(outcome, item);\n        const ack =',
          replace:
            "deps.acknowledge(gatewayId, batchAck('stored', item));\n        await new Promise((resolve) => setTimeout(resolve, 300));\n        const outcome = await deps.appender.append(item);\n        deps.outcome(outcome, item);\n        const ack =",
        },
      ],
    },
  },
  run,
};
