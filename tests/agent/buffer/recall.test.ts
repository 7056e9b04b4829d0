import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import {
  BufferFile,
  claimAll,
  point,
  reading,
  readingsOf,
  START,
  windowColumnsOf,
} from '../../support/buffer.js';
import { accountOf, lossesOf, sealAll } from '../../support/buffer-accounts.js';

let file: BufferFile;
let buffer: GatewayBuffer;
beforeEach(async () => {
  file = new BufferFile(openBuffer);
  buffer = await file.ready();
});
afterEach(async () => file.remove());

const HOUR = 3_600_000;

/** Six hours of a reading each second in turn of two points; two of three are held back. All is acked. */
const history = async (): Promise<void> => {
  for (let hour = 0; hour < 6; hour += 1) {
    await buffer.append(
      Array.from({ length: 3_600 }, (_, second) =>
        reading(1 + (second % 2), hour * HOUR + second * 1_000, { value: second, held: second % 3 !== 0 }),
      ),
    );
    await sealAll(buffer);
  }
  await buffer.ack(buffer.epoch, [[1, (await buffer.state()).lastSealed]]);
};

describe('a recalled period', () => {
  it('is sent as it was stored: batches again with their bytes, held-back readings once, marked', async () => {
    await history();
    const { lastSealed } = await buffer.state();
    const before = await buffer.recall([[1, lastSealed]]);
    const period = { fromMs: START + HOUR, toMs: START + 2 * HOUR };
    const recalled = await buffer.recallPeriod(period);
    const offered = await claimAll(buffer);
    const again = offered.filter(({ seq }) => seq <= lastSealed);
    expect(again).toHaveLength(recalled.batches);
    for (const { seq, message } of again)
      expect(message).toEqual(before.find((batch) => batch.seq === seq)?.message);

    const fresh = offered.filter(({ seq }) => seq > lastSealed);
    expect(fresh.every(({ header, lane }) => header.recalled === true && lane === 'backfill')).toBe(true);
    const times = offered
      .flatMap(readingsOf)
      .map(({ time }) => time)
      .filter((time) => time >= period.fromMs && time < period.toMs);
    expect(new Set(times).size).toBe(3_600);
    expect(times).toHaveLength(3_600);
    expect(fresh.flatMap(readingsOf)).toHaveLength(recalled.readings);

    await buffer.ack(buffer.epoch, [[1, 1_000]]);
    const second = await buffer.recallPeriod(period);
    expect(second).toEqual({ batches: recalled.batches + fresh.length, readings: 0 });
  });

  it('gives what was held back a moment ago, which windows still need, once', async () => {
    buffer = await file.ready([
      point('a/x', { windows: [60_000, 900_000] }),
      point('a/y', { windows: [60_000, 900_000] }),
    ]);
    const seconds = Array.from({ length: 1_300 }, (_, second) => second);
    const append = async (some: readonly number[]): Promise<void> => {
      await buffer.append(
        some.map((second) =>
          reading(1 + (second % 2), second * 1_000, { value: second, held: second % 3 !== 0 }),
        ),
      );
      await sealAll(buffer);
    };
    await append(seconds.slice(0, 1_200));
    const { lastSealed } = await buffer.state();
    await buffer.ack(buffer.epoch, [[1, lastSealed]]);
    const period = { fromMs: START + 100_000, toMs: START + 1_200_000 };
    const only = await buffer.recallPeriod({ ...period, points: [2], toMs: START + 200_000 });
    const { readings: others } = await buffer.recallPeriod(period);
    const fresh = (await claimAll(buffer)).filter(({ header }) => header.recalled === true);
    const values = fresh.flatMap(readingsOf).map(({ value }) => value);
    const held = seconds.filter((second) => second >= 100 && second < 1_200 && second % 3 !== 0);
    expect(values.toSorted((a, b) => Number(a) - Number(b))).toEqual(held);
    expect([only.readings, others]).toEqual([34, held.length - 34]);
    await buffer.ack(buffer.epoch, [[1, 1_000]]);
    expect((await buffer.recallPeriod(period)).readings).toBe(0);
    // the windows that come of them count all, and the account is as it was
    await append(seconds.slice(1_200));
    const { lastSealed: last, lastOrdinal, unsealedRows } = await buffer.state();
    const all = await buffer.recall([[1, last]]);
    const { delivered, heldBack } = accountOf(
      all.filter(({ header }) => header.recalled !== true),
      buffer.epoch,
    );
    expect(delivered + heldBack + unsealedRows).toBe(lastOrdinal);
    const quarter = all.flatMap(windowColumnsOf).find(({ periodMs }) => periodMs === 900_000)?.windows[0];
    expect(quarter?.aggregate.count).toBe(450);
  });

  it('gives the held-back readings of the points that were asked for, and no other', async () => {
    await history();
    const { lastSealed } = await buffer.state();
    await buffer.recallPeriod({ fromMs: START, toMs: START + HOUR, points: [2] });
    const fresh = (await claimAll(buffer)).filter(({ seq }) => seq > lastSealed).flatMap(readingsOf);
    expect(new Set(fresh.map(({ point }) => point))).toEqual(new Set([2]));
    expect(fresh).toHaveLength(1_200);
  });

  it('keeps the account: what was held back is counted once, by its first header', async () => {
    await history();
    await buffer.recallPeriod({ fromMs: START, toMs: START + 6 * HOUR });
    const { lastSealed, lastOrdinal, unsealedRows } = await buffer.state();
    const all = await buffer.recall([[1, lastSealed]]);
    const first = all.filter(({ header }) => header.recalled !== true);
    const { delivered, heldBack } = accountOf(first, buffer.epoch);
    expect(delivered + heldBack + unsealedRows).toBe(lastOrdinal);
    expect(first.length).toBeLessThan(all.length);
  });
});

describe('batches that the fleet lacks after all', () => {
  it('are declared exactly once the local history no longer has them, each once', async () => {
    buffer = await file.open({ historyBytes: 1 });
    await buffer.append(Array.from({ length: 5_000 }, (_, index) => reading(1, index)));
    await sealAll(buffer);
    await buffer.ack(buffer.epoch, [[1, 4]]);
    expect(await buffer.declareMissing(buffer.epoch, [[2, 5]])).toBe(3);
    expect(await buffer.declareMissing(buffer.epoch, [[1, 99]])).toBe(1);
    await buffer.seal('live', 'due');
    const losses = lossesOf(await claimAll(buffer));
    expect(losses).toMatchObject([
      { cause: 'retention', firstSeq: 2, lastSeq: 4, count: 3_000, exact: true },
      { cause: 'retention', firstSeq: 1, lastSeq: 1, count: 1_000, exact: true },
    ]);
    expect(await buffer.declareMissing('0123456789abcdef', [[1, 5]])).toBe(0);
  });
});

describe('the newest state', () => {
  it('is sealed first where many rows wait, and every row once', async () => {
    buffer = await file.open({}, false);
    const count = 60_000;
    for (let from = 0; from < count; from += 10_000)
      await buffer.append(
        Array.from({ length: 10_000 }, (_, index) =>
          reading(1, (from + index) * 1_000, { value: from + index }),
        ),
      );
    buffer = await file.open();
    await buffer.seal('live', 'due');
    const [first] = (await buffer.recall([[1, 1]])).map(readingsOf);
    expect(first?.[0]?.ordinal).toBeGreaterThan(count - 8_001);
    await buffer.append([reading(1, count * 1_000, { value: count })]);
    await sealAll(buffer);
    const ordinals = (await claimAll(buffer)).flatMap(readingsOf).map(({ ordinal }) => ordinal);
    expect(ordinals.toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: count + 1 }, (_, index) => index + 1),
    );
    expect((await buffer.state()).unsealedRows).toBe(0);
  });
});
