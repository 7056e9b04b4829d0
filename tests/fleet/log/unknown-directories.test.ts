import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sealBatch } from '../../../agent/wire/batch.js';
import { encodeDirectory } from '../../../agent/wire/directory-codec.js';
import { createAppender } from '../../../fleet/log/appender.js';
import { createDoor } from '../../../fleet/log/door.js';
import { createUnknownDirectories } from '../../../fleet/log/unknown-directories.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { draftOf, publicKey, signer } from '../../wire/signing.js';

const EPOCH = '0123456789abcdef';
const HASH = new Uint8Array(32).fill(1);

/** A log that has the directories of `held`, and a fleet that notes what it asks for and looks up. */
const prepare = () => {
  const held = new Set<string>();
  const asked: string[] = [];
  const failures: unknown[] = [];
  const state = { now: 0, lookedUp: 0, answers: true };
  const named = createUnknownDirectories({
    log: {
      hasDirectory: async (source) => {
        state.lookedUp += 1;
        if (!state.answers) throw new Error('the log is closed');
        return held.has(source);
      },
    },
    ask: async (gatewayId, epoch, directory) => {
      asked.push(`${gatewayId}/${epoch}/${Buffer.from(directory).toString('hex').slice(0, 2)}`);
    },
    now: () => state.now,
    failed: (_, error) => failures.push(error),
  });
  return { held, asked, failures, state, named };
};

it('asks a gateway for a directory that the log lacks, and again only after a minute', async () => {
  const { held, asked, state, named } = prepare();
  await named('one', EPOCH, HASH);
  await named('one', EPOCH, HASH);
  expect(asked).toEqual([`one/${EPOCH}/01`]);
  state.now = 60_000;
  await named('one', EPOCH, HASH);
  expect(asked).toHaveLength(2);
  held.add('one');
  await named('one', EPOCH, HASH);
  state.now = 200_000;
  await named('one', EPOCH, HASH);
  expect(asked).toHaveLength(2);
});

it('looks up a directory once for as long as its gateway names no other', async () => {
  const { held, state, named } = prepare();
  held.add('one');
  for (let time = 0; time < 5; time += 1) await named('one', EPOCH, HASH);
  expect(state.lookedUp).toBe(1);
  await named('one', EPOCH, new Uint8Array(32).fill(2));
  await named('one', EPOCH, HASH);
  expect(state.lookedUp).toBe(3);
});

it('forgets the gateway that was silent while ten thousand others spoke', async () => {
  const { held, state, named } = prepare();
  for (let gateway = 0; gateway <= 10_000; gateway += 1) {
    held.add(`${gateway}`);
    await named(`${gateway}`, EPOCH, HASH);
  }
  await named('10000', EPOCH, HASH);
  expect(state.lookedUp).toBe(10_001);
  await named('0', EPOCH, HASH);
  expect(state.lookedUp).toBe(10_002);
});

it('tells of a log that does not answer, and asks nothing', async () => {
  const { asked, failures, state, named } = prepare();
  state.answers = false;
  await named('one', EPOCH, HASH);
  expect(failures).toHaveLength(1);
  expect(asked).toEqual([]);
});

it('gets from a gateway what a log set back to an older copy lacks', async () => {
  const log = openLogWriter(join(temporaryFolder(), 'log.db'));
  const { hash, bytes } = encodeDirectory(
    { configuration: '0', devices: [], points: [] },
    new Uint8Array(16),
  );
  const asked: Uint8Array[] = [];
  const named = createUnknownDirectories({
    log,
    ask: async (_gatewayId, _epoch, directory) => {
      asked.push(directory);
      // as the gateway answers
      await door.directory(signer.source, bytes, 2);
    },
    now: () => 1,
    failed: (_, error) => {
      throw error;
    },
  });
  const namings: Promise<void>[] = [];
  const door = createDoor({
    appender: createAppender(log, 256),
    publicKey: () => publicKey,
    acknowledge: () => undefined,
    outcome: () => undefined,
    stored: (...naming) => namings.push(named(...naming)),
  });
  const reading = {
    ordinal: 1,
    time: 1_700_000_000_000,
    value: 1,
    flag: 1,
    reason: 'none',
    clock: 'synced',
    uncertaintyMs: 0,
  } as const;
  const draft = draftOf({ content: 'readings', columns: [{ point: 1, readings: [reading] }] });
  for (const seq of [1, 2]) {
    await door.batch(signer.source, sealBatch({ ...draft, directory: hash, seq }, signer).message, 1);
    await Promise.all(namings);
  }
  expect(asked.map((directory) => Buffer.compare(directory, hash))).toEqual([0]);
  expect(await log.hasDirectory(signer.source, hash)).toBe(true);
  await log.close();
});
