import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import {
  addGateway,
  ALL,
  directoryOf,
  EPOCH,
  everything,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
} from '../projections/fleet-of-views.js';

const opened = () => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  return fleet;
};

const countsOf = (path: string) => {
  const database = openDatabase(path, { readonly: true });
  const kept = database.prepare('select point, readings from latest order by point').all();
  const counted = database
    .prepare('select point, count(*) as readings from series group by point order by point')
    .all();
  database.close();
  return { kept, counted };
};

test('the count that is kept of a point is the number of its rows, whatever comes again or late', async () => {
  const batch = fc.array(
    fc.record({ point: fc.integer({ min: 1, max: 3 }), tick: fc.integer({ min: 0, max: 200 }) }),
    { minLength: 1, maxLength: 150 },
  );
  const directory = directoryOf(point(1), point(2), point(3));
  await fc.assert(
    fc.asyncProperty(fc.array(batch, { minLength: 1, maxLength: 4 }), async (batches) => {
      const fleet = openFleetOfViews();
      try {
        await fleet.sendDirectory(directory);
        for (const [index, ticks] of batches.entries()) {
          // the same ordinal is the same row, in whichever batches it comes
          const columns = [1, 2, 3].map((number) => ({
            point: number,
            readings: [...new Set(ticks.filter((one) => one.point === number).map(({ tick }) => tick))]
              .toSorted((a, b) => a - b)
              .map((tick) => reading(tick * 3 + number, T0 + tick * 1000, tick)),
          }));
          const sent = columns.filter(({ readings }) => readings.length > 0);
          await fleet.send(directory, { content: 'readings', columns: sent });
          if (index % 2 === 0) await fleet.project();
        }
        await fleet.project();
        const { kept, counted } = countsOf(join(fleet.folder, 'views.db'));
        expect(kept.length).toBeGreaterThan(0);
        expect(kept).toEqual(counted);
        const elsewhere = countsOf(await fleet.projectElsewhere());
        expect(elsewhere.kept).toEqual(kept);
      } finally {
        await fleet.close();
      }
    }),
    {
      numRuns: 12,
      // a row that comes again in a step of its own
      examples: [
        [
          [
            [
              { point: 1, tick: 1 },
              { point: 1, tick: 2 },
            ],
            [{ point: 1, tick: 1 }],
          ],
        ],
      ],
    },
  );
});

test('a device is counted for who may read all of it; where a part is given, only its newest time is told', async () => {
  const fleet = opened();
  const transfer = T0 + 50_500;
  fleet.registry.addOrganisation({
    id: 'next',
    parentId: 'org',
    name: 'Next',
    type: 'municipality',
    code: null,
    timeZone: 'Europe/Paris',
  });
  const directory = directoryOf(point(1), point(2), point(3));
  const readings = Array.from({ length: 100 }, (_, index) => reading(index + 1, T0 + index * 1000, index));
  for (const gateway of ['countsgateway0000001', 'countsgateway0000002']) {
    addGateway(fleet.registry, gateway, 'org');
    await fleet.sendDirectory(directory, gateway);
    const columns = [
      { point: 1, readings },
      { point: 2, readings: [reading(500, T0 + 7, 1)] },
    ];
    await fleet.send(directory, { content: 'readings', columns }, { source: gateway, epoch: EPOCH, seq: 1 });
  }
  await fleet.project();
  const all = await fleet.reader.deviceCounts(ALL, NOW, { limit: 10 });
  const whole = { organisationId: 'org', points: 2, readings: 101, time: T0 + 99_000 };
  expect(all).toMatchObject([whole, whole]);
  const moved = all[0]?.id ?? '';
  const stays = all[1]?.id ?? '';
  const registry = openDatabase(join(fleet.folder, 'registry.db'));
  registry.prepare('update holding set "to" = ? where device_id = ?').run(transfer, moved);
  registry
    .prepare(`insert into holding (id, device_id, organisation_id, "from") values ('n', ?, 'next', ?)`)
    .run(moved, transfer);
  registry.close();
  const read = (...organisations: string[]) =>
    fleet.reader.deviceCounts(everything(...organisations), NOW, { limit: 10 });
  expect(await read('org')).toMatchObject([
    { id: moved, organisationId: 'org', points: 2, readings: null, time: T0 + 50_000 },
    { id: stays, readings: 101 },
  ]);
  expect(await read('next')).toMatchObject([
    { id: moved, organisationId: 'next', points: 1, readings: null, time: T0 + 99_000 },
  ]);
  expect(await read('org', 'next')).toMatchObject([{ id: moved, readings: 101 }, { id: stays }]);
  expect(await read('elsewhere')).toEqual([]);
  const delayed = {
    grants: [{ organisationId: 'org', finestMs: 0, delayMs: NOW - T0 - 10_000 }],
    shared: [],
  };
  expect(await fleet.reader.deviceCounts(delayed, NOW, { limit: 10 })).toMatchObject([
    { id: moved, readings: null, time: T0 + 9_000 },
    { id: stays, readings: null, time: T0 + 9_000 },
  ]);
  const [first] = await fleet.reader.deviceCounts(ALL, NOW, { limit: 1 });
  const rest = await fleet.reader.deviceCounts(ALL, NOW, { limit: 10, after: first?.id ?? '' });
  expect([first?.id, ...rest.map(({ id }) => id)]).toEqual([moved, stays]);
});
