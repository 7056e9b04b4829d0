import { givenBefore } from '../../sharing/conditions.js';
import type { Scope } from '../../sharing/scope.js';
import { ENDLESS } from './endless.js';
import { PLACED_FROM, PLACED_TO, placedPoints } from './placed-points.js';

/** What others give, as parts of `@grants` beside the caller's own. */
export const sharedEntries = ({ shared }: Scope, now: number): readonly object[] =>
  shared.map((grant) => ({
    group: grant.group,
    organisations: grant.organisations,
    ...grant.matching,
    areas: grant.areas,
    from: grant.from ?? -ENDLESS,
    to: Math.min(grant.to ?? ENDLESS, givenBefore(grant, now)),
    finest: grant.finestMs,
    aggregate: grant.aggregateOnly ? 1 : 0,
  }));

const named = (list: string, value: string): string =>
  `(c.${list} is null or ${value} in (select value from json_each(c.${list})))`;

/** Whether a location's point lies in a box; what has no point does not. */
const inBox = (box: string): string => `ifnull(
  l.geometry ->> '$.coordinates[0]' between ${box} ->> '$[0]' and ${box} ->> '$[2]'
  and l.geometry ->> '$.coordinates[1]' between ${box} ->> '$[1]' and ${box} ->> '$[3]', 0)`;

/** Columns of an entry, by the name that they have in `clause`. */
const CLAUSES = `clause (number, grp, organisations, properties, sites, locations, points, area, areas, "from", "to", finest,
    aggregate) as materialized (
  select key, value ->> 'group', value ->> 'organisations', value ->> 'properties', value ->> 'sites', value ->> 'locations',
    value ->> 'points', value ->> 'area', value ->> 'areas', value ->> 'from', value ->> 'to', value ->> 'finest',
    value ->> 'aggregate'
  from json_each(@grants) where value ->> 'group' is not null
)`;

/** `held`: clauses `c` beside the holdings `h` of those who give by them. */
const sharedOf = (
  held: string,
  kept = '',
): string => `shared (device_id, point_id, organisation_id, "from", "to", finest, location_id) as ${kept} (
  select device_id, point_id, organisation_id, "from", "to", finest, location_id from (
    select p.device_id, p.id as point_id, h.organisation_id, i.location_id, max(c.finest) as finest,
      max(max(c."from"), ${PLACED_FROM}) as "from", min(min(c."to"), ${PLACED_TO}) as "to",
      max(c.aggregate) as aggregate,
      min(not exists (select 1 from json_each(c.areas) a where not ${inBox('a.value')})) as inside
    from ${held}
    ${placedPoints('registry.')}
    where ${named('properties', 'p.property')} and ${named('sites', 'l.site_id')}
      and ${named('locations', 'i.location_id')} and ${named('points', 'p.id')}
      and (c.area is null or ${inBox('c.area')})
    group by c.grp, p.id, h.id, i.id
  ) where inside = 1 and aggregate = 0 and "from" < "to"
)`;

/**
 * CTEs of `@grants`: `clause`, one for each thing given, and `shared(device_id, point_id, organisation_id, from, to,
 * finest, location_id)`: what may be read of it. A point is looked at as it was held and installed, stretch by stretch;
 * of the clauses of one agreement that match such a stretch the most protective of each condition holds.
 */
export const SHARED = `${CLAUSES}, ${sharedOf(`clause c join json_each(c.organisations) o
    join registry.holding h on h.organisation_id = o.value and h.title = 'holder'`)}`;

/** CTEs of `@grants`: `clause`, and `giver(organisation_id, clause)`: who gives by which of them. */
export const GIVERS = `${CLAUSES}, giver (organisation_id, clause) as materialized (
  select o.value, c.number from clause c join json_each(c.organisations) o
)`;

/** `GIVERS` and `shared`, of the devices in `asked` alone. */
export const SHARED_OF_ASKED = `${GIVERS}, ${sharedOf(
  `asked k cross join registry.holding h on h.device_id = k.device_id and h.title = 'holder'
    cross join giver v on v.organisation_id = h.organisation_id cross join clause c on c.number = v.clause`,
  'materialized',
)}`;

/** CTE `given_of(device_id)`, after `GIVERS`: devices from `@device` on that may measure what others give. */
export const DEVICES_GIVEN_OF = `wanted (properties, points) as materialized (
  select distinct properties, points from clause
), given_of (device_id) as (
  select h.device_id from (select distinct organisation_id from giver) v
  cross join registry.holding h on h.organisation_id = v.organisation_id and h.device_id >= @device
  where h.title = 'holder' and exists (select 1 from registry.point p cross join wanted c
    where p.device_id = h.device_id and ${named('properties', 'p.property')} and ${named('points', 'p.id')})
)`;
