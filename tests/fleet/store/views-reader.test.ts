import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NOTHING, type Grant, type Scope } from '../../../fleet/sharing/scope.js';
import { openDatabase } from '../../../fleet/store/sqlite/database.js';
import type { ReadingKey } from '../../../fleet/store/views-store.js';
import {
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
const MINUTE = 60_000;
/** The device goes from `org` to `next` here, in the middle of an hour. */
const TRANSFER = T0 + 2 * HOUR + 30 * MINUTE;
const RANGE = { from: 0, to: NOW * 2, limit: 10_000 };

let fleet: FleetOfViews;
let pointId: string;

/** Four hours of readings each 5 minutes of one device, given to another organisation in between. */
beforeEach(async () => {
  fleet = openFleetOfViews();
  fleet.registry.addOrganisation({
    id: 'next',
    parentId: 'org',
    name: 'Next',
    type: 'municipality',
    code: null,
    timeZone: 'Europe/Paris',
  });
  const directory = directoryOf(point(1, { kind: 'extreme', intervalMs: 5 * MINUTE }), point(2));
  await fleet.sendDirectory(directory);
  const readings = Array.from({ length: 48 }, (_, index) =>
    reading(index + 1, T0 + index * 5 * MINUTE, index),
  );
  await fleet.send(directory, { content: 'readings', columns: [{ point: 1, readings }] });
  await fleet.project();
  pointId = await fleet.pointId('p1');
  const registry = openDatabase(join(fleet.folder, 'registry.db'));
  const { id } = registry.prepare<[], { id: string }>('select id from device').get() ?? { id: '' };
  registry.prepare('update holding set "to" = ? where device_id = ?').run(TRANSFER, id);
  registry
    .prepare(`insert into holding (id, device_id, organisation_id, "from") values ('h', ?, 'next', ?)`)
    .run(id, TRANSFER);
  registry.close();
});
afterEach(() => fleet.close());

const grant = (organisationId: string, more: Partial<Grant> = {}): Grant => ({
  organisationId,
  finestMs: 0,
  delayMs: 0,
  ...more,
});
const scopeOf = (...grants: Grant[]): Scope => ({ grants, shared: [] });
const times = async (scope: Scope, now = NOW): Promise<number[]> =>
  (await fleet.reader.readings(scope, now, { pointId, ...RANGE })).map(({ time }) => time);
const starts = async (scope: Scope, resolution: '1m' | '15m' | '1h' | '1d', now = NOW): Promise<number[]> =>
  (await fleet.reader.rollups(scope, now, { pointId, resolution, ...RANGE })).map(({ start }) => start);

describe('a scope that names nothing', () => {
  test('reads nothing, from any list', async () => {
    for (const scope of [NOTHING, everything('other')]) {
      const page = { limit: 100 };
      expect(await fleet.reader.organisations(scope)).toEqual([]);
      expect(await fleet.reader.gateways(scope, page)).toEqual([]);
      expect(await fleet.reader.gateway(scope, GATEWAY)).toBeUndefined();
      expect(await fleet.reader.ledger(scope, GATEWAY)).toEqual([]);
      expect(await fleet.reader.devices(scope, page)).toEqual([]);
      expect(await fleet.reader.locations(scope, page)).toEqual([]);
      expect(await fleet.reader.points(scope, page)).toEqual([]);
      expect(await fleet.reader.point(scope, pointId)).toBeUndefined();
      expect(await fleet.reader.latest(scope, NOW, page)).toEqual([]);
      expect(await times(scope)).toEqual([]);
      expect(await starts(scope, '1m')).toEqual([]);
    }
  });
});

describe('after a transfer', () => {
  test('the past stays with its holder, what follows is the successor’s', async () => {
    const before = await times(everything('org'));
    const after = await times(everything('next'));
    expect(before).toHaveLength(30);
    expect(before.every((time) => time < TRANSFER)).toBe(true);
    expect(after).toHaveLength(18);
    expect(after.every((time) => time >= TRANSFER)).toBe(true);
    expect(await times(everything('org', 'next'))).toHaveLength(48);
  });

  test('a cell across the transfer is read only by who may read both sides', async () => {
    const shared = T0 + 2 * HOUR;
    expect(await starts(everything('org'), '1h')).toEqual([T0, T0 + HOUR]);
    expect(await starts(everything('next'), '1h')).toEqual([T0 + 3 * HOUR]);
    expect(await starts(everything('org', 'next'), '1h')).toEqual([T0, T0 + HOUR, shared, T0 + 3 * HOUR]);
    expect(await starts(everything('next'), '1d')).toEqual([]);
  });

  test('the former holder’s newest reading is the last of its own time', async () => {
    const page = { limit: 10 };
    expect(await fleet.reader.latest(everything('org'), NOW, page)).toMatchObject([
      { organisationId: 'org', time: TRANSFER - 5 * MINUTE, value: 29, goodTime: TRANSFER - 5 * MINUTE },
    ]);
    expect(await fleet.reader.latest(everything('next'), NOW, page)).toMatchObject([
      { organisationId: 'next', value: 47 },
    ]);
  });

  test('nobody is told who came after or before', async () => {
    for (const organisation of ['org', 'next']) {
      const scope = everything(organisation);
      const page = { limit: 10 };
      expect((await fleet.reader.points(scope, page)).map((row) => row.organisationId)).toEqual([
        organisation,
        organisation,
      ]);
      expect((await fleet.reader.devices(scope, page)).map((row) => row.organisationId)).toEqual([
        organisation,
      ]);
    }
    expect(await fleet.reader.organisations(everything('next'))).toMatchObject([
      { id: 'next', parentId: null },
    ]);
    expect(await fleet.reader.gateways(everything('next'), { limit: 10 })).toEqual([]);
    expect(await fleet.reader.ledger(everything('next'), GATEWAY)).toEqual([]);
  });
});

describe('a grant', () => {
  test('coarser than raw gives neither readings nor finer cells', async () => {
    const scope = scopeOf(grant('org', { finestMs: 15 * MINUTE }));
    expect(await times(scope)).toEqual([]);
    expect(await fleet.reader.latest(scope, NOW, { limit: 10 })).toEqual([]);
    expect(await starts(scope, '1m')).toEqual([]);
    expect(await starts(scope, '15m')).toHaveLength(10);
    expect(await starts(scope, '1h')).toHaveLength(2);
  });

  test('with a delay gives only what is old enough, the newest of that too', async () => {
    const now = T0 + 2 * HOUR;
    const scope = scopeOf(grant('org', { delayMs: HOUR }));
    expect((await times(scope, now)).at(-1)).toBe(T0 + 55 * MINUTE);
    expect(await starts(scope, '1h', now)).toEqual([T0]);
    expect(await starts(scope, '15m', now)).toHaveLength(4);
    expect(await fleet.reader.latest(scope, now, { limit: 10 })).toMatchObject([{ time: T0 + 55 * MINUTE }]);
  });

  test('with a period gives nothing outside it', async () => {
    const scope = scopeOf(grant('org', { from: T0 + 10 * MINUTE, to: T0 + 20 * MINUTE }));
    expect(await times(scope)).toEqual([T0 + 10 * MINUTE, T0 + 15 * MINUTE]);
    expect(await starts(scope, '15m')).toEqual([]);
  });

  test('that is restricted in any way shows no gateway', async () => {
    const page = { limit: 10 };
    expect(await fleet.reader.gateways(ALL, page)).toMatchObject([{ id: GATEWAY }]);
    for (const more of [{ delayMs: 1 }, { finestMs: 1 }, { from: 0 }, { to: NOW }]) {
      expect(await fleet.reader.gateways(scopeOf(grant('org', more)), page)).toEqual([]);
      expect(await fleet.reader.ledger(scopeOf(grant('org', more)), GATEWAY)).toEqual([]);
    }
  });
});

test('pages of any size give every row once, in order', async () => {
  const whole = await fleet.reader.readings(everything('org', 'next'), NOW, { pointId, ...RANGE });
  for (const limit of [1, 7, 48, 100]) {
    const rows: ReadingKey[] = [];
    for (let after: ReadingKey | undefined; ; after = rows.at(-1)) {
      const query = { pointId, ...RANGE, limit, ...(after === undefined ? {} : { after }) };
      const page = await fleet.reader.readings(everything('org', 'next'), NOW, query);
      rows.push(...page.map(({ key }) => key));
      if (page.length === 0) break;
    }
    expect(rows).toEqual(whole.map(({ key }) => key));
  }
  const points = await fleet.reader.points(ALL, { limit: 1 });
  const after = points[0]?.id ?? '';
  expect((await fleet.reader.points(ALL, { limit: 5, after })).map(({ id }) => id)).not.toContain(after);
});

/** Read by a gateway of `pump` for two hours, installed at `school` from the second hour to the third. */
const STAYS = {
  pump: [-Infinity, T0 + 2 * HOUR],
  school: [T0 + HOUR, T0 + 3 * HOUR],
  depot: [0, 0],
} as const;

const stays = new Map<string | undefined, readonly [number, number]>(Object.entries(STAYS));
const ALWAYS = [-Infinity, Infinity] as const;
const stayOf = ({ siteId }: Grant): readonly [number, number] => stays.get(siteId) ?? ALWAYS;

const placeDevice = (): void => {
  const registry = openDatabase(join(fleet.folder, 'registry.db'));
  for (const id of Object.keys(STAYS)) {
    registry.prepare(`insert into site (id, organisation_id, name) values (?, 'org', 's')`).run(id);
  }
  registry.prepare(`update gateway set site_id = 'pump'`).run();
  registry.prepare('update assignment set "to" = ?').run(STAYS.pump[1]);
  registry
    .prepare(
      `insert into location (id, organisation_id, key, name, site_id) values ('l', 'org', 'l', 'l', 'school')`,
    )
    .run();
  registry
    .prepare(
      `insert into installation (id, device_id, location_id, ratio, "offset", "from", "to")
       select 'i', id, 'l', 1, 0, ?, ? from device`,
    )
    .run(...STAYS.school);
  registry.close();
};

test('no scope ever reads a row that its grants do not give', async () => {
  const when = fc.integer({ min: -1, max: 50 }).map((step) => T0 + step * 5 * MINUTE);
  const anyGrant = fc.record(
    {
      organisationId: fc.constantFrom('org', 'next', 'other'),
      finestMs: fc.constantFrom(0, MINUTE, 15 * MINUTE, HOUR),
      delayMs: fc.constantFrom(0, HOUR, 3 * HOUR),
      from: when,
      to: when,
      siteId: fc.constantFrom('pump', 'school', 'depot'),
    },
    { requiredKeys: ['organisationId', 'finestMs', 'delayMs'] },
  );
  const given = (
    grants: readonly Grant[],
    now: number,
    resolution: number,
    from: number,
    to: number,
  ): boolean => {
    // minute by minute: each one must be given by some grant of who held it then
    for (let at = from; at < to; at += MINUTE) {
      const holder = at < TRANSFER ? 'org' : 'next';
      const allowed = grants.some(
        (one) =>
          one.organisationId === holder &&
          one.finestMs <= resolution &&
          at >= (one.from ?? -Infinity) &&
          at < (one.to ?? Infinity) &&
          at >= stayOf(one)[0] &&
          at < stayOf(one)[1] &&
          ((one.delayMs === 0 && one.finestMs === 0) || at < now - one.delayMs),
      );
      if (!allowed) return false;
    }
    return true;
  };
  placeDevice();
  const all = await times(everything('org', 'next'));
  const cells = { '1m': MINUTE, '15m': 15 * MINUTE, '1h': HOUR } as const;
  const wholes: (readonly ['1m' | '15m' | '1h', readonly number[]])[] = [];
  for (const name of ['1m', '15m', '1h'] as const) {
    wholes.push([name, await starts(everything('org', 'next'), name)]);
  }
  await fc.assert(
    fc.asyncProperty(fc.array(anyGrant, { maxLength: 4 }), when, async (grants, now) => {
      const scope = scopeOf(...grants);
      expect(await times(scope, now)).toEqual(all.filter((time) => given(grants, now, 0, time, time + 1)));
      for (const [name, whole] of wholes) {
        const period = cells[name];
        expect(await starts(scope, name, now)).toEqual(
          whole.filter((start) => given(grants, now, period, start, start + period)),
        );
      }
      const newest = all.findLast((time) => given(grants, now, 0, time, time + 1));
      expect((await fleet.reader.latest(scope, now, { limit: 10 })).map(({ time }) => time)).toEqual(
        newest === undefined ? [] : [newest],
      );
    }),
    { numRuns: 300 },
  );
});
