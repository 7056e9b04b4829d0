import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openViewsWriter } from '../../../fleet/store/sqlite/views-writer.js';
import { createProjector } from '../../../fleet/projections/projector.js';
import {
  ALL,
  directoryOf,
  dump,
  EPOCH,
  GATEWAY,
  NOW,
  openFleetOfViews,
  point,
  reading,
  seal,
  T0,
  type FleetOfViews,
} from './fleet-of-views.js';

let fleet: FleetOfViews;
beforeEach(() => {
  fleet = openFleetOfViews();
});
afterEach(() => fleet.close());

const readingsOf = async (key: string) =>
  await fleet.reader.readings(ALL, NOW, {
    pointId: await fleet.pointId(key),
    from: 0,
    to: NOW * 2,
    limit: 1000,
  });

const column = (number: number, ...readings: ReturnType<typeof reading>[]) => ({ point: number, readings });
const batch = (...columns: ReturnType<typeof column>[]) => ({ content: 'readings', columns }) as const;

describe('the projector', () => {
  test('brings readings of every type out as they went in', async () => {
    const directory = directoryOf(
      point(1),
      point(2, { kind: 'counter', valueType: 'integer', unit: 'Wh' }),
      point(3, { kind: 'text', valueType: 'text' }),
      point(4, { kind: 'state', valueType: 'state' }),
    );
    const big = 9_223_372_036_854_775_807n;
    await fleet.sendDirectory(directory);
    await fleet.send(
      directory,
      batch(
        column(
          1,
          reading(1, T0, 1.25),
          reading(2, T0 + 1, 1e18),
          reading(3, T0 + 2, null, { flag: 9, reason: 'no-answer' }),
          reading(4, T0 + 3, -0.1, {
            flag: 3,
            reason: 'rate',
            clock: 'holdover',
            uncertaintyMs: 250,
            deviceTime: 5,
            deviceClock: 'degraded',
          }),
        ),
        column(
          2,
          reading(5, T0, 5),
          reading(6, T0 + 1, big),
          reading(7, T0 + 2, -big),
          reading(8, T0 + 3, 2 ** 53 - 1),
        ),
        column(3, reading(9, T0, '12'), reading(10, T0 + 1, 'été'), reading(11, T0 + 2, '')),
        column(4, reading(12, T0, 3)),
      ),
    );
    await fleet.project();
    expect((await readingsOf('p1')).map(({ value }) => value)).toEqual([1.25, 1e18, null, -0.1]);
    expect((await readingsOf('p2')).map(({ value }) => value)).toEqual([5, big, -big, 2 ** 53 - 1]);
    expect((await readingsOf('p3')).map(({ value }) => value)).toEqual(['12', 'été', '']);
    expect((await readingsOf('p4')).map(({ value }) => value)).toEqual([3]);
    expect((await readingsOf('p1'))[3]).toMatchObject({
      flag: 3,
      reason: 'rate',
      clock: 'holdover',
      uncertaintyMs: 250,
      deviceTime: 5,
      deviceClock: 'degraded',
    });
    expect((await readingsOf('p1'))[0]).toMatchObject({ source: GATEWAY, epoch: EPOCH, ordinal: 1, flag: 1 });
  });

  test('keeps both readings where a clock was set back to the same time', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await fleet.send(directory, batch(column(1, reading(1, T0, 1), reading(2, T0, 2))));
    await fleet.project();
    expect((await readingsOf('p1')).map(({ value }) => value)).toEqual([1, 2]);
  });

  test('applies each entry once, whoever opens the file next', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await fleet.send(directory, batch(column(1, reading(1, T0, 1))));
    await fleet.project();
    const before = dump(join(fleet.folder, 'views.db'));
    const again = openViewsWriter(join(fleet.folder, 'views.db'));
    const log = openLogReader(join(fleet.folder, 'log.db'));
    const projector = createProjector({
      log,
      views: again,
      registry: fleet.registry,
      onQuarantine: () => undefined,
    });
    expect((await projector.step()).applied).toBe(0);
    await fleet.send(directory, batch(column(1, reading(2, T0 + 10_000, 2))));
    expect((await projector.step()).applied).toBe(1);
    expect(dump(join(fleet.folder, 'views.db'))).not.toEqual(before);
    expect(await readingsOf('p1')).toHaveLength(2);
    await again.close();
    await log.close();
  });

  test('stops a projector whose place was taken, with nothing written', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    const successor = openViewsWriter(join(fleet.folder, 'views.db'));
    await expect(fleet.project()).rejects.toThrow(expect.objectContaining({ code: 'fenced' }));
    expect(await successor.position()).toBe(0);
    expect(Object.values(dump(join(fleet.folder, 'views.db'))).flat()).toEqual([]);
    await successor.close();
  });

  test('a failing registry changes nothing and is tried again', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await fleet.send(directory, batch(column(1, reading(1, T0, 1))));
    let failing = true;
    const log = openLogReader(join(fleet.folder, 'log.db'));
    const projector = createProjector({
      log,
      views: fleet.views,
      registry: {
        resolve: (...call) => {
          if (failing) throw new Error('database is locked');
          return fleet.registry.resolve(...call);
        },
      },
      onQuarantine: () => undefined,
    });
    await expect(projector.step()).rejects.toThrow('database is locked');
    expect(await fleet.views.position()).toBe(0);
    failing = false;
    await fleet.project(projector);
    expect(await readingsOf('p1')).toHaveLength(1);
    await log.close();
  });

  test('an unknown directory delays its batches alone, which follow in order once it comes', async () => {
    const first = directoryOf(point(1));
    const second = directoryOf(point(1), point(2));
    await fleet.sendDirectory(first);
    await fleet.send(second, batch(column(1, reading(1, T0, 1))));
    await fleet.send(first, batch(column(1, reading(2, T0 + 10_000, 2))));
    await fleet.send(second, batch(column(2, reading(3, T0 + 20_000, 3))));
    await fleet.project();
    expect((await readingsOf('p1')).map(({ value }) => value)).toEqual([2]);
    expect((await fleet.reader.ledger(ALL, GATEWAY))[0]).toMatchObject({
      stored: 3,
      readings: 3,
      missing: [],
    });
    await fleet.sendDirectory(second);
    await fleet.send(second, batch(column(2, reading(4, T0 + 30_000, 4))));
    await fleet.project();
    expect((await readingsOf('p1')).map(({ value }) => value)).toEqual([1, 2]);
    expect((await readingsOf('p2')).map(({ value }) => value)).toEqual([3, 4]);
    expect((await fleet.reader.ledger(ALL, GATEWAY))[0]).toMatchObject({ stored: 4, readings: 4 });
    expect(dump(await fleet.projectElsewhere())).toEqual(dump(join(fleet.folder, 'views.db')));
  });

  test('quarantines what cannot be read, with its reason, and goes on', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    const whole = seal(directory, batch(column(1, reading(1, T0, 1))), {
      source: GATEWAY,
      epoch: EPOCH,
      seq: 1,
    });
    const bent = Uint8Array.from(whole);
    bent[bent.length - 3] = (bent.at(-3) ?? 0) ^ 0x55;
    await fleet.sendBytes(bent, 1);
    await fleet.sendBytes(new Uint8Array([1, 2, 3]), 2);
    await fleet.send(directory, batch(column(7, reading(2, T0, 1))));
    await fleet.send(directory, batch(column(1, reading(3, T0, 'text'))));
    await fleet.send(directory, batch(column(1, reading(4, T0, 4))));
    await fleet.project();
    expect((await readingsOf('p1')).map(({ value }) => value)).toEqual([4]);
    expect(fleet.quarantined).toHaveLength(4);
    expect(fleet.quarantined[2]).toBe('point 7 is not in its directory');
    expect(fleet.quarantined[3]).toBe('point 1 is float, a value is string');
    expect((await fleet.reader.ledger(ALL, GATEWAY))[0]).toMatchObject({
      stored: 1,
      readings: 1,
      quarantined: 3,
      missing: [],
    });
  });

  test('a directory that cannot be read quarantines the batches that name it', async () => {
    const directory = directoryOf(point(1));
    await fleet.log.append([
      {
        type: 'directory',
        source: 'gateway00000000000x',
        hash: new Uint8Array(32),
        receivedAt: T0,
        message: new Uint8Array([9]),
      },
    ]);
    await fleet.sendDirectory(directory, 'gateway00000000000y');
    await fleet.send(directory, batch(column(1, reading(1, T0, 1))), { source: 'gateway00000000000y' });
    await fleet.project();
    expect(fleet.quarantined).toEqual([
      'not a deflate stream',
      'its directory: the registry knows no gateway of this source',
    ]);
  });
});

describe('the newest reading', () => {
  test('is the newest by time, not the last to come, and says when the last good one was', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    await fleet.send(
      directory,
      batch(
        column(
          1,
          reading(1, T0 + 10_000, 2),
          reading(2, T0 + 20_000, null, { flag: 9, reason: 'no-answer' }),
        ),
      ),
    );
    await fleet.project();
    await fleet.send(directory, batch(column(1, reading(3, T0, 1))));
    await fleet.project();
    expect(await fleet.reader.latest(ALL, NOW, { limit: 10 })).toMatchObject([
      { key: 'p1', time: T0 + 20_000, value: null, flag: 9, reason: 'no-answer', goodTime: T0 + 10_000 },
    ]);
  });
});

describe('the ledger', () => {
  test('adds up: stored, late, lost, missing and duplicate', async () => {
    const directory = directoryOf(point(1));
    await fleet.sendDirectory(directory);
    const readings = batch(column(1, reading(1, T0 - 3_600_000, 1), reading(2, T0, 2)));
    await fleet.send(directory, readings, { seq: 1 });
    await fleet.send(directory, readings, { seq: 1 });
    await fleet.send(directory, batch(column(1, reading(9, T0 + 1, 2))), { seq: 6 });
    await fleet.send(
      directory,
      {
        content: 'losses',
        losses: [
          {
            ordinal: 10,
            cause: 'space',
            epoch: EPOCH,
            firstSeq: 3,
            lastSeq: 4,
            count: 12,
            exact: true,
            points: [],
          },
          { ordinal: 11, cause: 'damage', epoch: 'ffff000000000000', count: 7, exact: false, points: [] },
        ],
      },
      { seq: 7 },
    );
    await fleet.project();
    fleet.registry.noteEpoch(GATEWAY, { epoch: EPOCH, at: T0, lastSealed: 9, lastOrdinal: 30, unsealed: 1 });
    const [ledger, other] = await fleet.reader.ledger(ALL, GATEWAY);
    expect(ledger).toEqual({
      epoch: EPOCH,
      sealed: 9,
      stored: 3,
      readings: 3,
      duplicates: 1,
      late: 1,
      quarantined: 0,
      lostBatches: 2,
      declaredLost: 12,
      declaredLostIsBound: false,
      missing: [
        [2, 2],
        [5, 5],
        [8, 9],
      ],
    });
    expect(other).toMatchObject({ epoch: 'ffff000000000000', declaredLost: 7, declaredLostIsBound: true });
    expect(await fleet.reader.holes(ALL, ['another', GATEWAY])).toEqual(new Map([[GATEWAY, 4]]));
  });

  test('counts what the door refused, and knows what the projector has not come to', async () => {
    const directory = directoryOf(point(1));
    await fleet.log.append([
      {
        type: 'batch',
        source: GATEWAY,
        epoch: EPOCH,
        seq: 2,
        hash: new Uint8Array(32),
        receivedAt: T0,
        message: new Uint8Array([1]),
        refused: 'signature',
      },
    ]);
    await fleet.send(directory, batch(column(1, reading(1, T0, 1))), { seq: 3 });
    expect(await fleet.reader.ledger(ALL, GATEWAY)).toMatchObject([
      { sealed: 3, stored: 0, quarantined: 1, missing: [[1, 1]] },
    ]);
    expect(await fleet.reader.holes(ALL, [GATEWAY])).toEqual(new Map([[GATEWAY, 1]]));
    expect(await fleet.reader.holes({ ...ALL, grants: [] }, [GATEWAY])).toEqual(new Map());
  });
});
