import type { Kind } from '#wire/terms.js';
import type { FeedRange, ReadingRow } from '../views-store.js';
import type { Database } from './database.js';
import { READING_COLUMNS, readingOf, type StoredReading } from './views-data.js';
import { ENTERS } from './views-values.js';
import { grantsParameter, GRANTS, inventoryParameter, ISLANDS, READABLE, VISIBLE } from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

type FeedQueries = Pick<ViewsQueries, 'feedEnd' | 'feedBatches' | 'heldUntil' | 'pointsIn' | 'readingsOf'>;

/** CTE `seen_source(source)`, after `READABLE`: which sources ever sent of a point that is given. */
const SEEN_SOURCES = `seen_source (source) as materialized (
  select distinct y.source from readable r
  join registry.point p on p.device_id = r.device_id and (r.point_id is null or r.point_id = p.id)
  join directory_point dp on dp.point = p.number join directory y on y.number = dp.directory
)`;

const SOURCES = `${GRANTS}, ${VISIBLE}, ${READABLE}, ${SEEN_SOURCES}`;

/** What feeds are made of: batches in the order in which they came, and rows by their place. */
export const createFeedQueries = (database: Database, now: () => number): FeedQueries => {
  // what waits for a directory is told when it has come, and what is being made anew when it is there again
  const end = database
    .prepare<[{ grants: string; since: number }], number>(
      `with ${SOURCES}
       select iif(exists (select 1 from replay where source in (select source from seen_source)), 0, min(
         ifnull((select position from cursor where projection = 'readings' and shard = 0), 0),
         ifnull((select min(w.position) - 1 from waiting w join log.entry e on e.position = w.position
           where w.source in (select source from seen_source) and e.received_at >= @since), 9e15)))`,
    )
    .pluck();
  const batches = database
    .prepare<[Omit<FeedRange, 'windows'> & { grants: string; withWindows: number }], number>(
      `with ${SOURCES}
       select b.position from (
         select position, origin from batch_rows where position > @after and position <= @to
         union all
         select position, origin from batch_windows where @withWindows and position > @after and position <= @to
       ) b join origin o on o.number = b.origin
       where o.source in (select source from seen_source)
       order by b.position limit +@limit`,
    )
    .pluck();
  const points = database.prepare<[string, string], { number: number; id: string }>(
    `select dp.number, p.id from directory y join directory_point dp on dp.directory = y.number
       join registry.point p on p.number = dp.point
     where y.source = ? and y.hash = ?`,
  );
  return {
    heldUntil: createHeldUntil(database),
    feedEnd: (scope, since) => end.get({ grants: inventoryParameter(scope, now()), since }) ?? 0,
    feedBatches: (scope, { after, to, limit, windows }) =>
      batches.all({
        grants: inventoryParameter(scope, now()),
        after,
        to,
        limit,
        withWindows: windows ? 1 : 0,
      }),
    pointsIn: (source, directory) =>
      new Map(
        points.all(source, Buffer.from(directory).toString('hex')).map(({ number, id }) => [number, id]),
      ),
    readingsOf: createReadingsOf(database),
  };
};

const createHeldUntil = (database: Database): ViewsQueries['heldUntil'] => {
  const point = database.prepare<[string], { number: number; kind: Kind; holdMs: number }>(
    `select p.number, p.kind, ifnull(c.ms, 0) as holdMs
     from registry.point p left join carry c on c.point = p.number where p.id = ?`,
  );
  const next = database
    .prepare<[number, number], number>(
      `select time from series where point = ? and time > ? and ${ENTERS} order by time limit 1`,
    )
    .pluck();
  return (pointId, time) => {
    const found = point.get(pointId);
    if (found === undefined) return time;
    const { number, kind, holdMs } = found;
    if (kind === 'counter') return next.get(number, time) ?? time;
    if (kind !== 'gauge' && kind !== 'state') return time;
    return Math.min(time + holdMs, next.get(number, time) ?? Infinity);
  };
};

interface PlacesParameters {
  readonly grants: string;
  readonly resolution: 0;
  readonly point: string;
  readonly source: string;
  readonly epoch: string;
  readonly places: string;
}

const createReadingsOf = (database: Database): ViewsQueries['readingsOf'] => {
  const select = database
    .prepare<[PlacesParameters], StoredReading>(
      `with ${ISLANDS}
     select ${READING_COLUMNS}
     from json_each(@places) k cross join registry.point p
       join origin o on o.source = @source and o.epoch = @epoch
       join series s on s.point = p.number and s.time = k.value ->> '$[0]' and s.origin = o.number
         and s.ordinal = k.value ->> '$[1]'
     where p.id = @point and exists (select 1 from island where "from" <= s.time and s.time < "to")
     order by s.time, s.ordinal`,
    )
    .raw();
  return (scope, now, { pointId, source, epoch, places }): ReadingRow[] =>
    select
      .all({
        grants: grantsParameter(scope, now),
        resolution: 0,
        point: pointId,
        source,
        epoch,
        places: JSON.stringify(places),
      })
      .map(readingOf);
};
