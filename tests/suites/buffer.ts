import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, NewReading } from '../../agent/buffer/buffer.js';
import {
  BufferFile,
  claimAll,
  hash,
  KNOWN_CLOCK,
  point,
  reading,
  readingsOf,
  signingKey,
  SOURCE,
  START,
  BOOT,
  type OpenBufferForTest,
} from '../support/buffer.js';

const seqsOf = async (
  buffer: GatewayBuffer,
  lane: 'live' | 'backfill',
  except: readonly number[],
): Promise<number[]> => (await buffer.claim(lane, 2, new Set(except))).map(({ seq }) => seq);

/** What every implementation of the buffer does. */
export const describeBuffer = (name: string, open: OpenBufferForTest): void => {
  describe(name, () => {
    let file: BufferFile;
    let buffer: GatewayBuffer;
    beforeEach(() => {
      file = new BufferFile(open);
    });
    afterEach(async () => file.remove());

    it('gives a fresh file an epoch of 16 hexadecimal digits and keeps it', async () => {
      buffer = await file.open();
      const { epoch } = buffer;
      expect(epoch).toMatch(/^[0-9a-f]{16}$/);
      buffer = await file.open();
      expect(buffer.epoch).toBe(epoch);
      expect(buffer.setAside).toBeUndefined();
    });

    it('numbers a key the same for ever', async () => {
      buffer = await file.open();
      const first = await buffer.definePoints([point('a/x'), point('a/y')]);
      await buffer.definePoints([point('b/z')]);
      buffer = await file.open();
      const again = await buffer.definePoints([point('b/z'), point('a/y')]);
      expect(again.get('a/y')).toBe(first.get('a/y'));
      expect(new Set([first.get('a/x'), first.get('a/y'), again.get('b/z')]).size).toBe(3);
    });

    it('seals what was appended into signed batches with every field as it was', async () => {
      buffer = await file.ready();
      const given = [
        reading(1, 0, { value: 21.37 }),
        reading(2, 1, { value: 2n ** 62n + 1n, deviceTime: START - 500, deviceClock: 'degraded' }),
        reading(1, 2, { value: null, flag: 9, reason: 'no-answer' }),
        reading(2, 3, { value: 9_007_199_254_740_991 }),
        reading(1, 4, { value: 'open', flag: 3, reason: 'rate', clock: 'holdover', uncertaintyMs: 250 }),
        reading(1, 5, { value: 1e17 }),
        reading(1, 6, { value: '42' }),
      ];
      await buffer.append(given.slice(0, 3));
      await buffer.append(given.slice(3));
      expect(await buffer.seal('live', 'due')).toBe(1);
      const [batch] = await claimAll(buffer);
      expect(batch?.header).toMatchObject({
        source: SOURCE,
        epoch: buffer.epoch,
        seq: 1,
        lane: 'live',
        count: 7,
        heldBack: 0,
      });
      const got = batch === undefined ? [] : readingsOf(batch);
      expect(got).toEqual(
        given.map(({ boot: _boot, monotonic: _monotonic, held: _held, ...rest }, index) => ({
          ...rest,
          ordinal: index + 1,
        })),
      );
    });

    it('seals each reading once, in numbered batches of at most a thousand', async () => {
      buffer = await file.ready();
      await buffer.append(Array.from({ length: 2_500 }, (_, index) => reading(1 + (index % 2), index)));
      expect(await buffer.seal('live', 'full')).toBe(2);
      expect(await buffer.seal('live', 'due')).toBe(1);
      expect(await buffer.seal('live', 'due')).toBe(0);
      const batches = await claimAll(buffer);
      expect(batches.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(batches.flatMap(readingsOf).map(({ ordinal }) => ordinal)).toEqual(
        Array.from({ length: 2_500 }, (_, index) => index + 1),
      );
    });

    it('gives the same bytes for the same batch, also after a restart', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0)]);
      await buffer.seal('live', 'due');
      const before = await buffer.claim('live', 1, new Set());
      buffer = await file.open();
      const after = await buffer.claim('live', 1, new Set());
      expect(after).toEqual(before);
      expect(await buffer.recall([[1, 5]])).toEqual(before);
    });

    it('claims the newest of the live lane and the oldest of the backfill first', async () => {
      buffer = await file.ready();
      for (const lane of ['live', 'backfill'] as const) {
        for (let index = 0; index < 3; index += 1) {
          await buffer.append([reading(1, index)]);
          await buffer.seal(lane, 'due');
        }
      }
      expect(await seqsOf(buffer, 'live', [])).toEqual([3, 2]);
      expect(await seqsOf(buffer, 'live', [3])).toEqual([2, 1]);
      expect(await seqsOf(buffer, 'backfill', [4])).toEqual([5, 6]);
    });

    it('keeps acked batches for recall and claims them no more', async () => {
      buffer = await file.ready();
      await buffer.append(Array.from({ length: 3_000 }, (_, index) => reading(1, index)));
      await buffer.seal('live', 'due');
      await buffer.ack('0000000000000000', [[1, 3]]);
      expect((await buffer.state()).unackedBatches).toBe(3);
      await buffer.ack(buffer.epoch, [
        [1, 1],
        [3, 900],
      ]);
      expect(await buffer.state()).toMatchObject({ firstUnacked: 2, lastSealed: 3, unackedBatches: 1 });
      buffer = await file.open();
      expect((await claimAll(buffer)).map(({ seq }) => seq)).toEqual([2]);
      expect((await buffer.recall([[1, 3]])).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      await buffer.ack(buffer.epoch, [[1, 3]]);
      expect((await buffer.state()).firstUnacked).toBe(4);
    });

    it('keeps a refused batch and never sends it again', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0)]);
      await buffer.seal('live', 'due');
      await buffer.quarantine(buffer.epoch, [{ seq: 1, reason: 'unknown-content' }]);
      await buffer.ack(buffer.epoch, [[1, 1]]);
      buffer = await file.open({ historyBytes: 0 });
      expect(await claimAll(buffer)).toEqual([]);
      expect(await buffer.state()).toMatchObject({
        quarantinedBatches: 1,
        unackedBatches: 0,
        firstUnacked: 2,
      });
      expect(await buffer.recall([[1, 1]])).toHaveLength(1);
    });

    it('drops the oldest acked batches beyond the size of the history, and no other', async () => {
      buffer = await file.ready(undefined, { historyBytes: 1 });
      await buffer.append(Array.from({ length: 3_000 }, (_, index) => reading(1, index)));
      await buffer.seal('live', 'due');
      await buffer.ack(buffer.epoch, [[1, 2]]);
      expect((await buffer.recall([[1, 3]])).map(({ seq }) => seq)).toEqual([3]);
    });

    it('seals nothing without a key, a directory or the time', async () => {
      buffer = await file.open({}, false);
      const numbers = await buffer.definePoints([point('a/x')]);
      const unsynced = { clock: 'unsynced', time: 1_000, uncertaintyMs: 1e9 } as const;
      await buffer.append([reading(numbers.get('a/x') ?? 0, 0, unsynced)]);
      expect(await buffer.seal('live', 'due')).toBe(0);
      await buffer.setSigner(signingKey);
      expect(await buffer.seal('live', 'due')).toBe(0);
      await buffer.useDirectory(hash(1), Uint8Array.of(1));
      expect(await buffer.seal('live', 'due')).toBe(0);
      expect((await buffer.state()).unsealedRows).toBe(1);
      await buffer.synchronise(BOOT, KNOWN_CLOCK);
      expect(await buffer.seal('live', 'due')).toBe(1);
    });

    it('counts held-back readings in the batch of their range and sends them not', async () => {
      buffer = await file.ready();
      await buffer.append(
        Array.from({ length: 100 }, (_, index) => reading(1, index, { held: index % 10 !== 0 })),
      );
      await buffer.append([reading(1, 200, { held: true })]);
      await buffer.seal('live', 'due');
      const [batch] = await claimAll(buffer);
      expect(batch?.header).toMatchObject({ count: 10, heldBack: 91 });
      expect(await buffer.state()).toMatchObject({ unsealedRows: 0, heldRows: 91 });
    });

    it('counts held-back readings that fill no batch in the next one', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0, { held: true })]);
      expect(await buffer.seal('live', 'due')).toBe(0);
      buffer = await file.open();
      await buffer.append([reading(1, 1)]);
      await buffer.seal('live', 'due');
      expect((await claimAll(buffer)).map(({ header }) => header.heldBack)).toEqual([1]);
    });

    it('names in each batch the directory that its rows were made under', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0)]);
      await buffer.useDirectory(hash(2), Uint8Array.of(4));
      await buffer.append([reading(1, 1)]);
      await buffer.useDirectory(hash(1), Uint8Array.of(1, 2, 3));
      await buffer.append([reading(2, 2)]);
      await buffer.seal('live', 'due');
      const batches = await claimAll(buffer);
      expect(batches.map(({ header }) => header.directory[0])).toEqual([1, 2, 1]);
      expect((await buffer.state()).directory[0]).toBe(1);
    });

    it('offers directories until they are acked, and again when asked', async () => {
      buffer = await file.ready();
      await buffer.useDirectory(hash(2), Uint8Array.of(9));
      const firsts = async (wanted?: readonly Uint8Array[]): Promise<(number | undefined)[]> =>
        (await buffer.directories(wanted)).map((each) => each.hash[0]);
      expect(await firsts()).toEqual([1, 2]);
      await buffer.ackDirectories([hash(1)]);
      buffer = await file.open();
      expect(await firsts()).toEqual([2]);
      expect(await firsts([hash(1), hash(3)])).toEqual([1]);
    });

    it('marks as backfill what is old when it is sealed', async () => {
      buffer = await file.ready();
      await buffer.append(Array.from({ length: 1_000 }, (_, index) => reading(1, index)));
      await buffer.append([reading(1, 3_600_000)]);
      await buffer.seal('live', 'due');
      expect((await claimAll(buffer)).map(({ lane }) => lane)).toEqual(['backfill', 'live']);
    });

    it('refuses a reading that no batch could carry, and stores its neighbours', async () => {
      buffer = await file.ready();
      const bad: Partial<NewReading>[] = [
        { value: Number.NaN },
        { value: Infinity },
        { value: 2n ** 63n },
        { value: 'é'.repeat(128) },
        { time: Number.NaN },
        { time: 1e16 },
        { point: 3 },
        { point: 0 },
      ];
      const appended = bad.map(async (change) => buffer.append([reading(1, 0), reading(1, 0, change)]));
      appended.push(buffer.append([reading(2, 0)]));
      const outcomes = await Promise.allSettled(appended);
      expect(outcomes.map(({ status }) => status)).toEqual([...bad.map(() => 'rejected'), 'fulfilled']);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'invalid' });
      expect((await buffer.state()).lastOrdinal).toBe(1);
    });

    it('sets an unreadable file aside and begins a new epoch', async () => {
      buffer = await file.open();
      const { epoch } = buffer;
      await buffer.close();
      writeFileSync(file.path, Buffer.alloc(8_192, 0x5a));
      buffer = await file.ready();
      expect(buffer.epoch).not.toBe(epoch);
      expect(buffer.setAside?.path).toMatch(/buffer\.db\.bad-/);
      await buffer.append([reading(1, 0)]);
      await buffer.seal('live', 'due');
      const sealed = await claimAll(buffer);
      expect(sealed.flatMap(readingsOf)).toHaveLength(1);
      expect(sealed.every(({ header }) => header.epoch === buffer.epoch)).toBe(true);
    });

    it('lets no second process have the file', async () => {
      await file.ready();
      await expect(open({ path: file.path })).rejects.toMatchObject({ name: 'BufferError', code: 'busy' });
    });

    it('stores what was appended when it is closed, and refuses calls after', async () => {
      buffer = await file.ready(undefined, { commitMs: 60_000 });
      const appended = buffer.append([reading(1, 0)]);
      buffer = await file.open();
      await appended;
      expect((await buffer.state()).lastOrdinal).toBe(1);
      await buffer.close();
      await expect(buffer.state()).rejects.toMatchObject({ name: 'BufferError' });
    });
  });
};
