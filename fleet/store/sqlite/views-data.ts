import { entersAggregate, type ValueType } from '#wire/terms.js';
import type { LatestRow, PointRow, ReadingRow } from '../views-store.js';
import type { Database } from './database.js';
import { POINT_COLUMNS, POINT_TABLES } from './views-inventory.js';
import {
  ASKED_DEVICES,
  grantsParameter,
  GRANTS,
  GRANTS_OF_ASKED,
  ISLANDS,
  OF_POINT,
  READABLE,
  SEEN_LOCATIONS_OF_ASKED,
  VISIBLE_OF_ASKED,
} from './views-scope.js';
import { createRollupsQuery, type SeriesParameters } from './views-rollups.js';
import { decodeDeviceTime, decodeMarks, decodeValue, readValue } from './views-values.js';
import type { ViewsQueries } from './views-queries.js';

type Data = Pick<ViewsQueries, 'latest' | 'readings' | 'rollups'>;

/** What was measured, as far as a scope gives it. */
export const createDataQueries = (database: Database): Data => ({
  latest: createLatestQuery(database),
  readings: createReadingsQuery(database),
  rollups: createRollupsQuery(database),
});

const INSIDE = '"from" <= s.time and s.time < "to"';

/** Newest time of the point at which a row may be read. */
const NEWEST_TIME = `(select max((
    select s.time from series s where s.point = p.number and s.time >= r."from" and s.time < r."to"
    order by s.time desc limit 1
  )) from readable r where ${OF_POINT} and r.finest = 0)`;

/** A time of `latest`, where the row of that time may be read. */
const visibleLatest = (column: string): string => `(
  select s.time from (select point, ${column} as time from latest) s where s.point = p.number and exists (
    select 1 from readable r where ${OF_POINT} and r.finest = 0 and ${INSIDE}))`;

export interface StoredLatest extends PointRow {
  readonly time: number;
  readonly value: unknown;
  readonly marks: number | null;
  readonly goodTime: number | null;
}

/**
 * CTE `newest` of points that meet a condition: the time of the row of `latest` where it may be read; where it may not,
 * of the newest that may.
 */
export const newestOf = (condition: string): string => `newest as (
  select ${POINT_COLUMNS}, p.number, ifnull(${visibleLatest('time')}, ${NEWEST_TIME}) as time,
    ${visibleLatest('good_time')} as goodTime
  from ${POINT_TABLES} where ${condition} and p.number in (select point from latest) and time is not null
)`;

/** Columns of a `StoredLatest`, from rows of `newest` as `n` and series `s`. */
export const LATEST_COLUMNS = `n.id, n.key, n.name, n.deviceId, n.deviceName, n.organisationId, n.locationId, n.kind, n.valueType,
  n.property, n.unit, n.dialUnit, n.time, n.goodTime, ${readValue('s.value')} as value, s.marks`;

/** Which row of series `s` the time of `n` is. */
export const LATEST_SERIES = `s.point = n.number and s.time = n.time and (s.origin, s.ordinal) = (
  select l.origin, l.ordinal from series l where l.point = n.number and l.time = n.time
  order by l.origin desc, l.ordinal desc limit 1)`;

export const latestOf = <Row extends StoredLatest>({ marks, value: stored, ...row }: Row) => {
  const { flag, reason } = decodeMarks(marks);
  const value = decodeValue(stored, row.valueType);
  const good = value !== null && entersAggregate(flag);
  return { ...row, value, flag, reason, goodTime: good ? row.time : row.goodTime };
};

interface Candidate {
  readonly id: string;
  readonly device: string;
}

/**
 * Points that the scope may give, by id: of devices that somebody whom it names ever held, and what others give. What
 * of them it gives indeed is for the page's own query, which then knows the few devices that it has to look at.
 */
const createCandidates = (database: Database) =>
  database.prepare<[{ grants: string; after: string; limit: number }], Candidate>(
    `with ${GRANTS}
     select p.id, p.device_id as device from registry.point p where p.id > @after and (
       exists (select 1 from registry.holding h where h.device_id = p.device_id
         and h.organisation_id in (select organisation_id from grants))
       or p.id in (select point_id from shared))
     order by p.id limit @limit`,
  );

const createLatestQuery = (database: Database): ViewsQueries['latest'] => {
  const candidates = createCandidates(database);
  const select = database.prepare<[{ grants: string; points: string; devices: string }], StoredLatest>(
    `with ${ASKED_DEVICES}, ${GRANTS_OF_ASKED}, ${VISIBLE_OF_ASKED}, ${READABLE}, ${SEEN_LOCATIONS_OF_ASKED},
       ${newestOf('p.id in (select value from json_each(@points))')}
     select ${LATEST_COLUMNS} from (select * from newest order by id limit -1) n cross join series s on ${LATEST_SERIES}
     order by n.id`,
  );
  return (scope, now, { after = '', limit }): LatestRow[] => {
    const grants = grantsParameter(scope, now);
    const found: LatestRow[] = [];
    for (let from = after; found.length < limit;) {
      const missing = limit - found.length;
      const next = candidates.all({ grants, after: from, limit: missing });
      const points = JSON.stringify(next.map(({ id }) => id));
      const devices = JSON.stringify([...new Set(next.map(({ device }) => device))]);
      found.push(...select.all({ grants, points, devices }).map(latestOf));
      const last = next.at(-1);
      if (last === undefined || next.length < missing) break;
      from = last.id;
    }
    return found;
  };
};

export interface StoredReading {
  readonly time: number;
  readonly origin: number;
  readonly ordinal: number;
  readonly value: unknown;
  readonly marks: number | null;
  readonly uncertaintyMs: number;
  readonly deviceTime: number | null;
  readonly deviceClock: number | null;
  readonly source: string;
  readonly epoch: string;
  readonly valueType: ValueType;
}

/** Columns of a `StoredReading`, from series `s`, origin `o` and point `p`. */
export const READING_COLUMNS = `s.time, s.origin, s.ordinal, ${readValue('s.value')} as value, s.marks,
  ifnull(s.uncertainty, 0) as uncertaintyMs, s.device_time as deviceTime,
  s.device_clock as deviceClock, o.source, o.epoch, p.value_type as valueType`;

const createReadingsQuery = (database: Database): ViewsQueries['readings'] => {
  const select = database.prepare<
    [SeriesParameters & { time: number; origin: number; ordinal: number }],
    StoredReading
  >(
    `with ${ISLANDS}
     select ${READING_COLUMNS}
     from registry.point p cross join series s on s.point = p.number join origin o on o.number = s.origin
     where p.id = @point and s.time >= @time and s.time < @to
       and (s.time, s.origin, s.ordinal) > (@time, @origin, @ordinal)
       and exists (select 1 from island where ${INSIDE})
     order by s.time, s.origin, s.ordinal limit @limit`,
  );
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

export const readingOf = (row: StoredReading): ReadingRow => ({
  key: { time: row.time, origin: row.origin, ordinal: row.ordinal },
  time: row.time,
  value: decodeValue(row.value, row.valueType),
  ...decodeMarks(row.marks),
  uncertaintyMs: row.uncertaintyMs,
  ...decodeDeviceTime(row),
  source: row.source,
  epoch: row.epoch,
  ordinal: row.ordinal,
});
