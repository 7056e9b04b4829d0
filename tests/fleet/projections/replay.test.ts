import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eraseColumns } from '../../../fleet/erasure/erase-columns.js';
import {
  addGateway,
  directoryOf,
  dump,
  GATEWAY,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
  type FleetOfViews,
} from './fleet-of-views.js';

const OTHER = 'gateway000000000002';
const LISTING = directoryOf(point(1), point(2));
const COUNT = 600;

/** Two gateways, each with so many batches of two points. */
const openTwo = async (): Promise<FleetOfViews> => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  addGateway(fleet.registry, OTHER, 'org');
  for (const source of [GATEWAY, OTHER]) await fleet.sendDirectory(LISTING, source);
  for (let seq = 1; seq <= COUNT; seq += 1) await sendBoth(fleet, seq);
  await fleet.project();
  return fleet;
};

const sendBoth = async (fleet: FleetOfViews, seq: number): Promise<void> => {
  for (const source of [GATEWAY, OTHER]) {
    const columns = [1, 2].map((number) => ({
      point: number,
      readings: [reading(seq * 2 + number, T0 + seq * 10_000, seq * number)],
    }));
    await fleet.send(LISTING, { content: 'readings', columns }, { source, seq });
  }
};

/** Takes the first point of the first gateway out of the log. */
const eraseFirst = async (fleet: FleetOfViews): Promise<void> => {
  const [row] = fleet.registry
    .records('point', { key: 'p1' })
    .filter(({ deviceId }) =>
      fleet.registry.records('assignment', { deviceId }).some(({ gatewayId }) => gatewayId === GATEWAY),
    );
  const pointId = row?.id ?? '';
  const order = {
    pointId,
    from: T0,
    to: NOW,
    own: new Set(['org']),
    holderAt: () => 'org',
    numberIn: async (source: string, directory: Uint8Array) =>
      await fleet.reader.numberIn(source, directory, pointId),
  };
  const { batches } = await eraseColumns(
    { reader: fleet.entries, writer: fleet.log, now: () => NOW },
    [order],
    () => undefined,
  );
  expect(batches).toBe(COUNT);
};

const rowsOf = (fleet: FleetOfViews) => dump(join(fleet.folder, 'views.db'));

/** How many points have readings. */
const countPoints = (fleet: FleetOfViews): number => {
  const [series = []] = Object.entries(rowsOf(fleet)).flatMap(([table, rows]) =>
    table.startsWith('series ') ? [rows] : [],
  );
  return new Set(series.map((row) => (row as { point: number }).point)).size;
};

test('what was erased of the log goes from the rows, which are those that a rebuild makes', async () => {
  const fleet = await openTwo();
  const before = rowsOf(fleet);
  await eraseFirst(fleet);
  await fleet.project();
  expect(rowsOf(fleet)).not.toEqual(before);
  expect(rowsOf(fleet)).toEqual(dump(await fleet.projectElsewhere()));
  expect(await fleet.project()).toBe(0);
  await fleet.projector().rebuild();
  await fleet.project();
  expect(rowsOf(fleet)).toEqual(dump(await fleet.projectElsewhere()));
});

test('a replay that is killed goes on where it was, and what comes meanwhile follows it', async () => {
  const fleet = await openTwo();
  await eraseFirst(fleet);
  const reached: number[] = [];
  for (let kills = 0; kills < 3; kills += 1) {
    expect((await fleet.projector().step()).applied).toBeGreaterThan(0);
    reached.push((await fleet.views.replay())?.position ?? -1);
    await sendBoth(fleet, COUNT + 1 + kills);
    fleet.restart();
  }
  expect(reached).toEqual([0, ...reached.slice(1).toSorted((a, b) => a - b)]);
  expect(new Set(reached).size).toBe(3);
  await fleet.project();
  expect(await fleet.views.replay()).toBeUndefined();
  expect(rowsOf(fleet)).toEqual(dump(await fleet.projectElsewhere()));
});

test('rows of gateways that have no point in common with it are left alone', async () => {
  const fleet = await openTwo();
  await eraseFirst(fleet);
  await fleet.projector().step();
  expect(countPoints(fleet)).toBe(2);
  await fleet.project();
  expect(countPoints(fleet)).toBe(3);
});
