import { setImmediate } from 'node:timers/promises';
import { entersAggregate, type Kind, type ValueType } from '#wire/terms.js';
import type { LatestRow, PointRow, ViewsReader } from '../views-store.js';
import type { Database } from './database.js';
import { ENDLESS } from './endless.js';
import { POINT_COLUMNS, POINT_COLUMNS_OF_WHOLE, POINT_TABLES, WHOLE_DEVICES } from './views-inventory.js';
import {
  ASKED_DEVICES,
  DEVICES_NEAR,
  grantsParameter,
  GRANTS_OF_ASKED,
  OF_POINT,
  READABLE,
  SEEN_LOCATIONS_OF_ASKED,
  VISIBLE_OF_ASKED,
} from './views-scope.js';
import { decodeMarks, decodeValue, readValue } from './views-values.js';

const INSIDE = '"from" <= s.time and s.time < "to"';

/** Newest time of the point at which a row may be read. */
export const NEWEST_TIME = `(select max((
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

/** Rows that are read between two turns of the event loop. */
const PART = 384;
/** Devices looked at together: at first, and at most once most of them turn out to give nothing. */
const FEW_DEVICES = 64;
const MANY_DEVICES = 1024;

/** Where a page begins: behind a point of a device. */
interface Place {
  readonly device: string;
  readonly number: number;
}

const BEGINNING: Place = { device: '', number: -1 };

type StoredRow = readonly [
  number: number,
  id: string,
  key: string,
  name: string,
  deviceId: string,
  deviceName: string,
  organisationId: string,
  locationId: string | null,
  kind: Kind,
  valueType: ValueType,
  property: string,
  unit: string,
  dialUnit: string | null,
  time: number | null,
  goodTime: number | null,
  value: unknown,
  marks: number | null,
];
const DEVICE = 4;
const TIME = 13;

export const OF_DEVICES = `with ${ASKED_DEVICES}, ${GRANTS_OF_ASKED}, ${VISIBLE_OF_ASKED}, ${READABLE}, ${SEEN_LOCATIONS_OF_ASKED}`;

export const readableAt = (time: string): string =>
  `exists (select 1 from readable r where ${OF_POINT} and r.finest = 0 and r."from" <= ${time} and ${time} < r."to")`;

/**
 * Points of a few devices with their rows of `latest`, which are empty where they may not be read: then an earlier
 * reading may be.
 */
const createNewestQuery = (database: Database) =>
  database
    .prepare<[Place & { grants: string; devices: string; limit: number }], StoredRow>(
      `${OF_DEVICES}, ${WHOLE_DEVICES}
       select p.number, ${POINT_COLUMNS_OF_WHOLE}, l.time, iif(${readableAt('l.good_time')}, l.good_time, null),
         ${readValue('l.value')}, l.marks
       from whole d cross join registry.point p indexed by point_order on p.device_id = d.id
         cross join latest x on x.point = p.number
         left join latest l on l.point = x.point and ${readableAt('l.time')}
       where (p.device_id, p.number) > (@device, @number) order by p.device_id, p.number limit +@limit`,
    )
    .raw();

/** The newest of their readings that may be read. */
const createEarlierQuery = (database: Database) =>
  database.prepare<[{ grants: string; devices: string; points: string }], StoredLatest & { number: number }>(
    `${OF_DEVICES}, ${newestOf('p.number in (select value from json_each(@points))')}
     select n.number, ${LATEST_COLUMNS} from newest n cross join series s on ${LATEST_SERIES}`,
  );

/** The newest readings, device by device, so that what is known of a device is found once for all of its points. */
export const createLatestQuery = (database: Database): ViewsReader['latest'] => {
  const near = createNearQuery(database);
  const placeOf = database.prepare<[string], Place>(
    'select device_id as device, number from registry.point where id = ?',
  );
  const readPart = createPartReader(database);
  return async (scope, now, { after, limit }): Promise<LatestRow[]> => {
    const grants = grantsParameter(scope, now);
    const found: LatestRow[] = [];
    let place = after === undefined || after === '' ? BEGINNING : placeOf.get(after);
    // one more than are wanted: that of the place may have no more points
    for (let width = Math.min(limit, FEW_DEVICES) + 1; place !== undefined;) {
      const devices = near.all({ grants, device: place.device, limit: width });
      for (const some of parts(devices, PART)) {
        for (let at: Place | undefined = place; at !== undefined && found.length < limit;) {
          const read: Part = readPart(grants, some, at, Math.min(PART, limit - found.length));
          found.push(...read.found);
          at = read.place;
          await setImmediate();
        }
      }
      const last = found.length < limit && devices.length === width ? devices.at(-1) : undefined;
      place = last === undefined ? undefined : { device: last.id, number: ENDLESS };
      width = Math.min(width * 2, MANY_DEVICES);
    }
    return found;
  };
};

export interface NearDevice {
  readonly id: string;
  readonly points: number;
}

export const createNearQuery = (database: Database) =>
  database.prepare<[{ grants: string; device: string; limit: number }], NearDevice>(
    `with ${DEVICES_NEAR}
     select device_id as id, (select count(*) from registry.point p where p.device_id = n.device_id) as points
     from (select device_id from near order by device_id limit +@limit) n`,
  );

/** Devices side by side that have about so many points, or one that has more. */
export const parts = (devices: readonly NearDevice[], points: number): readonly string[][] => {
  const split: string[][] = [];
  let room = 0;
  for (const { id, points: own } of devices) {
    if (room <= 0) {
      split.push([]);
      room = points;
    }
    split.at(-1)?.push(id);
    room -= own;
  }
  return split;
};

const createPartReader = (database: Database) => {
  const newest = createNewestQuery(database);
  const earlier = createEarlierQuery(database);
  const earlierOf = (grants: string, devices: string, hidden: readonly number[]) =>
    earlier
      .all({ grants, devices, points: JSON.stringify(hidden) })
      .map(({ number, ...row }) => [number, latestOf(row)] as const);
  return (grants: string, some: readonly string[], after: Place, limit: number): Part => {
    const devices = JSON.stringify(some);
    const rows = newest.all({ grants, devices, limit, ...after });
    const hidden = rows.filter((row) => row[TIME] === null).map(([number]) => number);
    const instead = new Map(hidden.length === 0 ? [] : earlierOf(grants, devices, hidden));
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      found: rows.flatMap((row) => rowOf(row) ?? instead.get(row[0]) ?? []),
      place: last === undefined ? undefined : { number: last[0], device: last[DEVICE] },
    };
  };
};

interface Part {
  readonly found: readonly LatestRow[];
  /** `undefined`: these devices have no more. */
  readonly place: Place | undefined;
}

const rowOf = (row: StoredRow): LatestRow | undefined => {
  const [, id, key, name, deviceId, deviceName, organisationId, locationId, kind, valueType, ...rest] = row;
  const [property, unit, dialUnit, time, good, stored, marks] = rest;
  if (time === null) return undefined;
  const { flag, reason } = decodeMarks(marks);
  const value = decodeValue(stored, valueType);
  const goodTime = value !== null && entersAggregate(flag) ? time : good;
  return {
    id,
    key,
    name,
    deviceId,
    deviceName,
    organisationId,
    locationId,
    kind,
    valueType,
    property,
    unit,
    dialUnit,
    time,
    goodTime,
    value,
    flag,
    reason,
  };
};
