import { array, assert, asyncProperty, constantFrom, integer, record } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, HistoryPlace, NewReading } from '../../../agent/buffer/buffer.js';
import { openHistoryFile } from '../../../agent/buffer/history-file.js';
import { openBuffer, systemDeps } from '../../../agent/buffer/open-buffer.js';
import { encodeDirectory } from '#wire/directory-codec.js';
import type { Reading } from '#wire/readings.js';
import { BufferFile, point, reading, signingKey, START } from '../../support/buffer.js';
import { sealAll } from '../../support/buffer-accounts.js';

let file: BufferFile;
let buffer: GatewayBuffer;
beforeEach(async () => {
  file = new BufferFile(openBuffer);
  buffer = await file.ready();
});
afterEach(async () => file.remove());

const HOUR = 3_600_000;
const ALL = { fromMs: 0, toMs: START + 1_000 * HOUR };

interface Asked {
  readonly key?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly limit?: number;
}

/** All pages of a history, each no longer than it may be. */
const historyOf = async (
  from: Pick<GatewayBuffer, 'history'>,
  { key = 'a/x', limit = 700, ...period }: Asked = {},
): Promise<readonly Reading[]> => {
  const found: Reading[] = [];
  for (let after: HistoryPlace | undefined; ;) {
    const page = await from.history({
      ...ALL,
      ...period,
      key,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    expect(page.readings.length).toBeLessThanOrEqual(limit);
    found.push(...page.readings);
    after = page.next;
    if (after === undefined) return found;
  }
};

/** A reading each second of either point in turn, its value the second; two of three are held back. */
const seconds = (from: number, to: number): NewReading[] =>
  Array.from({ length: to - from }, (_, index) => {
    const second = from + index;
    return reading(1 + (second % 2), second * 1_000, { value: second, held: second % 3 !== 0 });
  });

const evens = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index).filter((second) => second % 2 === 0);

const ackAll = async (): Promise<void> => buffer.ack(buffer.epoch, [[1, (await buffer.state()).lastSealed]]);

/** Acked batches and the archive, then batches that wait, then rows that windows need, then rows. */
const everywhere = async (): Promise<void> => {
  const windows = { windows: [60_000, 900_000] };
  buffer = await file.ready([point('a/x', windows), point('a/y', windows)]);
  await buffer.append(seconds(0, 6_000));
  await sealAll(buffer);
  await ackAll();
  await buffer.append(seconds(6_000, 9_000));
  await sealAll(buffer);
  await buffer.append(seconds(9_000, 9_100));
};

describe("a point's history", () => {
  it('has each stored reading once, by time, wherever it lies by now', async () => {
    await everywhere();
    const found = await historyOf(buffer);
    expect(found.map(({ value }) => value)).toEqual(evens(0, 9_100));
    expect(found.map(({ time }) => time)).toEqual(evens(0, 9_100).map((second) => START + second * 1_000));
  });

  it('is the same from the file when no agent has it open, and tells who has it', async () => {
    await everywhere();
    expect(() => openHistoryFile(file.path)).toThrow(expect.objectContaining({ code: 'busy' }));
    const found = await historyOf(buffer);
    await buffer.close();
    const looked = openHistoryFile(file.path);
    expect(looked && (await historyOf(looked))).toEqual(found);
    looked?.close();
    expect(openHistoryFile(`${file.path}.none`)).toBeUndefined();
  });

  it('ends and begins where it was asked to, and says since when anything is kept', async () => {
    await everywhere();
    const [fromMs, toMs] = [START + 5_000_500, START + 7_000_000];
    const found = await historyOf(buffer, { fromMs, toMs });
    expect(found.map(({ value }) => value)).toEqual(evens(5_001, 7_000));
    expect((await buffer.history({ ...ALL, key: 'a/y', limit: 1 })).keptFromMs).toBe(START);
  });

  it('counts a reading once that is sealed while a page is put together', async () => {
    await buffer.append(seconds(0, 2_000));
    const page = buffer.history({ ...ALL, key: 'a/x', limit: 5_000 });
    await sealAll(buffer);
    expect((await page).readings.map(({ value }) => value)).toEqual(evens(0, 2_000));
  });

  it('goes back to what is oldest by time where a clock was set back in between', async () => {
    await buffer.append([reading(1, 2 * HOUR, { value: 2 })]);
    await buffer.append([reading(1, HOUR, { value: 1 })]);
    await sealAll(buffer);
    await buffer.append([reading(1, 3 * HOUR, { value: 3 }), reading(1, 0, { value: 0 })]);
    expect((await historyOf(buffer, { limit: 1 })).map(({ value }) => value)).toEqual([0, 1, 2, 3]);
  });

  it('is given in part where the search takes long, and goes on where it came to', async () => {
    let now = 0;
    const slow = new BufferFile(async (options) =>
      openBuffer(options, { ...systemDeps, monotonic: () => (now += 1_500) }),
    );
    const asked = await slow.ready();
    await asked.append(seconds(0, 6_000));
    await sealAll(asked);
    expect((await asked.history({ ...ALL, key: 'a/x', limit: 9_000 })).readings.length).toBeLessThan(3_000);
    const found = await historyOf(asked, { limit: 9_000 });
    await slow.remove();
    expect(found.map(({ value }) => value)).toEqual(evens(0, 6_000));
  });

  it('has what the fleet refused, and what was taken before the clock was known by its own time', async () => {
    await buffer.append([reading(1, 0, { value: 1 })]);
    await sealAll(buffer);
    const { lastSealed } = await buffer.state();
    await buffer.quarantine(buffer.epoch, [{ seq: lastSealed, reason: 'body' }]);
    const unsynced = { boot: 'boot-two', clock: 'unsynced', monotonic: 5_000, uncertaintyMs: 9 } as const;
    await buffer.append([reading(1, 0, { ...unsynced, time: 12_345, value: 2 })]);
    expect(await historyOf(buffer)).toMatchObject([
      { time: 12_345, value: 2, clock: 'unsynced' },
      { time: START, value: 1, clock: 'synced' },
    ]);
  });

  it('runs on across a replaced device, and has no reading of another point', async () => {
    await buffer.append([reading(1, 0, { value: 1 }), reading(2, 1, { value: 9 })]);
    await sealAll(buffer);
    const numbers = await buffer.definePoints([point('a/x', { installation: 'second' })]);
    await buffer.append([reading(numbers.get('a/x') ?? 0, 2, { value: 2 })]);
    expect((await historyOf(buffer)).map(({ value }) => value)).toEqual([1, 2]);
    expect(await historyOf(buffer, { key: 'a/z' })).toEqual([]);
  });

  it('goes by the numbers of the directory that a batch names, where they are not those of now', async () => {
    const device = { key: 'a', name: 'A', protocol: 'line', bus: 'b', address: '1', maker: 'm', model: 'm' };
    const more = {
      name: 'x',
      kind: 'gauge',
      valueType: 'float',
      property: 'air_temperature',
      unit: 'Cel',
    } as const;
    const about = { intervalMs: 1_000, maxHoldMs: 1_000, windows: [], scale: 1, offset: 0, tests: {} };
    const points = [
      { number: 2, device: 'a', key: 'x', ...more, ...about },
      { number: 1, device: 'a', key: 'y', ...more, ...about },
    ];
    const devices = [{ ...device, profileHash: '00', installation: {} }];
    const old = encodeDirectory({ configuration: 'c', devices, points }, new Uint8Array(16));
    await buffer.useDirectory(old.hash, old.bytes);
    await buffer.append([reading(1, 0, { value: 1 }), reading(2, 1, { value: 2 })]);
    await sealAll(buffer);
    expect((await historyOf(buffer)).map(({ value }) => value)).toEqual([2]);
  });

  it('is whole and in order however it was stored and sealed, in pages of any length', async () => {
    const step = record({
      times: array(integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 12 }),
      next: constantFrom('nothing', 'seal', 'ack'),
    });
    await assert(
      asyncProperty(array(step, { maxLength: 6 }), integer({ min: 1, max: 9 }), async (steps, limit) => {
        await file.remove();
        file = new BufferFile(openBuffer);
        buffer = await file.ready();
        await buffer.setSigner(signingKey);
        const stored: number[] = [];
        for (const { times, next } of steps) {
          await buffer.append(times.map((at) => reading(1, at, { held: at % 2 === 0 })));
          stored.push(...times.map((at) => START + at));
          if (next !== 'nothing') await sealAll(buffer);
          if (next === 'ack') await ackAll();
        }
        const found = await historyOf(buffer, { limit });
        expect(found.map(({ time }) => time)).toEqual(stored.toSorted((a, b) => a - b));
      }),
      { numRuns: 25 },
    );
  });
});
