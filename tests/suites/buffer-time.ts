import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer } from '../../agent/buffer/buffer.js';
import {
  BOOT,
  BufferFile,
  claimAll,
  KNOWN_CLOCK,
  point,
  reading,
  readingsOf,
  START,
  windowColumnsOf,
  type OpenBufferForTest,
} from '../support/buffer.js';

const meter = (installation: string) => point('a/x', { kind: 'counter', windows: [60_000], installation });

/** What every implementation of the buffer makes of the time: repaired rows, bounds and windows. */
export const describeBufferTime = (name: string, open: OpenBufferForTest): void => {
  describe(name, () => {
    let file: BufferFile;
    let buffer: GatewayBuffer;
    beforeEach(() => {
      file = new BufferFile(open);
    });
    afterEach(async () => file.remove());

    it('repairs the rows of the boot that becomes synced, also those that come later', async () => {
      buffer = await file.ready();
      const unsynced = { clock: 'unsynced', uncertaintyMs: 1e9 } as const;
      await buffer.append([
        reading(1, 0, { ...unsynced, time: 10 }),
        reading(1, 1_000, { ...unsynced, time: 20 }),
      ]);
      await buffer.synchronise(BOOT, KNOWN_CLOCK);
      buffer = await file.open();
      await buffer.append([reading(1, 2_000, { ...unsynced, time: 30 })]);
      await buffer.seal('live', 'due');
      const rows = (await claimAll(buffer)).flatMap(readingsOf);
      expect(rows.map(({ time }) => time - START)).toEqual([0, 1_000, 2_000]);
      expect(rows.every(({ clock, uncertaintyMs }) => clock === 'synced' && uncertaintyMs === 0)).toBe(true);
    });

    it('repairs the rows of a boot whose clock is known in doubt with that doubt, and better once it is known better', async () => {
      buffer = await file.ready();
      const unsynced = { clock: 'unsynced', time: 10, uncertaintyMs: 1e9 } as const;
      const hour = 3_600_000;
      await buffer.append([reading(1, -hour, unsynced), reading(1, 0, unsynced)]);
      await buffer.synchronise(BOOT, { offsetMs: START - hour + 3_000, uncertaintyMs: 4_000, toldAt: hour });
      buffer = await file.open();
      await buffer.seal('live', 'due');
      const [first, second] = (await claimAll(buffer)).flatMap(readingsOf);
      // an hour away from the answer, a clock may have drifted by 360 ms more
      expect(first).toMatchObject({ time: START - hour + 3_000, clock: 'unsynced', uncertaintyMs: 4_360 });
      expect(second).toMatchObject({ time: START + 3_000, clock: 'unsynced', uncertaintyMs: 4_000 });
      await buffer.append([reading(1, 2_000, unsynced)]);
      await buffer.synchronise(BOOT, KNOWN_CLOCK);
      // what is told in doubt afterwards changes nothing
      await buffer.synchronise(BOOT, { offsetMs: START - hour - 4_000, uncertaintyMs: 4_500, toldAt: hour });
      await buffer.seal('live', 'due');
      const rows = (await claimAll(buffer)).flatMap(readingsOf);
      expect(rows.slice(0, 2)).toEqual([first, second]);
      expect(rows[2]).toMatchObject({ time: START + 2_000, clock: 'synced', uncertaintyMs: 0 });
    });

    it('repairs the rows before the first reading that was taken with its time in doubt', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0, { clock: 'unsynced', time: 10, uncertaintyMs: 1e9 })]);
      await buffer.append([
        reading(1, 5_000, { clock: 'holdover', time: START + 6_000, uncertaintyMs: 1_500 }),
      ]);
      await buffer.seal('live', 'due');
      const rows = (await claimAll(buffer)).flatMap(readingsOf);
      expect(rows.map(({ time, clock, uncertaintyMs }) => [time - START, clock, uncertaintyMs])).toEqual([
        [1_000, 'unsynced', 1_501],
        [6_000, 'holdover', 1_500],
      ]);
    });

    it('bounds the rows of a boot that never synced by its neighbours and keeps their flag', async () => {
      buffer = await file.ready();
      await buffer.append([reading(1, 0)]);
      const lost = { boot: 'boot-two', clock: 'unsynced', time: 5, uncertaintyMs: 1e9 } as const;
      await buffer.append([
        reading(1, 0, { ...lost, monotonic: 1_000 }),
        reading(1, 0, { ...lost, monotonic: 61_000 }),
      ]);
      await buffer.seal('live', 'due');
      expect(await claimAll(buffer)).toEqual([]);
      buffer = await file.open();
      // The third boot began 10 minutes after the last known moment of the first.
      await buffer.append([reading(1, 601_000, { boot: 'boot-three', monotonic: 1_000 })]);
      await buffer.seal('live', 'due');
      const rows = (await claimAll(buffer)).flatMap(readingsOf);
      expect(rows.map(({ clock }) => clock)).toEqual(['synced', 'unsynced', 'unsynced', 'synced']);
      const [, first, second] = rows;
      // It began between the first boot's last moment and 61 s before the third began.
      expect(first).toMatchObject({ time: START + 269_500 + 1_000, uncertaintyMs: 269_500 });
      expect((second?.time ?? 0) - (first?.time ?? 0)).toBe(60_000);
    });

    it.each([
      ['within its period', 150_000, 2],
      ['beyond it', 900_000, 0],
    ])('makes a window over rows of a boot whose bounds are %s', async (_, third, expected) => {
      buffer = await file.ready([point('a/x', { windows: [60_000] })]);
      await buffer.append([reading(1, 0, { value: 1 })]);
      const lost = { boot: 'boot-two', clock: 'unsynced', time: 5, uncertaintyMs: 1e9, value: 100 } as const;
      await buffer.append([
        reading(1, 0, { ...lost, monotonic: 1_000 }),
        reading(1, 0, { ...lost, monotonic: 61_000 }),
      ]);
      buffer = await file.open();
      await buffer.append([reading(1, third, { boot: 'boot-three', monotonic: 1_000, value: 2 })]);
      await buffer.append([
        reading(1, third + 200_000, { boot: 'boot-three', monotonic: 201_000, value: 2 }),
      ]);
      await buffer.seal('live', 'due');
      const made = (await claimAll(buffer)).flatMap(windowColumnsOf).flatMap(({ windows }) => windows);
      expect(made.filter(({ aggregate }) => aggregate.max === 100).length).toBe(expected);
    });

    it('is not told the time by rows of an earlier boot that came after those of a later one', async () => {
      buffer = await file.ready();
      const later = { boot: 'boot-two', monotonic: 1_000 } as const;
      await buffer.append([reading(1, 0), reading(1, 600_000, later), reading(1, 5_000)]);
      await buffer.seal('live', 'due');
      buffer = await file.open();
      await buffer.append([reading(1, 601_000, { ...later, monotonic: 2_000 })]);
      await buffer.seal('live', 'due');
      // an hour ahead of its rows it would take them for old ones
      expect(await buffer.claim('live', 10, new Set())).toHaveLength(2);
    });

    it('makes windows of each period by kind, across restarts', async () => {
      buffer = await file.ready([
        point('a/x', { windows: [60_000, 900_000] }),
        point('a/y', { kind: 'counter', windows: [60_000] }),
      ]);
      for (let minute = 0; minute < 16; minute += 1) {
        await buffer.append(
          Array.from({ length: 6 }, (_, index) => {
            const at = minute * 60_000 + index * 10_000;
            return [reading(1, at, { value: minute }), reading(2, at, { value: minute * 6 + index })];
          }).flat(),
        );
        await buffer.seal('live', 'due');
        if (minute % 5 === 0) {
          buffer = await file.open();
        }
      }
      const columns = (await claimAll(buffer)).flatMap(windowColumnsOf);
      const of = (number: number, period: number) =>
        columns
          .filter((column) => column.point === number && column.periodMs === period)
          .flatMap(({ windows }) => windows);
      const minutes = of(1, 60_000);
      expect(minutes.map(({ start }) => (start - START) / 60_000)).toEqual(
        Array.from({ length: 15 }, (_, index) => index),
      );
      expect(minutes.map(({ aggregate }) => aggregate.count)).toEqual(minutes.map(() => 6));
      expect(minutes[7]?.aggregate.sums).toEqual({ kind: 'gauge', weighted: 7 * 60_000, heldMs: 60_000 });
      const [quarter] = of(1, 900_000);
      expect(quarter?.aggregate).toMatchObject({ count: 90, expected: 90, min: 0, max: 14 });
      const deltas = of(2, 60_000).map(({ aggregate }) =>
        aggregate.sums.kind === 'counter' ? aggregate.sums.delta : NaN,
      );
      expect(deltas).toEqual([5, ...Array.from({ length: 14 }, () => 6)]);
    });

    it('carries a held value into windows without readings, and makes none for the time it was off', async () => {
      buffer = await file.ready([
        point('a/x', { windows: [60_000], maxHoldMs: 120_000 }),
        point('a/y', { kind: 'counter', windows: [60_000] }),
      ]);
      await buffer.append([reading(1, 30_000), reading(2, 30_000, { value: 5 })]);
      await buffer.seal('live', 'due');
      const year = 365 * 86_400_000;
      await buffer.append([reading(1, year), reading(2, year, { value: 9 })]);
      await buffer.append([reading(1, year + 70_000)]);
      await buffer.seal('live', 'due');
      const columns = (await claimAll(buffer)).flatMap(windowColumnsOf);
      const starts = (number: number): number[] =>
        columns
          .filter((column) => column.point === number)
          .flatMap(({ windows }) => windows.map(({ start }) => start - START));
      expect(starts(1)).toEqual([0, 60_000, 120_000, year]);
      expect(starts(2)).toEqual([0, year]);
    });

    it('counts nothing from the index of a device to that of the one in its place', async () => {
      buffer = await file.ready([meter('old')]);
      const before = (await buffer.definePoints([meter('old')])).get('a/x') ?? 0;
      await buffer.append([reading(before, 1_000, { value: 100 }), reading(before, 30_000, { value: 107 })]);
      const after = (await buffer.definePoints([meter('new')])).get('a/x') ?? 0;
      expect(after).not.toBe(before);
      expect((await buffer.definePoints([meter('new')])).get('a/x')).toBe(after);
      await buffer.append([
        reading(after, 70_000, { value: 5_000 }),
        reading(after, 110_000, { value: 5_002 }),
        reading(after, 400_000, { value: 5_003 }),
      ]);
      await buffer.seal('live', 'due');
      const columns = (await claimAll(buffer)).flatMap(windowColumnsOf);
      const deltas = columns
        .filter(({ point: number }) => number === after)
        .flatMap(({ windows }) => windows.map(({ aggregate }) => aggregate.sums));
      expect(deltas.length).toBeGreaterThan(0);
      expect(deltas[0]).toMatchObject({ kind: 'counter', delta: 2 });
    });

    it('makes a window again for a late reading, and those its value is carried into', async () => {
      buffer = await file.ready([point('a/x', { kind: 'counter', windows: [60_000, 120_000] })]);
      for (let index = 0; index < 40; index += 1)
        await buffer.append([reading(1, index * 10_000, { value: index * 10 })]);
      await buffer.seal('live', 'due');
      const before = (await claimAll(buffer)).flatMap(windowColumnsOf);
      expect(before.flatMap(({ windows }) => windows).every(({ revision }) => revision === 0)).toBe(true);
      // 5 s before the fourth minute ended, where the counter stood at 230.
      await buffer.append([reading(1, 235_000, { value: 236 })]);
      await buffer.append([reading(1, 430_000, { value: 430 })]);
      await buffer.seal('live', 'due');
      const revised = (await claimAll(buffer))
        .flatMap(windowColumnsOf)
        .flatMap(({ periodMs, windows }) => windows.map((window) => ({ ...window, periodMs })))
        .filter(({ revision }) => revision > 0);
      expect(
        revised.map(({ start, periodMs, aggregate }) => [
          (start - START) / 1000,
          periodMs / 1000,
          aggregate.count,
          aggregate.sums.kind === 'counter' ? aggregate.sums.delta : NaN,
        ]),
      ).toEqual([
        [180, 60, 7, 66],
        [240, 60, 6, 54],
        [120, 120, 13, 126],
        [240, 120, 12, 114],
      ]);
    });
  });
};
