import { DEVICE_CLOCKS } from '#wire/terms.js';
import type { PointMeta, PointStep, SeriesReader, SeriesRow } from '../views-writer.js';
import type { AtOnce } from './at-once.js';
import { createBulkInsert } from './bulk-insert.js';
import type { Database } from './database.js';
import {
  decodeDeviceTime,
  decodeMarks,
  decodeValue,
  encodeMarks,
  encodeValue,
  ENTERS,
  readValue,
} from './views-values.js';

interface StoredRow {
  readonly time: number;
  readonly origin: number;
  readonly ordinal: number;
  readonly value: unknown;
  readonly marks: number | null;
  readonly uncertainty: number | null;
  readonly deviceTime: number | null;
  readonly deviceClock: number | null;
}

export const SELECT_READING = `time, origin, ordinal, ${readValue('value')} as value, marks, uncertainty,
  device_time as deviceTime, device_clock as deviceClock`;

const decodeRow = (row: StoredRow, meta: PointMeta): SeriesRow => ({
  time: row.time,
  origin: row.origin,
  ordinal: row.ordinal,
  value: decodeValue(row.value, meta.valueType),
  ...decodeMarks(row.marks),
  uncertaintyMs: row.uncertainty ?? 0,
  ...decodeDeviceTime(row),
});

interface SeriesPart {
  readonly reads: AtOnce<SeriesReader>;
  put(step: PointStep): void;
  flush(): void;
  discard(): void;
}

/** Series, latest and how far a reading can carry. */
export const createSeriesTables = (database: Database): SeriesPart => {
  const range = database.prepare<[number, number, number], StoredRow>(
    `select ${SELECT_READING} from series where point = ? and time >= ? and time < ?
     order by time, origin, ordinal`,
  );
  const counts = createCounts(database);
  const written = { column: 'point', each: counts.add };
  const plain = createBulkInsert(
    database,
    'insert into series (point, time, origin, ordinal, value, marks)',
    6,
    'on conflict do nothing',
    written,
  );
  const timed = createBulkInsert(
    database,
    'insert into series (point, time, origin, ordinal, value, marks, uncertainty, device_time, device_clock)',
    9,
    'on conflict do nothing',
    written,
  );
  const carry = database.prepare<[number], { ms: number }>('select ms from carry where point = ?');
  const putCarry = database.prepare('insert or replace into carry (point, ms) values (?, ?)');

  const putLatest = createLatestTable(database);
  const addReadings = (point: number, rows: readonly SeriesRow[]): void => {
    for (const row of rows) {
      const { time, origin, ordinal, uncertaintyMs, deviceTime = null, deviceClock = 'unstated' } = row;
      // most rows have neither, and each value that is bound costs
      const rare = uncertaintyMs !== 0 || deviceTime !== null;
      const series = rare ? timed : plain;
      series.row.push(point, time, origin, ordinal, encodeValue(row.value), encodeMarks(row));
      if (rare) series.row.push(uncertaintyMs, deviceTime, DEVICE_CLOCKS.indexOf(deviceClock));
      series.full();
    }
  };

  return {
    reads: {
      readings: (meta, from, to) => range.all(meta.point, from, to).map((row) => decodeRow(row, meta)),
      ...createEnteredQueries(database),
      carryMs: (point) => carry.get(point)?.ms ?? 0,
    },
    put: ({ point, rows, latest, goodTime, carryMs }) => {
      if (carryMs !== undefined) putCarry.run(point, carryMs);
      addReadings(point, rows);
      if (latest !== undefined) putLatest(point, latest, goodTime);
    },
    flush: () => {
      plain.flush();
      timed.flush();
      counts.flush();
    },
    discard: () => {
      plain.discard();
      timed.discard();
      counts.discard();
    },
  };
};

/** Counts the rows of a transaction that were new, by point; `latest` has each of these points by its end. */
const createCounts = (database: Database) => {
  const add = database.prepare('update latest set readings = readings + ? where point = ?');
  const counted = new Map<unknown, number>();
  return {
    add: (point: unknown) => void counted.set(point, (counted.get(point) ?? 0) + 1),
    flush: () => {
      for (const [point, count] of counted) add.run(count, point);
      counted.clear();
    },
    discard: () => counted.clear(),
  };
};

/** `latest` knows the newest row that enters, so that a sensor that was bad for a year is not searched through. */
const createEnteredQueries = (
  database: Database,
): Pick<AtOnce<SeriesReader>, 'lastEntered' | 'enteredAfter'> => {
  const good = database.prepare<[number], { time: number | null }>(
    'select good_time as time from latest where point = ?',
  );
  const before = database.prepare<[number, number, number], StoredRow>(
    `select ${SELECT_READING} from series where point = ? and time >= ? and time < ? and ${ENTERS}
     order by time desc, origin desc, ordinal desc limit 1`,
  );
  const after = database.prepare<[number, number], { time: number }>(
    `select time from series where point = ? and time > ? and ${ENTERS} order by time limit 1`,
  );
  return {
    lastEntered: (meta, from, to) => {
      const newest = good.get(meta.point)?.time ?? -Infinity;
      if (newest < from) return undefined;
      const row = before.get(meta.point, from, Math.min(to, newest + 1));
      return row === undefined ? undefined : decodeRow(row, meta);
    },
    enteredAfter: (point, time) => {
      const newest = good.get(point)?.time ?? -Infinity;
      return newest <= time ? undefined : after.get(point, time)?.time;
    },
  };
};

const createLatestTable = (database: Database) => {
  const put = database.prepare(
    `insert into latest (point, time, origin, ordinal, value, marks) values (?, ?, ?, ?, ?, ?)
     on conflict (point) do update set time = excluded.time, origin = excluded.origin,
       ordinal = excluded.ordinal, value = excluded.value, marks = excluded.marks
     where (excluded.time, excluded.origin, excluded.ordinal) > (latest.time, latest.origin, latest.ordinal)`,
  );
  const putGood = database.prepare(
    'update latest set good_time = ? where point = ? and (good_time is null or good_time < ?)',
  );
  return (point: number, row: SeriesRow, goodTime: number | undefined): void => {
    put.run(point, row.time, row.origin, row.ordinal, encodeValue(row.value), encodeMarks(row));
    if (goodTime !== undefined) putGood.run(goodTime, point, goodTime);
  };
};
