import type { ReadingRow } from '../views-store.js';
import type { Database } from './database.js';
import { READING_COLUMNS, readingOf, type StoredReading } from './views-data.js';
import { grantsParameter, ISLANDS } from './views-scope.js';
import { ENTERS } from './views-values.js';
import type { ViewsQueries } from './views-queries.js';

/** Batches that may carry an ordinal and are looked at. */
const MAX_BATCHES = 64;

interface AtParameters {
  readonly grants: string;
  readonly point: string;
  readonly resolution: number;
  readonly at: number;
}

/** What leads from a reading back to the batch that brought it. */
export const createProvenanceQueries = (
  database: Database,
): Pick<ViewsQueries, 'readingAt' | 'gives' | 'batchesOf' | 'windowBatchesOf' | 'numberIn'> => {
  const batches = database.prepare<[string, string, number, number], { position: number }>(
    `select b.position from origin o join batch_rows b on b.origin = o.number
     where o.source = ? and o.epoch = ? and b.first <= ? and b.last >= ?
     order by b.first desc limit ${MAX_BATCHES}`,
  );
  const windows = database.prepare<[string, number, number, number, number], { position: number }>(
    `select b.position from registry.point p join rollup r on r.point = p.number
       join batch_windows b on b.origin = r.sender
     where p.id = ? and r.period = ? and r.start = ? and b.first_time <= ? and b.last_time >= ?
     order by b.first_time desc limit ${MAX_BATCHES}`,
  );
  const number = database.prepare<[string, string, string], { number: number }>(
    `select dp.number from directory d join directory_point dp on dp.directory = d.number
       join registry.point p on p.number = dp.point
     where d.source = ? and d.hash = ? and p.id = ?`,
  );
  const span = database.prepare<[Omit<AtParameters, 'at'> & { from: number; to: number }]>(
    `with ${ISLANDS} select 1 from island where "from" <= @from and @to < "to"`,
  );
  return {
    readingAt: createReadingAt(database),
    gives: (scope, now, { pointId: point, resolutionMs: resolution, from, to }) =>
      span.get({ grants: grantsParameter(scope, now), point, resolution, from, to }) !== undefined,
    batchesOf: (source, epoch, ordinal) =>
      batches.all(source, epoch, ordinal, ordinal).map(({ position }) => position),
    windowBatchesOf: (pointId, periodMs, start) =>
      windows.all(pointId, periodMs, start, start, start).map(({ position }) => position),
    numberIn: (source, directory, pointId) =>
      number.get(source, Buffer.from(directory).toString('hex'), pointId)?.number,
  };
};

const createReadingAt = (database: Database): ViewsQueries['readingAt'] => {
  const prepare = (entering: boolean) =>
    database
      .prepare<[AtParameters], StoredReading>(
        `with ${ISLANDS} select ${READING_COLUMNS}
       from registry.point p cross join series s on s.point = p.number join origin o on o.number = s.origin
       where p.id = @point and s.time <= @at ${entering ? `and ${ENTERS}` : ''}
         and exists (select 1 from island where "from" <= s.time and s.time < "to")
       order by s.time desc, s.origin desc, s.ordinal desc limit 1`,
      )
      .raw();
  const any = prepare(false);
  const entering = prepare(true);
  return (scope, now, query): ReadingRow | undefined => {
    const { pointId: point, at } = query;
    const row = (query.entering ? entering : any).get({
      grants: grantsParameter(scope, now),
      point,
      resolution: 0,
      at,
    });
    return row === undefined ? undefined : readingOf(row);
  };
};
