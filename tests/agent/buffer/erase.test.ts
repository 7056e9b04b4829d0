import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { createErase } from '../../../agent/commands/erase.js';
import { BufferFile, claimAll, reading, readingsOf, START } from '../../support/buffer.js';
import { accountOf, sealAll } from '../../support/buffer-accounts.js';

let file: BufferFile;
let buffer: GatewayBuffer;
beforeEach(async () => {
  file = new BufferFile(openBuffer);
  buffer = await file.ready();
});
afterEach(async () => file.remove());

const HOUR = 3_600_000;
/** Of point 1 in the second hour: eight bytes that are nowhere else. */
const SECRET = 41.12345678901234;
const secretBytes = (): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(SECRET);
  return bytes;
};
const onDisk = (): Buffer =>
  Buffer.concat(
    [file.path, `${file.path}-wal`].filter((path) => existsSync(path)).map((path) => readFileSync(path)),
  );

/** Four hours of two points in turn, one of three held back. */
const store = async (): Promise<void> => {
  for (let hour = 0; hour < 4; hour += 1) {
    await buffer.append(
      Array.from({ length: 3_600 }, (_, second) =>
        reading(1 + (second % 2), hour * HOUR + second * 1_000, {
          value: hour === 1 && second % 2 === 0 ? SECRET : second,
          held: second % 3 === 0,
        }),
      ),
    );
    await sealAll(buffer);
  }
};
const ackAll = async () => buffer.ack(buffer.epoch, [[1, (await buffer.state()).lastSealed]]);
const hour = { fromMs: START + HOUR, toMs: START + 2 * HOUR };

/** Times of point 1 in a period that a recall still finds. */
const recalledOf = async (period: { readonly fromMs: number; readonly toMs: number }): Promise<number> => {
  await buffer.recallPeriod(period);
  return (await claimAll(buffer))
    .flatMap(readingsOf)
    .filter(({ point, time }) => point === 1 && time >= period.fromMs && time < period.toMs).length;
};
const recalled = async (): Promise<number> => recalledOf(hour);

describe('an erased period', () => {
  it('is in no batch, no held-back reading, no free page and no journal, and its neighbours stay', async () => {
    await store();
    await ackAll();
    expect(onDisk().includes(secretBytes())).toBe(true);
    const erased = await buffer.erasePeriod({ ...hour, keys: ['a/x'] });
    expect(erased.batches).toBeGreaterThan(0);
    expect(erased.readings).toBe(600);
    expect(erased.left.batches).toBe(0);
    expect(onDisk().includes(secretBytes())).toBe(false);
    expect(await recalled()).toBe(0);
    await buffer.recallPeriod({ fromMs: START, toMs: START + HOUR });
    expect((await claimAll(buffer)).flatMap(readingsOf).length).toBeGreaterThan(2_000);
  });

  it('that the fleet does not have yet is delivered first, and counted', async () => {
    await store();
    const { batches, left } = await buffer.erasePeriod(hour);
    expect([batches, left.batches > 0]).toEqual([0, true]);
    const { lastSealed, lastOrdinal, unsealedRows } = await buffer.state();
    const { delivered, heldBack } = accountOf(await buffer.recall([[1, lastSealed]]), buffer.epoch);
    expect(delivered + heldBack + unsealedRows).toBe(lastOrdinal);
    await ackAll();
    expect(await buffer.erasePeriod(hour)).toMatchObject({ left: { batches: 0 } });
    expect(await recalled()).toBe(0);
  });

  it('of which windows are still to be made is counted as left, and goes once they are', async () => {
    await store();
    const at = 4 * HOUR;
    await buffer.append([reading(1, at, { value: SECRET })]);
    await sealAll(buffer);
    await ackAll();
    const period = { fromMs: START + at, toMs: START + at + 1_000 };
    expect((await buffer.erasePeriod(period)).left).toMatchObject({ batches: 0, rows: 1 });
    expect(onDisk().includes(secretBytes())).toBe(true);
    await buffer.append([reading(1, at + HOUR), reading(2, at + HOUR)]);
    await sealAll(buffer);
    await ackAll();
    expect((await buffer.erasePeriod(period)).left).toMatchObject({ batches: 0, rows: 0 });
    expect(await recalledOf(period)).toBe(0);
  });

  it('takes files along whose content was saved', async () => {
    writeFileSync(`${file.path}.saved-2026`, 'of old');
    expect((await buffer.erasePeriod(hour)).files).toBe(1);
    expect(existsSync(`${file.path}.saved-2026`)).toBe(false);
  });
});

describe('the command erase', () => {
  it('says what went and what is left, and refuses what it does not understand', async () => {
    await store();
    const erase = createErase({ buffer });
    const { signal } = new AbortController();
    const given = { from: hour.fromMs, to: hour.toMs };
    expect((await erase(given, signal)).detail).toMatch(/^0 batches.*erase again later/);
    await ackAll();
    expect((await erase(given, signal)).detail).toMatch(/^[1-9]\d* batches/);
    expect((await erase({ from: 2, to: 1 }, signal)).outcome).toBe('refused');
  });
});
