import type { ValueType } from '#wire/terms.js';
import type { ReadingRow } from '../views-store.js';
import type { Database } from './database.js';
import { grantsParameter, ISLANDS } from './views-scope.js';
import { createRollupsQuery, type SeriesParameters } from './views-rollups.js';
import { decodeDeviceTime, decodeMarks, decodeValue, readValue } from './views-values.js';
import type { ViewsQueries } from './views-queries.js';

type Data = Pick<ViewsQueries, 'readings' | 'rollups'>;

/** What was measured, as far as a scope gives it. */
export const createDataQueries = (database: Database): Data => ({
  readings: createReadingsQuery(database),
  rollups: createRollupsQuery(database),
});

const INSIDE = '"from" <= s.time and s.time < "to"';

/** A row of `READING_COLUMNS` as an array: an object made by the driver takes twice the time. */
export type StoredReading = readonly [
  time: number,
  origin: number,
  ordinal: number,
  value: unknown,
  marks: number | null,
  uncertaintyMs: number,
  deviceTime: number | null,
  deviceClock: number | null,
  source: string,
  epoch: string,
  valueType: ValueType,
];

/** Of series `s`, origin `o` and point `p`. */
export const READING_COLUMNS = `s.time, s.origin, s.ordinal, ${readValue('s.value')}, s.marks, ifnull(s.uncertainty, 0),
  s.device_time, s.device_clock, o.source, o.epoch, p.value_type`;

const createReadingsQuery = (database: Database): ViewsQueries['readings'] => {
  const select = database
    .prepare<[SeriesParameters & { time: number; origin: number; ordinal: number }], StoredReading>(
      `with ${ISLANDS}
     select ${READING_COLUMNS}
     from registry.point p cross join series s on s.point = p.number join origin o on o.number = s.origin
     where p.id = @point and s.time >= @time and s.time < @to
       and (s.time, s.origin, s.ordinal) > (@time, @origin, @ordinal)
       and exists (select 1 from island where ${INSIDE})
     order by s.time, s.origin, s.ordinal limit +@limit`,
    )
    .raw();
  // each page is sought from its own beginning: from that of the period it would pass all rows before it again
  return (scope, now, query): ReadingRow[] => {
    const { pointId, from, to, limit } = query;
    const { time, origin, ordinal } = query.after ?? { time: from, origin: -1, ordinal: -1 };
    const grants = grantsParameter(scope, now);
    return select
      .all({ grants, point: pointId, resolution: 0, from, to, limit, time, origin, ordinal })
      .map(readingOf);
  };
};

export const readingOf = (row: StoredReading): ReadingRow => {
  const [time, origin, ordinal, value, marks, uncertaintyMs, deviceTime, deviceClock, ...rest] = row;
  const [source, epoch, valueType] = rest;
  return {
    key: { time, origin, ordinal },
    time,
    value: decodeValue(value, valueType),
    ...decodeMarks(marks),
    uncertaintyMs,
    ...decodeDeviceTime({ deviceTime, deviceClock }),
    source,
    epoch,
    ordinal,
  };
};
