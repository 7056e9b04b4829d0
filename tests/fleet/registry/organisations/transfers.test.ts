import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aggregateReadings } from '../../../../agent/wire/aggregate/aggregate-readings.js';
import type { Reading } from '../../../../agent/wire/readings.js';
import type { Deed } from '../../../../fleet/registry/organisations/deeds.js';
import { OrganisationError } from '../../../../fleet/registry/organisations/errors.js';
import {
  createOrganisations,
  type Organisations,
} from '../../../../fleet/registry/organisations/organisations.js';
import { readOrganisationVocabulary } from '../../../../fleet/registry/organisations/vocabulary.js';
import { newId } from '../../../../fleet/registry/new-id.js';
import {
  directoryOf,
  everything,
  GATEWAY,
  NOW,
  openFleetOfViews,
  point,
  reading,
  T0,
  type FleetOfViews,
} from '../../projections/fleet-of-views.js';

const MINUTE = 60_000;
const QUARTER = 15 * MINUTE;
const HOUR = 4 * QUARTER;
const HOLD = 20 * MINUTE;
const HOLDERS = ['org', 'a', 'b', 'c'] as const;
type Holder = (typeof HOLDERS)[number];

/** Four hours, now and then a hole. */
const READINGS: readonly Reading[] = Array.from({ length: 48 }, (_, index) => index)
  .filter((index) => index % 11 < 8)
  .map((index) => reading(index + 1, T0 + index * 5 * MINUTE + 7000, 100 + ((index * 7) % 5) + index));
const KINDS = ['gauge', 'counter', 'gauge'] as const;
const SETTINGS = { intervalMs: 5 * MINUTE, maxHoldMs: HOLD };

let fleet: FleetOfViews;
let organisations: Organisations;
let deviceId: string;
let points: readonly string[];

beforeEach(async () => {
  fleet = openFleetOfViews();
  for (const id of ['a', 'b', 'c']) {
    fleet.registry.addOrganisation({
      id,
      parentId: 'org',
      name: id,
      type: 'municipality',
      code: null,
      timeZone: 'Europe/Paris',
    });
  }
  const directory = directoryOf(
    point(1, SETTINGS),
    point(2, { ...SETTINGS, kind: 'counter' }),
    point(3, { ...SETTINGS, windows: [QUARTER] }),
  );
  await fleet.sendDirectory(directory);
  await fleet.send(directory, {
    content: 'readings',
    columns: [1, 2, 3].map((number) => ({
      point: number,
      readings: READINGS.map((row) => ({ ...row, ordinal: row.ordinal + number * 100 })),
    })),
  });
  // what a gateway makes of all its readings, whoever holds the device
  const windows = Array.from({ length: 16 }, (_, index) => {
    const start = T0 + index * QUARTER;
    const before = READINGS.findLast(({ time }) => time < start);
    return {
      ordinal: 1000 + index,
      start,
      revision: 0,
      aggregate: aggregateReadings({
        kind: 'gauge',
        start,
        end: start + QUARTER,
        readings: READINGS,
        ...SETTINGS,
        ...(before === undefined ? {} : { before }),
      }),
    };
  });
  await fleet.send(directory, {
    content: 'windows',
    columns: [{ point: 3, periodMs: QUARTER, windows }],
  });
  await fleet.project();
  expect(fleet.quarantined).toEqual([]);
  points = await Promise.all(['p1', 'p2', 'p3'].map((key) => fleet.pointId(key)));
  organisations = createOrganisations({
    store: fleet.registry,
    vocabulary: readOrganisationVocabulary(),
    newId,
    now: () => NOW,
  });
  deviceId = (await fleet.reader.devices(everything('org'), { limit: 1 }))[0]?.id ?? '';
});
afterEach(() => fleet.close());

interface Given {
  readonly to: Holder;
  readonly at: number;
  readonly past: 'readable' | 'withheld';
}

/** Who may read which minute, told without intervals. */
class Model {
  holder: Holder = 'org';
  since = 0;
  readonly readers = new Map<number, Set<string>>();

  constructor() {
    for (let at = T0 - HOUR; at < T0 + 6 * HOUR; at += MINUTE) this.readers.set(at, new Set(['org']));
  }

  /** `false`: it cannot be. */
  give({ to, at, past }: Given): boolean {
    if (to === this.holder) return true;
    if (at < this.since) return false;
    for (const [minute, readers] of this.readers) {
      if (minute >= at) {
        readers.clear();
        readers.add(to);
      } else if (past === 'readable' && readers.has(this.holder)) readers.add(to);
    }
    this.holder = to;
    this.since = at;
    return true;
  }

  reads(who: string, from: number, to: number): boolean {
    for (let at = from; at < to; at += MINUTE) if (this.readers.get(at)?.has(who) !== true) return false;
    return true;
  }

  /** Beginning of the time without a break that `who` may read up to `at`. */
  island(who: string, at: number): number {
    let from = at;
    while (this.readers.get(from - MINUTE)?.has(who) === true) from -= MINUTE;
    return from;
  }
}

const minuteOf = (time: number): number => Math.floor(time / MINUTE) * MINUTE;

const anyGiven: fc.Arbitrary<Given> = fc.record({
  to: fc.constantFrom(...HOLDERS),
  at: fc.integer({ min: -10, max: 250 }).map((minutes) => T0 + minutes * MINUTE),
  past: fc.constantFrom('readable', 'withheld'),
});

/** Gives the device on as told, checks, and takes everything back. */
const along = async (given: readonly Given[], check: (model: Model) => Promise<void>): Promise<void> => {
  const model = new Model();
  const acts: string[] = [];
  for (const { at, ...terms } of given) {
    const deed: Deed = {
      deed: 'transfer',
      asked: { ...terms, from: new Date(at).toISOString(), devices: [deviceId], alone: true },
    };
    if (model.give({ at, ...terms })) acts.push(organisations.perform(deed, { by: 'test' }).id);
    else expect(() => organisations.perform(deed, { by: 'test' })).toThrow(OrganisationError);
  }
  try {
    await check(model);
  } finally {
    for (const id of acts.toReversed()) organisations.undo(id, { by: 'test' });
  }
};

describe('whatever is given to whom and when', () => {
  test('each reading is read by exactly those who held its time or were given it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyGiven, { maxLength: 5 }), async (given) => {
        await along(given, async (model) => {
          for (const who of HOLDERS) {
            const query = { pointId: points[0] ?? '', from: 0, to: NOW * 2, limit: 1000 };
            const times = (await fleet.reader.readings(everything(who), NOW, query)).map(({ time }) => time);
            const expected = READINGS.map(({ time }) => time).filter((time) => {
              return model.readers.get(minuteOf(time))?.has(who) === true;
            });
            expect(times).toEqual(expected);
            const newest = (await fleet.reader.latest(everything(who), NOW, { limit: 10 })).map(
              ({ time }) => time,
            );
            expect(newest).toEqual(expected.length === 0 ? [] : points.map(() => expected.at(-1)));
          }
        });
      }),
      { numRuns: 30 },
    );
  });

  test('each cell is what its reader’s own readings make it, with nothing carried in from another’s time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyGiven, { maxLength: 4 }),
        fc.constantFrom(0, 1, 2),
        async (given, which) => {
          await along(given, async (model) => {
            for (const who of HOLDERS) {
              for (const [resolution, period] of [
                ['1m', MINUTE],
                ['15m', QUARTER],
                ['1h', HOUR],
              ] as const) {
                const query = { pointId: points[which] ?? '', resolution, from: 0, to: NOW * 2, limit: 1000 };
                for (const cell of await fleet.reader.rollups(everything(who), NOW, query)) {
                  const { start, end, aggregate } = cell;
                  expect(model.reads(who, start, end)).toBe(true);
                  const from = model.island(who, start);
                  const own = READINGS.filter(({ time }) => time >= from);
                  const before = own.findLast(({ time }) => time < start);
                  const expected = aggregateReadings({
                    kind: KINDS[which] ?? 'gauge',
                    start,
                    end: start + period,
                    readings: own,
                    ...SETTINGS,
                    ...(before === undefined ? {} : { before }),
                  });
                  expect([who, resolution, start, aggregate.sums]).toEqual([
                    who,
                    resolution,
                    start,
                    closeTo(expected.sums),
                  ]);
                  expect([aggregate.count, aggregate.min, aggregate.max]).toEqual([
                    expected.count,
                    expected.min,
                    expected.max,
                  ]);
                }
              }
            }
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  test('taken back, everything is as it was', async () => {
    const before = fleet.registry.records('holding');
    await along([{ to: 'a', at: T0 + HOUR, past: 'readable' }], async () => {
      expect(fleet.registry.records('holding')).toHaveLength(before.length + 2);
    });
    expect(fleet.registry.records('holding')).toEqual(before);
  });
});

const closeTo = (sums: object): object =>
  Object.fromEntries(
    Object.entries(sums).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === 'number' ? expect.closeTo(value, 3) : value,
    ]),
  );

describe('a gateway that is given on', () => {
  test('takes its devices along, and what it measured in another’s time stays theirs, heard of late', async () => {
    const act = organisations.perform(
      {
        deed: 'transfer',
        asked: { to: 'a', from: new Date(T0 + HOUR).toISOString(), past: 'withheld', gateways: [GATEWAY] },
      },
      { by: 'test' },
    );
    expect(await fleet.reader.gateways(everything('a'), { limit: 10 })).toMatchObject([{ id: GATEWAY }]);
    expect(await fleet.reader.gateways(everything('org'), { limit: 10 })).toEqual([]);
    const [meter] = directoryOf().devices;
    if (meter === undefined) throw new Error('no device');
    const late = {
      ...directoryOf(),
      devices: [{ ...meter, key: 'late' }],
      points: [point(9, { device: 'late' })],
    };
    await fleet.sendDirectory(late);
    await fleet.send(late, {
      content: 'readings',
      columns: [{ point: 9, readings: [reading(5000, T0, 1), reading(5001, T0 + 2 * HOUR, 2)] }],
    });
    await fleet.project();
    const late9 = async (who: string) =>
      (await fleet.reader.latest(everything(who), NOW, { limit: 10 })).filter(({ key }) => key === 'p9');
    expect(await late9('org')).toMatchObject([{ value: 1 }]);
    expect(await late9('a')).toMatchObject([{ value: 2 }]);
    organisations.undo(act.id, { by: 'test' });
  });

  test('on a day to come goes on that day, and is not seen before by who comes next', async () => {
    const at = NOW * 2;
    const act = organisations.perform(
      {
        deed: 'transfer',
        asked: { to: 'b', from: new Date(at).toISOString(), past: 'withheld', gateways: [GATEWAY] },
      },
      { by: 'test' },
    );
    expect(fleet.registry.settleHolders(at - 1)).toBe(0);
    expect(await fleet.reader.devices(everything('b'), { limit: 10 })).toEqual([]);
    expect(await fleet.reader.gateways(everything('b'), { limit: 10 })).toEqual([]);
    organisations.undo(act.id, { by: 'test' });
    expect(fleet.registry.settleHolders(at)).toBe(0);
    // a past that may be read could be read at once, before who reads it holds anything
    const from = new Date(at).toISOString();
    const ahead: Deed = {
      deed: 'transfer',
      asked: { to: 'b', from, past: 'readable', gateways: [GATEWAY] },
    };
    expect(() => organisations.perform(ahead, { by: 'test' })).toThrow(/is to come/);
  });
});
