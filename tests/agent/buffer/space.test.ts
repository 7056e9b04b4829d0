import { existsSync, statSync } from 'node:fs';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, BufferPoint, SealedBatch } from '../../../agent/buffer/buffer.js';
import { BufferError } from '../../../agent/buffer/buffer-error.js';
import { openBuffer, systemDeps, type BufferOptions } from '../../../agent/buffer/open-buffer.js';
import { allowedBytes, wantsRoom } from '../../../agent/buffer/space.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import { outlives, replacementOf, THINNING_STEPS } from '../../../agent/buffer/thinning-steps.js';
import { KINDS } from '#wire/terms.js';
import {
  BufferFile,
  claimAll,
  point,
  reading,
  readingsOf,
  signingKey,
  START,
  windowColumnsOf,
} from '../../support/buffer.js';
import { accountOf, directoryOf, lossesOf, sealAll } from '../../support/buffer-accounts.js';
import { eventually } from '../../support/eventually.js';

const POINTS: readonly BufferPoint[] = [
  point('a/t', { windows: [60_000, 900_000] }),
  point('a/u', { windows: [60_000, 900_000] }),
  point('a/index', { kind: 'counter', windows: [60_000, 900_000] }),
  point('a/door', { kind: 'event', valueType: 'state' }),
];
const MIB = 1024 ** 2;
const CAP = 0.5 * MIB;

let free = 1e12;
const open = async (options: BufferOptions): Promise<GatewayBuffer> =>
  openBuffer(options, { ...systemDeps, freeBytes: () => free });
let file: BufferFile;
beforeEach(() => {
  free = 1e12;
  file = new BufferFile(open);
});
afterEach(async () => file.remove());

const prepare = async (options: Partial<BufferOptions> = {}, signed = true): Promise<GatewayBuffer> => {
  const buffer = await file.open(options, signed);
  const numbers = await buffer.definePoints(POINTS);
  const { hash, bytes } = directoryOf(POINTS, numbers);
  await buffer.useDirectory(hash, bytes);
  return buffer;
};

/** Noise: a batch of these costs about 8 bytes a reading. */
const noisy = (index: number): number => Math.sin(index * 12.9898) * 43_758.5453;

/** Hours of readings: two gauges each 10 s, a counter and an event each hour; all of an hour sealed before the next. */
const fill = async (buffer: GatewayBuffer, from: number, hours: number, seal = true): Promise<void> => {
  for (let hour = from; hour < from + hours; hour += 1) {
    const rows = Array.from({ length: 360 }, (_, index) => hour * 360 + index).flatMap((round) => [
      reading(1, round * 10_000, { value: noisy(round), held: round % 10 === 3 }),
      reading(2, round * 10_000, { value: noisy(round + 0.5) }),
      ...(round % 360 === 0
        ? [reading(3, round * 10_000, { value: round }), reading(4, round * 10_000, { value: round })]
        : []),
    ]);
    await takenBy(async () => buffer.append(rows));
    if (seal) await takenBy(async () => sealAll(buffer));
    await roomMade(buffer);
  }
};

const roomMade = async (buffer: GatewayBuffer): Promise<void> =>
  eventually(async () => {
    const { storage } = await buffer.state();
    return storage.usedBytes <= 0.92 * storage.allowedBytes;
  }, 20_000);

/** Asks again while the buffer says that it is full, as the agent does. */
const takenBy = async (call: () => Promise<unknown>): Promise<void> =>
  eventually(async () => {
    try {
      await call();
      return true;
    } catch (error) {
      if (error instanceof BufferError && error.code === 'full') return false;
      throw error;
    }
  }, 20_000);

const settle = async (buffer: GatewayBuffer): Promise<readonly SealedBatch[]> => {
  await takenBy(async () => sealAll(buffer));
  await roomMade(buffer);
  await takenBy(async () => sealAll(buffer));
  return claimAll(buffer);
};

describe('a buffer whose room ends', { timeout: 120_000 }, () => {
  it('replaces the oldest raw by windows, keeps alarms, and declares exactly what went', async () => {
    const buffer = await prepare({ capBytes: CAP });
    await fill(buffer, 0, 48);
    const batches = await settle(buffer);
    const state = await buffer.state();
    const { delivered, heldBack, lost, lostReadings, seqs } = accountOf(batches, buffer.epoch);

    expect(lostReadings).toBeGreaterThan(2_000);
    expect(delivered + heldBack + lost + state.unsealedRows).toBe(state.lastOrdinal);
    expect(seqs.size).toBe(state.lastSealed);
    expect(state.lostReadings).toBe(lostReadings);
    expect(statSync(file.path).size).toBeLessThanOrEqual(CAP);

    const raw = batches.flatMap(readingsOf);
    expect(raw.filter(({ point: number }) => number === 4)).toHaveLength(48);
    expect(new Set(raw.map(({ ordinal }) => ordinal)).size).toBe(raw.length);
    const losses = lossesOf(batches);
    expect(losses.every(({ cause, exact }) => cause === 'space' && exact)).toBe(true);
    expect(losses.some(({ replacedByMs }) => replacedByMs === 60_000)).toBe(true);

    // every closed minute of which raw went has its window, or one that is longer
    const windows = batches.flatMap(windowColumnsOf).filter(({ point: number }) => number === 2);
    const there = new Set(
      windows.flatMap(({ periodMs, windows: made }) =>
        made.flatMap(({ start }) =>
          Array.from({ length: periodMs / 60_000 }, (_, index) => start + index * 60_000),
        ),
      ),
    );
    const kept = raw.filter(({ point: number }) => number === 2).map(({ time }) => time);
    const oldestKept = Math.min(...kept);
    for (let minute = START; minute + 60_000 < oldestKept; minute += 60_000)
      expect(there.has(minute)).toBe(true);
  });

  it('goes on to the longer windows, then to counters, when there is less and less room', async () => {
    const buffer = await prepare({ capBytes: 0.36 * MIB });
    const steps = new Set<string>();
    for (let hour = 0; hour < 48; hour += 4) {
      await fill(buffer, hour, 4);
      steps.add((await buffer.state()).storage.thinned);
    }
    const batches = await settle(buffer);
    const state = await buffer.state();
    const { delivered, heldBack, lost, seqs } = accountOf(batches, buffer.epoch);
    expect(delivered + heldBack + lost + state.unsealedRows).toBe(state.lastOrdinal);
    expect(seqs.size).toBe(state.lastSealed);
    expect([...steps]).toContain('short-windows');
    expect(statSync(file.path).size).toBeLessThanOrEqual(0.36 * MIB);
    const alarms = batches.flatMap(readingsOf).filter(({ point: number }) => number === 4);
    expect(alarms.length).toBe(48);
  });

  it('ends the local history first, which loses nothing', async () => {
    const buffer = await prepare({ capBytes: CAP });
    for (let hour = 0; hour < 48; hour += 1) {
      await fill(buffer, hour, 1);
      await buffer.ack(buffer.epoch, [[1, (await buffer.state()).lastSealed]]);
    }
    await settle(buffer);
    const { lostReadings, lastSealed } = await buffer.state();
    expect(lostReadings).toBe(0);
    expect((await buffer.recall([[1, lastSealed]])).length).toBeLessThan(lastSealed);
  });

  it('gives up rows that nothing could seal yet, and tells it once it can seal', async () => {
    const buffer = await prepare({ capBytes: CAP }, false);
    for (let hour = 0; hour < 24; hour += 2) {
      await fill(buffer, hour, 2, false);
      await takenBy(async () => buffer.seal('backfill', 'due'));
    }
    expect(await claimAll(buffer)).toEqual([]);
    await buffer.setSigner(signingKey);
    const batches = await settle(buffer);
    const state = await buffer.state();
    const { delivered, heldBack, lost, lostReadings } = accountOf(batches, buffer.epoch);
    expect(lostReadings).toBeGreaterThan(2_000);
    expect(delivered + heldBack + lost + state.unsealedRows).toBe(state.lastOrdinal);
    const alarms = batches.flatMap(readingsOf).filter(({ point: number }) => number === 4);
    expect(alarms).toHaveLength(24);
  });

  it('drops nothing whose loss it cannot record', async () => {
    let buffer = await prepare();
    await fill(buffer, 0, 4);
    await takenBy(async () => sealAll(buffer));
    await buffer.close();
    const database = openDatabase(file.path);
    database.exec(`CREATE TRIGGER refuse BEFORE INSERT ON loss BEGIN SELECT RAISE(ABORT, 'no'); END`);
    database.close();
    buffer = await file.open({ capBytes: 0.1 * MIB, historyBytes: 0 });
    const before = await claimAll(buffer);
    // each commit begins to make room again
    for (let time = 0; time < 20; time += 1)
      await buffer.append([reading(1, 14_400_000 + time)]).catch(() => undefined);
    const after = await claimAll(buffer);
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it('gives its reserve back when the disk fills up, and takes it again', async () => {
    free = 200 * MIB;
    const buffer = await prepare({ reserveBytes: MIB, floorBytes: 16 * MIB });
    const reserve = `${file.path}.reserve`;
    expect(statSync(reserve).size).toBe(MIB);
    const touch = async (): Promise<void> => buffer.append([reading(1, 0)]);
    free = 0;
    await eventually(async () => {
      await touch();
      return !existsSync(reserve);
    }, 20_000);
    expect((await buffer.state()).storage).toMatchObject({ reserve: 'released', freeBytes: 0 });
    free = 200 * MIB;
    await eventually(async () => {
      await touch();
      return existsSync(reserve);
    }, 20_000);
  });
});

const facts = fc.record({
  usedBytes: fc.nat(1e9),
  fileBytes: fc.nat(1e9),
  freeBytes: fc.option(fc.nat(1e9), { nil: undefined }),
});
const limits = fc.record({ capBytes: fc.nat(1e9), floorBytes: fc.nat(1e9), reserveBytes: fc.nat(1e8) });

describe('the plan for room', () => {
  it('never allows more than the cap, nor growth into what must stay free', () => {
    fc.assert(
      fc.property(facts, limits, (known, limit) => {
        const allowed = allowedBytes(known, limit);
        expect(allowed).toBeLessThanOrEqual(limit.capBytes);
        const growth = allowed - Math.max(known.fileBytes, limit.reserveBytes);
        if (known.freeBytes !== undefined && growth > 0)
          expect(known.freeBytes - growth).toBeGreaterThanOrEqual(limit.floorBytes - limit.reserveBytes);
        if (wantsRoom(known.usedBytes, allowed, false))
          expect(wantsRoom(known.usedBytes, allowed, true)).toBe(true);
      }),
    );
  });

  it('takes in each step what the one before left, and nothing without a window before the third', () => {
    const windows = fc.subarray([10_000, 60_000, 300_000, 900_000, 3_600_000]);
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        windows,
        fc.constantFrom(0, 10_000, 60_000, 900_000),
        (kind, made, period) => {
          const known = { kind, windows: made };
          let alive = true;
          for (const step of THINNING_STEPS) {
            const lives = outlives(step, known, period);
            if (!alive)
              expect(lives && period >= 900_000 && step === 'all-but-counters' && kind !== 'counter').toBe(
                false,
              );
            if (!lives && (step === 'raw' || step === 'short-windows')) {
              const replacement = replacementOf(step, known);
              expect(replacement).toBeGreaterThan(period);
              expect(made).toContain(replacement);
            }
            alive &&= lives;
          }
          expect(outlives('all', known, period)).toBe(false);
          expect(outlives('all-but-alarms', known, period)).toBe(kind === 'event');
        },
      ),
    );
  });
});
