import type { ReadingColumn } from '#wire/readings.js';
import type { Directory } from '#wire/directory.js';
import { openDatabase } from '../../fleet/store/sqlite/database.js';
import {
  addGateway,
  ALL,
  directoryOf,
  EPOCH,
  point,
  reading,
  T0,
  type FleetOfViews,
} from '../fleet/projections/fleet-of-views.js';

const GATEWAYS = 100;
const POINTS_EACH = 1000;
const POINTS_A_DEVICE = 20;
export const POINTS = GATEWAYS * POINTS_EACH;

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;
const CHART_INTERVAL_MS = 10_000;
const READINGS_A_BATCH = 20_000;
/** The month that charts ask for. */
export const MONTH = { from: T0 - MONTH_MS, to: T0 } as const;
export const MONTH_READINGS = MONTH_MS / CHART_INTERVAL_MS;

const idOf = (gateway: number): string => `querygateway${String(gateway).padStart(8, '0')}`;

const manyPoints = (): Directory => {
  const { devices, ...rest } = directoryOf(
    ...Array.from({ length: POINTS_EACH }, (_, index) =>
      point(index + 1, {
        device: `device-${Math.floor(index / POINTS_A_DEVICE)}`,
        key: `p${(index % POINTS_A_DEVICE) + 1}`,
      }),
    ),
  );
  const keys = Array.from({ length: POINTS_EACH / POINTS_A_DEVICE }, (_, index) => `device-${index}`);
  return {
    ...rest,
    devices: keys.flatMap((key) => devices.map((device) => ({ ...device, key, name: key }))),
  };
};

/** 100,000 points of 5,000 devices of one organisation, each with a reading, all of it projected. */
export const sendPoints = async (fleet: FleetOfViews): Promise<void> => {
  const directory = manyPoints();
  const columns: ReadingColumn[] = directory.points.map(({ number }) => ({
    point: number,
    readings: [reading(number, T0, 20 + number / 100)],
  }));
  for (let gateway = 0; gateway < GATEWAYS; gateway += 1) {
    const source = idOf(gateway);
    addGateway(fleet.registry, source, 'org');
    await fleet.sendDirectory(directory, source);
    await fleet.send(directory, { content: 'readings', columns }, { source, epoch: EPOCH, seq: 1 });
  }
  await fleet.project();
};

/** Points of a dashboard, polled every 15 minutes for the same month. */
const CHARTED = 50;
const CHARTED_INTERVAL_MS = 900_000;

const readingsOf = (intervalMs: number, first: number, length: number, ordinal: number) =>
  Array.from({ length }, (_, index) => {
    const tick = first + index;
    const value = Math.round(2000 + 500 * Math.sin(tick / 1000)) / 100;
    return reading(ordinal + tick, MONTH.from + tick * intervalMs, value);
  });

/** A month of one point, polled every 10 s, and of those of a dashboard. */
export const sendMonth = async (fleet: FleetOfViews): Promise<{ month: string; charted: string[] }> => {
  const charted = Array.from({ length: CHARTED }, (_, index) => point(index + 2, { key: `chart-${index}` }));
  const directory = directoryOf(point(1, { key: 'month' }), ...charted);
  await fleet.sendDirectory(directory);
  for (let first = 0; first < MONTH_READINGS; first += READINGS_A_BATCH) {
    const length = Math.min(READINGS_A_BATCH, MONTH_READINGS - first);
    const readings = readingsOf(CHART_INTERVAL_MS, first, length, 1);
    await fleet.send(directory, { content: 'readings', columns: [{ point: 1, readings }] });
  }
  for (const { number } of charted) {
    const readings = readingsOf(CHARTED_INTERVAL_MS, 0, MONTH_MS / CHARTED_INTERVAL_MS, number * 1_000_000);
    await fleet.send(directory, { content: 'readings', columns: [{ point: number, readings }] });
  }
  await fleet.project();
  const points = await fleet.reader.points(ALL, { limit: POINTS * 2 });
  const month = points.find(({ key }) => key === 'month');
  if (month === undefined) throw new Error('the month has no point');
  return {
    month: month.id,
    charted: points.filter(({ key }) => key.startsWith('chart-')).map(({ id }) => id),
  };
};

/**
 * Gives the first 1,000 points as many readings before their projected one as make `readings` of all, written as the
 * projector writes them: rows by key, and the count that is kept of them. Gives how many rows there are then.
 */
export const multiplySeries = (path: string, readings: number): number => {
  const database = openDatabase(path, { cacheKib: 65_536 });
  try {
    const have = database.prepare<[], number>('select count(*) from series').pluck().get() ?? 0;
    const each = Math.max(0, Math.ceil((readings - have) / POINTS_EACH));
    const copy = database.prepare(
      `insert into series (point, time, origin, ordinal, value, marks)
       with recursive step (n) as (select ? union all select n - 1 from step where n > 1)
       select s.point, s.time - n * 1000, s.origin, s.ordinal + n * 1000, s.value + n % 100, s.marks
       from series s, step where s.point = ? order by n desc`,
    );
    const count = database.prepare('update latest set readings = readings + ? where point = ?');
    if (each === 0) return have;
    const points = database
      .prepare<[number], number>('select point from latest order by point limit ?')
      .pluck()
      .all(POINTS_EACH);
    for (let at = 0; at < points.length; at += 50) {
      database.transaction(() => {
        for (const number of points.slice(at, at + 50)) count.run(copy.run(each, number).changes, number);
      })();
    }
    database.pragma('wal_checkpoint(TRUNCATE)');
    return have + each * points.length;
  } finally {
    database.close();
  }
};
