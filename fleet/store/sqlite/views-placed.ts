import type { PlacedRow } from '../views-store.js';
import type { Database } from './database.js';
import { LATEST_COLUMNS, LATEST_SERIES, latestOf, newestOf, type StoredLatest } from './views-latest.js';
import { grantsParameter, GRANTS, READABLE, SEEN_LOCATIONS, VISIBLE } from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

interface Parameters {
  readonly grants: string;
  readonly property: string;
  readonly after: string;
  readonly limit: number;
  /** JSON array, or `null`: of any. */
  readonly organisations: string | null;
  readonly west: number;
  readonly south: number;
  readonly east: number;
  readonly north: number;
}

interface Near {
  readonly longitude: number;
  readonly latitude: number;
  /** Square of the length of a degree of longitude there, in degrees of latitude. */
  readonly narrow: number;
}

type Stored = StoredLatest & {
  readonly locationName: string | null;
  readonly longitude: number;
  readonly latitude: number;
};

const WORLD = [-180, -90, 180, 90] as const;

const PLACED = `${newestOf('p.property = @property and p.id > @after')}, placed as (
  select n.*, l.name as locationName, l.geometry ->> '$.coordinates[0]' as longitude,
    l.geometry ->> '$.coordinates[1]' as latitude
  from newest n join registry.location l on l.id = n.locationId
  where l.geometry ->> '$.type' = 'Point'
    and (@organisations is null or n.organisationId in (select value from json_each(@organisations)))
), within as (
  select * from placed where longitude between @west and @east and latitude between @south and @north
)`;

/** Square of the distance in degrees of latitude, on a plane that touches the globe there: right for an order nearby. */
const DISTANCE = `((latitude - @latitude) * (latitude - @latitude) + @narrow
  * min(abs(longitude - @longitude), 360 - abs(longitude - @longitude))
  * min(abs(longitude - @longitude), 360 - abs(longitude - @longitude)))`;

const select = (order: string): string =>
  `with ${GRANTS}, ${VISIBLE}, ${READABLE}, ${SEEN_LOCATIONS}, ${PLACED}
   select ${LATEST_COLUMNS}, n.locationName, n.longitude, n.latitude
   from (select * from within order by ${order} limit +@limit) n join series s on ${LATEST_SERIES}
   order by ${order}`;

/** What was measured last, where. */
export const createPlacedQuery = (database: Database): ViewsQueries['placed'] => {
  const byId = database.prepare<[Parameters], Stored>(select('id'));
  const byDistance = database.prepare<[Parameters & Near], Stored>(select(`${DISTANCE}, id`));
  return (scope, now, { property, box, organisations, near, after = '', limit }): PlacedRow[] => {
    const [west, south, east, north] = box ?? WORLD;
    const parameters = {
      grants: grantsParameter(scope, now),
      property,
      after,
      limit,
      organisations: organisations === undefined ? null : JSON.stringify(organisations),
      west,
      south,
      east,
      north,
    };
    const rows =
      near === undefined ? byId.all(parameters) : byDistance.all({ ...parameters, ...nearOf(near) });
    return rows.map(({ longitude, latitude, ...row }) => ({
      ...latestOf(row),
      position: [longitude, latitude],
    }));
  };
};

const nearOf = ([longitude, latitude]: readonly [number, number]): Near => ({
  longitude,
  latitude,
  narrow: Math.cos((latitude * Math.PI) / 180) ** 2,
});
