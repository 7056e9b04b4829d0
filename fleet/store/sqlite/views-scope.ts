import { givenBefore } from '../../sharing/conditions.js';
import type { Scope } from '../../sharing/scope.js';
import { ENDLESS } from './endless.js';
import { DEVICES_GIVEN_OF, GIVERS, SHARED, SHARED_OF_ASKED, sharedEntries } from './views-shared.js';

const BEGINNINGLESS = -ENDLESS;

/**
 * The scope as the parameter `@grants` of `GRANTS`. A delay ends its grant at `now` − delay; without one even a
 * clock that runs ahead hides nothing.
 */
export const grantsParameter = (scope: Scope, now: number): string =>
  JSON.stringify([
    ...scope.grants.map((grant) => ({
      organisation: grant.organisationId,
      site: grant.siteId ?? null,
      from: grant.from ?? BEGINNINGLESS,
      to: Math.min(grant.to ?? ENDLESS, givenBefore(grant, now)),
      finest: grant.finestMs,
    })),
    ...sharedEntries(scope, now),
  ]);

/**
 * What a list of things needs, where no reading is shown: a delay or a past end does not hide that a device
 * exists; but what somebody will hold only after `now` is not shown to them yet. Gateways and their ledgers are
 * operations, live by nature: `operations` keeps the grants that restrict nothing.
 */
export const inventoryParameter = (scope: Scope, now: number): string =>
  grantsParameter(
    {
      ...scope,
      grants: scope.grants.map((grant) => ({
        ...grant,
        delayMs: 0,
        finestMs: 0,
        to: Math.min(grant.to ?? ENDLESS, now + 1),
      })),
      shared: scope.shared.map((grant) => ({
        ...grant,
        delayMs: 0,
        finestMs: 0,
        to: Math.min(grant.to ?? ENDLESS, now + 1),
      })),
    },
    now,
  );

export const operationsParameter = (scope: Scope): string =>
  grantsParameter(
    {
      ...scope,
      shared: [],
      grants: scope.grants.filter(
        ({ finestMs, delayMs, from, to }) =>
          finestMs === 0 && delayMs === 0 && from === undefined && to === undefined,
      ),
    },
    0,
  );

/**
 * CTEs of `@grants`: `grants(organisation_id, site, from, to, finest)`, and `at_site(site, device_id, from, to)`: when
 * which device was installed at, or read by a gateway of, a site that a grant is limited to.
 */
const OWN_GRANTS = `grants (organisation_id, site, "from", "to", finest) as materialized (
  select value ->> 'organisation', value ->> 'site', value ->> 'from', value ->> 'to', value ->> 'finest'
  from json_each(@grants) where value ->> 'group' is null
), granted_site (id) as (
  select distinct site from grants where site is not null
), at_site (site, device_id, "from", "to") as materialized (
  select s.id, i.device_id, i."from", ifnull(i."to", ${ENDLESS}) from granted_site s
  join registry.location l on l.site_id = s.id join registry.installation i on i.location_id = l.id
  union
  select s.id, a.device_id, a."from", ifnull(a."to", ${ENDLESS}) from granted_site s
  join registry.gateway w on w.site_id = s.id join registry.assignment a on a.gateway_id = w.id
)`;

/** The same with the CTEs of `SHARED`. */
export const GRANTS = `${OWN_GRANTS}, ${SHARED}`;

/** CTE `asked(device_id)`, before all others: the devices that a query is about, a list `@devices`. */
export const ASKED_DEVICES = 'asked (device_id) as materialized (select value from json_each(@devices))';

/**
 * The same: the device of the point that a parameter names, which is all that is read of the point before it is known
 * whether it may be seen, and from an index; of one that is not there, a device that nobody holds.
 */
export const askedPoint = (
  parameter: string,
): string => `asked (device_id) as materialized (select ifnull((select id_of.device_id
  from registry.point id_of indexed by point_of_device where id_of.id = ${parameter}), ''))`;

/** CTEs of `@grants` after those of `asked`: what of it the scope may give, without a look at anything else. */
export const GRANTS_OF_ASKED = `${OWN_GRANTS}, ${SHARED_OF_ASKED}`;

/**
 * CTEs of `@grants` with `near(device_id)`: devices from `@device` on of which the scope may give something, all and more.
 * What it gives of them indeed is for a query that is asked of a few.
 */
export const DEVICES_NEAR = `${OWN_GRANTS}, ${GIVERS}, ${DEVICES_GIVEN_OF}, near (device_id) as (
  select h.device_id from (select distinct organisation_id from grants where site is null) g
  cross join registry.holding h on h.organisation_id = g.organisation_id and h.device_id >= @device
  union select device_id from at_site where device_id >= @device
  union select device_id from given_of
)`;

/** Whether a grant gives a row of the organisation and the site that stand in these columns. */
export const seenAt = (organisation: string, site: string): string => `(
  ${organisation} in (select organisation_id from grants where site is null)
  or (${organisation}, ${site}) in (select organisation_id, site from grants where site is not null))`;

/**
 * The gateway of the id that a parameter names, as `g`, looked for from each grant: one of others is not even looked at.
 */
export const gatewayOfGrant = (parameter: string): string => `grants r
  cross join registry.gateway g indexed by gateway_holder on g.organisation_id = r.organisation_id
  and g.id = ${parameter} and (r.site is null or r.site = g.site_id)`;

/** Of the grants: those not limited to a site, and those that are. */
const visibleFrom = (
  everywhere: string,
  atSites: string,
): string => `visible (device_id, organisation_id, "from", "to", finest) as materialized (
  select h.device_id, h.organisation_id, max(h."from", g."from"), min(ifnull(h."to", ${ENDLESS}), g."to"), g.finest
  from ${everywhere}
  where g.site is null and max(h."from", g."from") < min(ifnull(h."to", ${ENDLESS}), g."to")
  union all
  select h.device_id, h.organisation_id, max(h."from", g."from", t."from"),
    min(ifnull(h."to", ${ENDLESS}), g."to", t."to"), g.finest
  from ${atSites}
  where max(h."from", g."from", t."from") < min(ifnull(h."to", ${ENDLESS}), g."to", t."to")
)`;

/** CTE `visible(device_id, organisation_id, from, to, finest)`: what was held by whom, as far as it is granted. */
export const VISIBLE = visibleFrom(
  'grants g join registry.holding h on h.organisation_id = g.organisation_id',
  `grants g join at_site t on t.site = g.site
  join registry.holding h on h.device_id = t.device_id and h.organisation_id = g.organisation_id`,
);

const HELD_OF_ASKED = `asked c cross join registry.holding h on h.device_id = c.device_id
  join grants g on g.organisation_id = h.organisation_id`;

/** The same of the devices in `asked` alone. */
export const VISIBLE_OF_ASKED = visibleFrom(
  HELD_OF_ASKED,
  `${HELD_OF_ASKED} join at_site t on t.site = g.site and t.device_id = h.device_id`,
);

/**
 * CTE `readable(device_id, point_id, organisation_id, from, to, finest)`, after `VISIBLE`: also what others give, point
 * by point; without a point: all that the device measures.
 */
export const READABLE = `readable (device_id, point_id, organisation_id, "from", "to", finest) as materialized (
  select device_id, null, organisation_id, "from", "to", finest from visible
  union all select device_id, point_id, organisation_id, "from", "to", finest from shared
)`;

/** Whether a row of `readable` is of the point. */
export const OF_POINT = '(r.device_id = d.id and (r.point_id is null or r.point_id = p.id))';

/** How much of the point that a parameter names is in `readable`, before anything of it is read. Comes first in a join. */
export const readablePoint = (parameter: string): string => `(select count(*) as times from readable r
  where r.point_id is null or r.point_id = ${parameter}) given`;

const seenLocations = (holdings: string): string => `own_location (id) as materialized (
  select distinct h.location_id from ${holdings}
  where max(h."from", g."from") < min(ifnull(h."to", ${ENDLESS}), g."to")
    and (g.site is null or g.site = (select l.site_id from registry.location l where l.id = h.location_id))
), seen_location (id) as materialized (
  select id from own_location union select location_id from shared where location_id is not null
)`;

/**
 * CTEs `own_location(id)`: locations that somebody whom the scope names holds, held, or may read the past of, and
 * `seen_location(id)`: also those at which others give what is measured.
 */
export const SEEN_LOCATIONS = seenLocations(
  'grants g join registry.location_holding h on h.organisation_id = g.organisation_id',
);

/** The same, of own ones those alone at which the devices in `asked` were ever installed. */
export const SEEN_LOCATIONS_OF_ASKED = seenLocations(`asked c
  cross join registry.installation i on i.device_id = c.device_id
  cross join registry.location_holding h on h.location_id = i.location_id
  join grants g on g.organisation_id = h.organisation_id`);

/** CTE `seen_organisation(id)`, after `VISIBLE`: of a grant limited to a site, only who has something there. */
export const SEEN_ORGANISATIONS = `seen_organisation (id) as materialized (
  select organisation_id from grants where site is null
  union select g.organisation_id from grants g join registry.site s on s.id = g.site and s.organisation_id = g.organisation_id
  union select g.organisation_id from grants g
    join registry.gateway w on w.site_id = g.site and w.organisation_id = g.organisation_id
  union select g.organisation_id from grants g
    join registry.location l on l.site_id = g.site and l.organisation_id = g.organisation_id
  union select organisation_id from visible
)`;

/**
 * CTEs of `@grants` with `island(from, to)`: the times of the point `@point` that may be read at a resolution of
 * `@resolution` ms, as few intervals as possible, so that a cell may span two holders whom the scope both names.
 */
export const ISLANDS = `${askedPoint('@point')}, ${GRANTS_OF_ASKED}, held ("from", "to") as (
  select max(h."from", g."from"), min(ifnull(h."to", ${ENDLESS}), g."to")
  from ${HELD_OF_ASKED} and g.site is null
  where g.finest <= @resolution
    and max(h."from", g."from") < min(ifnull(h."to", ${ENDLESS}), g."to")
  union all
  select max(h."from", g."from", t."from"), min(ifnull(h."to", ${ENDLESS}), g."to", t."to")
  from ${HELD_OF_ASKED} join at_site t on t.site = g.site and t.device_id = h.device_id
  where g.finest <= @resolution
    and max(h."from", g."from", t."from") < min(ifnull(h."to", ${ENDLESS}), g."to", t."to")
  union all
  select "from", "to" from shared where point_id = @point and finest <= @resolution
), stepped ("from", "to", fresh) as (
  select "from", "to", "from" > ifnull(max("to") over (
    order by "from", "to" rows between unbounded preceding and 1 preceding), ${BEGINNINGLESS}) from held
), numbered ("from", "to", number) as (
  select "from", "to", sum(fresh) over (order by "from", "to") from stepped
), island ("from", "to") as materialized (
  select min("from"), max("to") from numbered group by number
)`;
