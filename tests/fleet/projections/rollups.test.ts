import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aggregateReadings } from '../../../agent/wire/aggregate/aggregate-readings.js';
import { enters } from '../../../agent/wire/aggregate/reading.js';
import type { Directory } from '../../../agent/wire/directory.js';
import type { Reading } from '../../../agent/wire/readings.js';
import type { Flag, Kind } from '../../../agent/wire/terms.js';
import type { Window } from '../../../agent/wire/windows.js';
import type { Resolution, RollupRow } from '../../../fleet/store/views-store.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import {
  ALL,
  directoryOf,
  dump,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
  type FleetOfViews,
} from './fleet-of-views.js';

const MINUTE = 60_000;

let fleet: FleetOfViews;
beforeEach(() => {
  fleet = openFleetOfViews();
});
afterEach(() => fleet.close());

const cells = async (resolution: Resolution, key = 'p1'): Promise<readonly RollupRow[]> =>
  await fleet.reader.rollups(ALL, NOW, {
    pointId: await fleet.pointId(key),
    resolution,
    from: 0,
    to: NOW * 2,
    limit: 10_000,
  });

const sendReadings = (directory: Directory, readings: readonly Reading[]): Promise<void> =>
  fleet.send(directory, { content: 'readings', columns: [{ point: 1, readings }] });

const sendWindows = (directory: Directory, periodMs: number, windows: readonly Window[]): Promise<void> =>
  fleet.send(directory, { content: 'windows', columns: [{ point: 1, periodMs, windows }] });

const windowOf = (ordinal: number, start: number, revision: number, value: number, count = 6): Window => ({
  ordinal,
  start,
  revision,
  aggregate: {
    count,
    expected: 6,
    flags: [count, 0, 0, 0, 0],
    min: value,
    max: value,
    first: { time: start, value },
    last: { time: start + 50_000, value },
    sums: { kind: 'gauge', weighted: value * MINUTE, heldMs: MINUTE },
  },
});

const every = (ms: number, count: number, from = T0, value = (index: number): number => index): Reading[] =>
  Array.from({ length: count }, (_, index) => reading(index + 1, from + index * ms, value(index)));

describe('rollups of readings', () => {
  test('a gauge has its time-weighted mean at every resolution', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await sendReadings(directory, every(10_000, 360));
    await fleet.project();
    expect((await cells('1m')).slice(0, 60)).toHaveLength(60);
    expect((await cells('1m'))[0]).toMatchObject({
      start: T0,
      end: T0 + MINUTE,
      origin: 'raw',
      aggregate: {
        count: 6,
        expected: 6,
        min: 0,
        max: 5,
        sums: { kind: 'gauge', weighted: 150_000, heldMs: MINUTE },
      },
    });
    expect((await cells('15m')).slice(0, 4).map(({ aggregate }) => aggregate.count)).toEqual([
      90, 90, 90, 90,
    ]);
    expect((await cells('1h'))[0]).toMatchObject({
      origin: 'rollup',
      aggregate: { count: 360, min: 0, max: 359 },
    });
    expect(await cells('1d')).toMatchObject([{ start: Date.UTC(2026, 2, 9, 23), aggregate: { count: 360 } }]);
  });

  test('a late reading changes its cell and the one into which its value carries', async () => {
    const directory = directoryOf(point(1, { kind: 'counter', unit: 'Wh', valueType: 'integer' }));
    await fleet.sendDirectory(directory);
    await sendReadings(directory, [reading(1, T0, 100), reading(2, T0 + 90 * MINUTE, 200)]);
    await fleet.project();
    expect((await cells('1m')).map(({ aggregate }) => aggregate.sums)).toMatchObject([
      { delta: 0 },
      { delta: 100 },
    ]);
    await sendReadings(directory, [reading(3, T0 + 30 * MINUTE, 130)]);
    await fleet.project();
    expect((await cells('1m')).map(({ aggregate }) => aggregate.sums)).toMatchObject([
      { delta: 0 },
      { delta: 30 },
      { delta: 70 },
    ]);
    expect((await cells('1h')).map(({ aggregate }) => aggregate.sums)).toMatchObject([
      { delta: 30 },
      { delta: 70 },
    ]);
  });

  test('an int64 counter stays exact in the edges of its cells', async () => {
    const directory = directoryOf(point(1, { kind: 'counter', unit: 'Wh', valueType: 'integer' }));
    const big = 2n ** 60n + 1n;
    await fleet.sendDirectory(directory);
    await sendReadings(directory, [reading(1, T0, big), reading(2, T0 + 10_000, big + 3n)]);
    await fleet.project();
    for (const resolution of ['1m', '15m', '1h', '1d'] as const) {
      expect((await cells(resolution))[0]?.aggregate).toMatchObject({
        first: { time: T0, value: big },
        last: { time: T0 + 10_000, value: big + 3n },
        sums: { delta: 3 },
      });
    }
  });

  test('legal days have 23 and 25 hours where the clocks change', async () => {
    const directory = directoryOf(point(1, { kind: 'event', intervalMs: 3_600_000 }));
    await fleet.sendDirectory(directory);
    const spring = Date.UTC(2026, 2, 28, 23);
    const autumn = Date.UTC(2026, 9, 24, 22);
    await sendReadings(directory, every(3_600_000, 72, spring));
    await fleet.send(directory, {
      content: 'readings',
      columns: [
        {
          point: 1,
          readings: every(3_600_000, 72, autumn).map((row) => ({ ...row, ordinal: row.ordinal + 100 })),
        },
      ],
    });
    await fleet.project();
    const days = (await cells('1d')).map(({ start, end, aggregate }) => [
      start,
      (end - start) / 3_600_000,
      aggregate.count,
    ]);
    expect(days.slice(0, 2)).toEqual([
      [spring, 23, 23],
      [spring + 23 * 3_600_000, 24, 24],
    ]);
    expect(days.slice(4, 6)).toEqual([
      [autumn, 25, 25],
      [autumn + 25 * 3_600_000, 24, 24],
    ]);
  });

  test('days of a zone whose midnight is on a half hour are merged from quarters', async () => {
    await fleet.close();
    fleet = openFleetOfViews('Asia/Kolkata');
    const directory = directoryOf(point(1, { kind: 'event' }));
    await fleet.sendDirectory(directory);
    const midnight = Date.UTC(2026, 2, 9, 18, 30);
    await sendReadings(directory, every(15 * MINUTE, 98, midnight - 15 * MINUTE));
    await fleet.project();
    expect((await cells('1d')).map(({ start, aggregate }) => [start - midnight, aggregate.count])).toEqual([
      [-86_400_000, 1],
      [0, 96],
      [86_400_000, 1],
    ]);
  });

  test('bad and missing readings are counted and enter nothing', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await sendReadings(directory, [
      reading(1, T0, 1),
      reading(2, T0 + 10_000, 1000, { flag: 4, reason: 'range' }),
      reading(3, T0 + 20_000, null, { flag: 9, reason: 'no-answer' }),
    ]);
    await fleet.project();
    expect((await cells('1h'))[0]?.aggregate).toMatchObject({
      count: 1,
      flags: [1, 0, 0, 1, 1],
      min: 1,
      max: 1,
    });
  });
});

describe('windows of the gateway', () => {
  const directory = directoryOf(point(1, { windows: [MINUTE] }));

  test('fill their cells alone; coarser cells are merged from them', async () => {
    await fleet.sendDirectory(directory);
    await sendReadings(directory, every(10_000, 12));
    await sendWindows(directory, MINUTE, [windowOf(20, T0, 0, 5), windowOf(21, T0 + MINUTE, 0, 7)]);
    await fleet.project();
    expect(await cells('1m')).toMatchObject([{ origin: 'window' }, { origin: 'window' }]);
    expect(await cells('15m')).toMatchObject([
      {
        origin: 'rollup',
        aggregate: { count: 12, min: 5, max: 7, sums: { weighted: 12 * MINUTE, heldMs: 2 * MINUTE } },
      },
    ]);
  });

  test('a newer revision replaces, an older one that comes later does not', async () => {
    await fleet.sendDirectory(directory);
    await sendWindows(directory, MINUTE, [windowOf(1, T0, 1, 5)]);
    await fleet.project();
    await sendWindows(directory, MINUTE, [windowOf(2, T0, 0, 9)]);
    await fleet.project();
    expect(await cells('15m')).toMatchObject([{ aggregate: { min: 5, max: 5 } }]);
    await sendWindows(directory, MINUTE, [windowOf(3, T0, 2, 6)]);
    await fleet.project();
    expect(await cells('1m')).toMatchObject([{ revision: 2 }]);
    expect(await cells('15m')).toMatchObject([{ aggregate: { min: 6, max: 6, count: 6 } }]);
  });

  test('take the place of a cell made of readings, and readings never theirs', async () => {
    const raw = directoryOf(point(1));
    await fleet.sendDirectory(raw);
    await fleet.sendDirectory(directory);
    await sendReadings(raw, every(10_000, 6));
    await fleet.project();
    expect((await cells('1m'))[0]).toMatchObject({ origin: 'raw' });
    await sendWindows(directory, MINUTE, [windowOf(20, T0, 0, 50)]);
    await fleet.project();
    await sendReadings(raw, [reading(21, T0 + 5000, 1)]);
    await fleet.project();
    expect((await cells('1m'))[0]).toMatchObject({ origin: 'window', aggregate: { min: 50 } });
    expect((await cells('15m'))[0]).toMatchObject({ aggregate: { max: 50 } });
  });

  test('of another kind than the point are quarantined', async () => {
    const state = directoryOf(point(1, { kind: 'state', valueType: 'state', windows: [MINUTE] }));
    await fleet.sendDirectory(state);
    await sendWindows(state, MINUTE, [windowOf(1, T0, 0, 5)]);
    await fleet.project();
    expect(fleet.quarantined).toEqual(['windows of point 1 are of kind gauge, not state']);
  });
});

const directoriesOf = (kind: Kind): Directory[] =>
  [
    { maxHoldMs: 60_000, windows: [] },
    { maxHoldMs: 300_000, intervalMs: 60_000, windows: [] },
    { maxHoldMs: 60_000, windows: [15 * MINUTE] },
  ].map((more) => directoryOf(point(1, { kind, ...more })));

const ordered = (readings: Reading[]): Reading[] => readings.toSorted((a, b) => a.ordinal - b.ordinal);

describe('however the log is cut into transactions', () => {
  const KIND = fc.constantFrom<Kind>('gauge', 'counter', 'state', 'decibel', 'extreme');
  const FLAG = fc.constantFrom<Flag>(1, 1, 1, 2, 3, 4, 9);
  const BATCH = fc.record({
    directory: fc.nat(2),
    /** The projector forgets what it remembers before this batch. */
    restart: fc.boolean(),
    /** Minutes from T0; mostly onward, at times far back. */
    base: fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constant(0), fc.constant(1500)),
    steps: fc.array(fc.tuple(fc.integer({ min: 0, max: 200_000 }), fc.integer({ min: 0, max: 99 }), FLAG), {
      minLength: 1,
      maxLength: 12,
    }),
    windows: fc.array(fc.tuple(fc.nat(400), fc.nat(3), fc.nat(20)), { maxLength: 3 }),
  });

  test('the rows are the same, and the same again after a rebuild', async () => {
    await fc.assert(
      fc.asyncProperty(KIND, fc.array(BATCH, { minLength: 1, maxLength: 8 }), async (kind, batches) => {
        const own = openFleetOfViews();
        try {
          const directories = directoriesOf(kind);
          for (const directory of directories) await own.sendDirectory(directory);
          let ordinal = 0;
          for (const { directory: index, restart, base, steps, windows } of batches) {
            if (restart) own.restart();
            const directory = directories[index];
            if (directory === undefined) continue;
            let time = T0 + base * MINUTE;
            const readings = steps.map(([step, value, flag]) => {
              time += step;
              ordinal += 1;
              return reading(ordinal, time, flag === 9 ? null : value, { flag });
            });
            await own.send(directory, {
              content: 'readings',
              columns: [{ point: 1, readings: ordered(readings) }],
            });
            if (kind === 'gauge' && windows.length > 0) {
              const sent = windows.map(([minute, revision, value]) => {
                ordinal += 1;
                return windowOf(ordinal, T0 + minute * 15 * MINUTE, revision, value);
              });
              await own.send(directory, {
                content: 'windows',
                columns: [{ point: 1, periodMs: 15 * MINUTE, windows: sent }],
              });
            }
            await own.project();
          }
          const live = dump(join(own.folder, 'views.db'));
          expect(dump(await own.projectElsewhere())).toEqual(live);
          await own.projector().rebuild();
          await own.project();
          expect(dump(join(own.folder, 'views.db'))).toEqual(live);
        } finally {
          await own.close();
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  });

  test('each minute is the aggregate of its stored readings', async () => {
    await fc.assert(
      fc.asyncProperty(KIND, fc.array(BATCH, { minLength: 1, maxLength: 6 }), async (kind, batches) => {
        const own = openFleetOfViews();
        try {
          const directory = directoryOf(point(1, { kind, maxHoldMs: 90_000 }));
          await own.sendDirectory(directory);
          let ordinal = 0;
          for (const { restart, base, steps } of batches) {
            if (restart) own.restart();
            let time = T0 + base * MINUTE;
            const readings = steps.map(([step, value, flag]) => {
              time += step;
              ordinal += 1;
              return reading(ordinal, time, flag === 9 ? null : value, { flag });
            });
            await own.send(directory, { content: 'readings', columns: [{ point: 1, readings }] });
            await own.project();
          }
          const database = openDatabase(join(own.folder, 'views.db'), { readonly: true });
          const [stray] = database.prepare('select count(*) as n from series').all() as { n: number }[];
          database.close();
          expect(stray?.n).toBe(ordinal);
          const pointId = await own.pointId('p1');
          const all = await own.reader.readings(ALL, NOW, { pointId, from: 0, to: NOW * 2, limit: 10_000 });
          const found = await own.reader.rollups(ALL, NOW, {
            pointId,
            resolution: '1m',
            from: 0,
            to: NOW * 2,
            limit: 10_000,
          });
          const rows = all.map(({ time, value, flag }) => ({ time, value, flag: flag as Flag }));
          for (const { start, end, aggregate } of found) {
            const before = rows.findLast((row) => row.time < start && enters(kind, row));
            expect(aggregate).toEqual(
              aggregateReadings({
                kind,
                start,
                end,
                readings: rows.filter(({ time }) => time >= start && time < end),
                intervalMs: 10_000,
                maxHoldMs: 90_000,
                ...(before === undefined ? {} : { before }),
              }),
            );
          }
          const counted = found.reduce(
            (sum, { aggregate }) => sum + aggregate.flags.reduce((a, b) => a + b, 0),
            0,
          );
          expect(counted).toBe(ordinal);
          for (const resolution of ['15m', '1h', '1d'] as const) {
            const coarse = await own.reader.rollups(ALL, NOW, {
              pointId,
              resolution,
              from: 0,
              to: NOW * 2,
              limit: 10_000,
            });
            expect(coarse.reduce((sum, { aggregate }) => sum + aggregate.count, 0)).toBe(
              found.reduce((sum, { aggregate }) => sum + aggregate.count, 0),
            );
          }
        } finally {
          await own.close();
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 20_000 },
    );
  });
});
