import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { AgreementDeed } from '../../../../fleet/sharing/agreement.js';
import type { Terms } from '../../../../fleet/sharing/terms.js';
import { openDatabase } from '../../../../fleet/store/sqlite/database.js';
import { EPOCH, directoryOf, point, reading, T0 } from '../../projections/fleet-of-views.js';
import { GATEWAY_A, itemsOf, openHttp, type HttpUnderTest } from '../../http/http-under-test.js';
import type { AggregatesWorld, Cell, Stretch } from './aggregates-model.js';

export const POINTS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const HOUR = 3_600_000;
const QUARTER = 900_000;
/** When the last device moves. */
export const MOVED = T0 + HOUR;
export const END = T0 + 2 * HOUR;

/** A number that tells of a sum whose values are in it: none makes much of it. */
export const valueOfPoint = (index: number): number => 100_000 + 2 ** index;

/** Times at which a point measures: the one before the last is silent in the second hour. */
const timesOf = (index: number): readonly number[] =>
  Array.from({ length: 8 }, (_, quarter) => T0 + quarter * QUARTER + 300_000).filter(
    (time) => index !== 6 || time < T0 + HOUR,
  );

export const valueWithin = (index: number, { start, end }: Cell): number | undefined => {
  const count = timesOf(index).filter((time) => start <= time && time < end).length;
  return count === 0 ? undefined : count * valueOfPoint(index);
};

/** Which points a sum is of. */
export const pointsIn = (sum: number, count: number): readonly number[] => {
  // how often each of them measured is the same for all, or the silent one is in it
  for (const times of [1, 4, 8]) {
    const silent = times === 8 ? 4 : times;
    for (const withSilent of [false, true]) {
      const rest = (sum - (withSilent ? silent * valueOfPoint(6) : 0)) / times;
      const bits = rest - (count - (withSilent ? 1 : 0)) * 100_000;
      const others = POINTS.filter((index) => index !== 6 && (bits & (2 ** index)) !== 0);
      const found = withSilent ? [...others, 6] : others;
      const again = found.reduce(
        (all, index) => all + (index === 6 ? silent : times) * valueOfPoint(index),
        0,
      );
      if (found.length === count && again === sum) return found;
    }
  }
  throw new Error(`${sum} is no sum of ${count} points`);
};

const directory = () => {
  const directoryOfPoints = directoryOf(
    ...POINTS.map((index) =>
      point(index + 1, {
        device: `d${index}`,
        key: `p${index}`,
        kind: 'interval',
        intervalMs: QUARTER,
        maxHoldMs: QUARTER,
      }),
    ),
  );
  const devices = POINTS.flatMap((index) =>
    directoryOfPoints.devices.map((device) => ({ ...device, key: `d${index}`, address: String(index) })),
  );
  return { ...directoryOfPoints, devices };
};

/** Two of them at one place; each at a place of its own on a line to the east. */
const placeOf = (index: number) => ({
  location: index === 5 ? 'l4' : `l${index}`,
  at: [index === 5 ? 4 : index, 1] as const,
});

export const STRETCHES: readonly Stretch[] = POINTS.flatMap((index) => {
  const here = { point: index, ...placeOf(index), from: 0, to: Infinity };
  if (index !== 7) return [here];
  return [
    { ...here, to: MOVED },
    { ...here, location: 'l8', at: [8, 1] as const, from: MOVED },
  ];
});

export interface AggregatesUnderTest {
  readonly http: HttpUnderTest;
  /** By number. */
  readonly ids: readonly string[];
  put(world: AggregatesWorld): void;
}

/** A fleet in which `a` and its service hold eight meters, and `b` and `org` may be given something of them. */
export const openAggregates = async (): Promise<AggregatesUnderTest> => {
  const http = await openHttp();
  const { fleet } = http;
  const sent = directory();
  await fleet.sendDirectory(sent, GATEWAY_A);
  const columns = POINTS.map((index) => ({
    point: index + 1,
    readings: timesOf(index).map((time, order) =>
      reading(index * 100 + order + 1, time, valueOfPoint(index)),
    ),
  }));
  await fleet.send(sent, { content: 'readings', columns }, { source: GATEWAY_A, epoch: EPOCH, seq: 1 });
  await fleet.project();
  const rows = itemsOf(await http.get('/api/v1/points', await http.login('a-owner')));
  const rowOf = (index: number) => rows.find(({ key }) => key === `p${index}`) ?? {};
  const database = openDatabase(join(fleet.folder, 'registry.db'));
  onTestFinished(() => void database.close());
  database.exec('drop trigger agreement_event_stays');
  place(database, (index) => String(rowOf(index)['deviceId']));
  return { http, ids: POINTS.map((index) => String(rowOf(index)['id'])), put: putter(http, database, rowOf) };
};

type Database = ReturnType<typeof openDatabase>;

const place = (database: Database, deviceOf: (index: number) => string): void => {
  const location = database.prepare(
    `insert or ignore into location (id, organisation_id, key, name, geometry) values (@id, 'a', @id, @id, @geometry)`,
  );
  const installation = database.prepare(
    `insert into installation (id, device_id, location_id, ratio, "offset", "from", "to") values (?, ?, ?, 1, 0, ?, ?)`,
  );
  const holding = database.prepare(
    `insert or ignore into location_holding (id, location_id, organisation_id, "from") values (?, ?, 'a', 0)`,
  );
  database.exec('delete from installation');
  for (const [order, { point: index, location: id, at, from, to }] of STRETCHES.entries()) {
    location.run({ id, geometry: JSON.stringify({ type: 'Point', coordinates: at }) });
    holding.run(`h-${id}`, id);
    installation.run(`i${order}`, deviceOf(index), id, from, Number.isFinite(to) ? to : null);
  }
  // a service is part of its municipality
  database.prepare(`update holding set organisation_id = 'a1' where device_id = ?`).run(deviceOf(3));
};

const putter =
  (
    { fleet: { registry } }: HttpUnderTest,
    database: Database,
    rowOf: (index: number) => Record<string, unknown>,
  ): AggregatesUnderTest['put'] =>
  (world) => {
    database.exec('delete from agreement_event; delete from dataset');
    for (const { id, points, open, conditions } of world.datasets) {
      const content = {
        selection: { points: points.map((index) => String(rowOf(index)['id'])) },
        audience: open ? ('open' as const) : ('agreement' as const),
        title: { fr: id },
        licence: { key: 'restricted' as const },
        conditions: defined(conditions),
      };
      registry.putDataset({ id, organisationId: 'a', revision: 1, content });
    }
    for (const { id, clauses } of world.agreements) agree(registry, id, clauses);
  };

type Conditions = NonNullable<Terms['conditions']>;

const defined = (conditions: object): Conditions => JSON.parse(JSON.stringify(conditions)) as Conditions;

const agree = (
  registry: HttpUnderTest['fleet']['registry'],
  id: string,
  clauses: AggregatesWorld['agreements'][number]['clauses'],
): void => {
  const terms = {
    title: { fr: id },
    parties: ['a', 'b'].map((organisationId) => ({ organisationId, name: organisationId })),
    clauses: clauses.map(({ conditions, ...clause }) => ({
      ...clause,
      giver: 'a',
      receivers: 'parties',
      conditions: defined(conditions),
    })),
    from: 0,
    to: null,
    accession: 'closed',
  } as unknown as Terms;
  const signer = { id: 'p', name: 'P', role: 'owner' };
  const deeds: readonly (readonly [string, AgreementDeed])[] = [
    ['a', { type: 'drafted', terms }],
    ['a', { type: 'proposed' }],
    ['a', { type: 'signed', version: 1, signer }],
    ['b', { type: 'signed', version: 1, signer }],
  ];
  for (const [number, [organisationId, deed]] of deeds.entries()) {
    expect(registry.appendAgreement(id, number, { at: 1, by: 'p', organisationId, ...deed })).toBe(true);
  }
};

export interface Given extends Cell {
  readonly points: readonly number[];
  readonly locations: number;
}

/** What one answer gives in aggregates alone, each cell by whose values are in it. */
export const givenBy = async (
  { http }: AggregatesUnderTest,
  token: string | undefined,
  query: string,
): Promise<readonly Given[]> => {
  // so that nobody is slowed for asking so much
  http.clock.now += 100;
  const answer = await http.get(`/api/v1/aggregates?property=active_power&${query}`, token);
  expect([query, answer.status, answer.status === 200 ? '' : answer.text]).toEqual([query, 200, '']);
  const pools = itemsOf(answer).filter(({ threshold }) => threshold !== null);
  return pools.flatMap(({ cells }) =>
    (cells as readonly Record<string, string & number>[]).map((cell) => ({
      start: Date.parse(String(cell['start'])),
      end: Date.parse(String(cell['end'])),
      points: pointsIn(Number(cell['sum']), Number(cell['points'])),
      locations: Number(cell['locations']),
    })),
  );
};
