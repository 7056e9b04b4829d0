import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import type { Scope } from '../../../fleet/sharing/scope.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import type { LatestRow } from '../../../fleet/store/views-store.js';
import {
  addGateway,
  ALL,
  directoryOf,
  everything,
  GATEWAY,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
  type FleetOfViews,
} from '../projections/fleet-of-views.js';

const HOUR = 3_600_000;
const TRANSFER = T0 + HOUR;

/** Of one device of a gateway: points with a reading before the transfer and one behind it, one of them, or none. */
const addDevice = async (fleet: FleetOfViews, gateway: string, points: number): Promise<void> => {
  const directory = directoryOf(...Array.from({ length: points }, (_, index) => point(index + 1)));
  const columns = directory.points
    .map(({ number }) => ({
      point: number,
      readings: [reading(number, T0, number), reading(number + points, TRANSFER + 1, -number)].slice(
        number % 4 === 1 ? 1 : 0,
        number % 4 === 3 ? 1 : undefined,
      ),
    }))
    .filter(({ point: number }) => number % 4 !== 0);
  await fleet.sendDirectory(directory, gateway);
  await fleet.send(
    directory,
    { content: 'readings', columns },
    { source: gateway, epoch: 'feed'.repeat(4), seq: 1 },
  );
};

/** Devices of 1 to 40 points, every third of which went from `org` to `next`. */
const fillFleet = async (fleet: FleetOfViews, devices = 12): Promise<void> => {
  const { registry } = fleet;
  const next = { id: 'next', parentId: 'org', name: 'Next', type: 'municipality', code: null } as const;
  registry.addOrganisation({ ...next, timeZone: 'Europe/Paris' });
  for (let number = 0; number < devices; number += 1) {
    const gateway = `pagesgateway${String(number).padStart(8, '0')}`;
    addGateway(registry, gateway, 'org');
    await addDevice(fleet, gateway, 1 + ((number * 13) % 40));
  }
  await fleet.project();
  const database = openDatabase(join(fleet.folder, 'registry.db'));
  database.exec(`
    insert into holding (id, device_id, organisation_id, "from")
      select 'next-' || id, device_id, 'next', ${TRANSFER} from holding where rowid % 3 = 0;
    update holding set "to" = ${TRANSFER} where organisation_id = 'org' and rowid % 3 = 0`);
  database.close();
};

const pagesOf = async (fleet: FleetOfViews, scope: Scope, limit: number): Promise<LatestRow[]> => {
  const rows: LatestRow[] = [];
  for (let after = ''; ;) {
    const page = await fleet.reader.latest(scope, NOW, { limit, after });
    expect(page.length).toBeLessThanOrEqual(limit);
    rows.push(...page);
    const last = page.at(-1);
    if (last === undefined) return rows;
    after = last.id;
  }
};

/** What the rows themselves say, point by point. */
const expectedOf = async (fleet: FleetOfViews, scope: Scope): Promise<Map<string, [number, unknown]>> => {
  const found = new Map<string, [number, unknown]>();
  for (const { id } of await fleet.reader.points(scope, { limit: 10_000 })) {
    const query = { pointId: id, from: 0, to: NOW, limit: 10 };
    const newest = (await fleet.reader.readings(scope, NOW, query)).at(-1);
    if (newest !== undefined) found.set(id, [newest.time, newest.value]);
  }
  return found;
};

const gives = (group: string, more: object): Scope => ({
  grants: [],
  shared: [
    {
      group,
      credit: { giver: 'org', agreementId: group, version: 1, clause: '1', datasetId: 'd' },
      organisations: ['org'],
      matching: { properties: null, sites: null, locations: null, points: null, area: null },
      areas: [],
      finestMs: 0,
      delayMs: 0,
      from: null,
      to: null,
      aggregateOnly: false,
      since: 0,
      ...more,
    },
  ],
});

test('pages of whatever size give each point once, with the newest reading that may be read', async () => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  await fillFleet(fleet);
  const some = [...(await expectedOf(fleet, ALL)).keys()].filter((_, index) => index % 13 === 0);
  const chosen = { properties: null, sites: null, locations: null, points: some, area: null };
  const scopes = {
    org: everything('org'),
    next: everything('next'),
    both: everything('org', 'next'),
    shared: gives('all', {}),
    chosen: gives('chosen', { matching: chosen }),
    beside: { ...everything('next'), shared: gives('chosen', { matching: chosen }).shared },
  };
  const counts: Record<string, number> = {};
  for (const [name, scope] of Object.entries(scopes)) {
    const expected = await expectedOf(fleet, scope);
    const whole = await fleet.reader.latest(scope, NOW, { limit: 10_000 });
    expect(new Map(whole.map(({ id, time, value }) => [id, [time, value]]))).toEqual(expected);
    expect(whole).toHaveLength(expected.size);
    counts[name] = whole.length;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 15, max: 200 }), async (limit) => {
        expect(await pagesOf(fleet, scope, limit)).toEqual(whole);
      }),
      { numRuns: 3 },
    );
  }
  expect(counts['both']).toBeGreaterThan(150);
  expect(counts['next']).toBeGreaterThan(30);
  expect(counts['chosen']).toBe(some.length);
  for (const limit of [1, 3]) {
    expect((await pagesOf(fleet, scopes.chosen, limit)).map(({ id }) => id).toSorted()).toEqual(
      some.toSorted(),
    );
  }
  for (const { id } of await fleet.reader.points(ALL, { limit: 1000 })) {
    expect((await fleet.reader.point(scopes.chosen, id))?.id).toBe(some.includes(id) ? id : undefined);
  }
  expect(await fleet.reader.latest(everything('elsewhere'), NOW, { limit: 100 })).toEqual([]);
});

test('a page is read in parts, between which others are answered', async () => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  await fillFleet(fleet, 30);
  let turns = 0;
  let done = false;
  const turn = (): void => {
    turns += 1;
    if (!done) setImmediate(turn);
  };
  setImmediate(turn);
  const page = await fleet.reader.latest(everything('org', 'next'), NOW, { limit: 400 });
  done = true;
  expect(page).toHaveLength(400);
  expect(turns).toBeGreaterThanOrEqual(2);
});

test('what nobody sent yet is on no page', async () => {
  const fleet = openFleetOfViews();
  onTestFinished(() => fleet.close());
  await fleet.sendDirectory(directoryOf(point(1)), GATEWAY);
  await fleet.project();
  expect(await fleet.reader.latest(ALL, NOW, { limit: 1 })).toEqual([]);
});
