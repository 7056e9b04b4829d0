import type { Scope } from '../../sharing/scope.js';
import type { DeviceRow, LocationRow, OrganisationRow, Page, PointRow } from '../views-store.js';
import type { Database } from './database.js';
import { GATEWAY_COLUMNS, gatewayOf, type GatewayRow } from './registry-gateways.js';
import {
  askedPoint,
  gatewayOfGrant,
  GRANTS,
  GRANTS_OF_ASKED,
  grantsParameter,
  inventoryParameter,
  OF_POINT,
  operationsParameter,
  READABLE,
  readablePoint,
  seenAt,
  SEEN_LOCATIONS,
  SEEN_LOCATIONS_OF_ASKED,
  SEEN_ORGANISATIONS,
  VISIBLE,
  VISIBLE_OF_ASKED,
} from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

type Inventory = Pick<
  ViewsQueries,
  | 'organisations'
  | 'gateways'
  | 'gateway'
  | 'devices'
  | 'locations'
  | 'location'
  | 'points'
  | 'point'
  | 'rolloverOf'
>;

/** The holder whom the scope names; of several the one that held it last. A successor outside it is not shown. */
const POINT_HOLDER = `(select r.organisation_id from readable r where ${OF_POINT}
  order by r."to" desc, r."from" desc, r.organisation_id limit 1)`;

/** The same of a device. */
const HOLDER = `(select v.organisation_id from visible v where v.device_id = d.id
  order by v."to" desc, v."from" desc, v.organisation_id limit 1)`;

/** Newest row of an interval table of the device that meets a time visible to the scope. */
const newest = (column: string, table: string, condition = 'true'): string => `(
  select t.${column} from registry.${table} t where t.device_id = d.id and ${condition} and exists (
    select 1 from visible v where v.device_id = d.id and t."from" < v."to"
      and (t."to" is null or t."to" > v."from"))
  order by t."from" desc limit 1)`;

/** Where the point was last installed, of where and when the scope shows it. */
const POINT_LOCATION = `(
  select t.location_id from registry.installation t
  where t.device_id = d.id and t.location_id in (select id from seen_location) and exists (
    select 1 from readable r where ${OF_POINT} and t."from" < r."to" and (t."to" is null or t."to" > r."from"))
  order by t."from" desc limit 1)`;

const LOCATION = newest('location_id', 'installation', 't.location_id in (select id from seen_location)');

export const POINT_COLUMNS = `p.id, p.key, p.name, d.id as deviceId, d.name as deviceName,
  ${POINT_HOLDER} as organisationId, ${POINT_LOCATION} as locationId, p.kind, p.value_type as valueType, p.property, p.unit,
  p.dial_unit as dialUnit`;

/** CTE `whole(id, name, organisation_id, location_id)`, after those of `asked`: its devices, as all of each is seen. */
export const WHOLE_DEVICES = `whole (id, name, organisation_id, location_id) as materialized (
  select d.id, d.name, ${HOLDER}, ${LOCATION} from asked k cross join registry.device d on d.id = k.device_id
)`;

/** Columns of a point `p` of a device `d` in `whole`: one that others give may be seen otherwise than its device. */
export const POINT_COLUMNS_OF_WHOLE = `p.id, p.key, p.name, d.id, d.name,
  iif(p.id in (select point_id from shared), ${POINT_HOLDER}, d.organisation_id),
  iif(p.id in (select point_id from shared), ${POINT_LOCATION}, d.location_id),
  p.kind, p.value_type, p.property, p.unit, p.dial_unit`;

export const POINT_TABLES = 'registry.point p join registry.device d on d.id = p.device_id';

const POINT_READABLE = `exists (select 1 from readable r where ${OF_POINT})`;
const DEVICE_VISIBLE = 'exists (select 1 from visible v where v.device_id = d.id)';

/** Who holds it; for those whom the scope does not name, the last of them that it does; else who gives what is there. */
const LOCATION_HOLDER = `ifnull((select h.organisation_id from registry.location_holding h
  join grants g on g.organisation_id = h.organisation_id
  where h.location_id = l.id and h."from" < g."to"
  order by h."to" is null desc, h."to" desc, h.organisation_id limit 1),
  (select s.organisation_id from shared s where s.location_id = l.id order by s."to" desc, s.organisation_id limit 1))`;

/** Delivery points lead to contracts, and another location is not given with this one: not shown of what others give. */
const ofOwn = (column: string): string => `iif(l.id in (select id from own_location), l.${column}, null)`;

const LOCATION_COLUMNS = `l.id, l.key, l.name, ${LOCATION_HOLDER} as organisationId, ${ofOwn('prm')} as prm, ${ofOwn('pce')} as pce, l.geometry,
  ${ofOwn('merged_into')} as mergedInto,
  (select s.id from registry.site s where s.id = l.site_id
     and ${seenAt('s.organisation_id', 's.id')}) as siteId`;

interface StoredLocation extends Omit<LocationRow, 'geometry'> {
  readonly geometry: string | null;
}

const locationOf = (row: StoredLocation): LocationRow => ({
  ...row,
  geometry: row.geometry === null ? null : (JSON.parse(row.geometry) as LocationRow['geometry']),
});

interface Listed {
  readonly grants: string;
  readonly after: string;
  readonly limit: number;
}

const listed = (grants: string, page: Page): Listed => ({
  grants,
  after: page.after ?? '',
  limit: page.limit,
});

/** What is, as far as a scope gives it. */
export const createInventory = (database: Database, now: () => number): Inventory => {
  const asked = (scope: Scope): string => inventoryParameter(scope, now());
  const points = database.prepare<[Listed & { property: string | null }], PointRow>(
    `with ${GRANTS}, ${VISIBLE}, ${READABLE}, ${SEEN_LOCATIONS} select ${POINT_COLUMNS} from ${POINT_TABLES}
     where p.id > @after and (@property is null or p.property = @property) and ${POINT_READABLE}
     order by p.id limit +@limit`,
  );
  const point = database.prepare<[{ grants: string; id: string }], PointRow>(
    `with ${askedPoint('@id')}, ${GRANTS_OF_ASKED}, ${VISIBLE_OF_ASKED}, ${READABLE}, ${SEEN_LOCATIONS_OF_ASKED}
     select ${POINT_COLUMNS} from ${readablePoint('@id')} cross join ${POINT_TABLES} where given.times > 0 and p.id = @id`,
  );
  const rollover = database.prepare<[{ grants: string; id: string }], { rollover: number | null }>(
    `with ${askedPoint('@id')}, ${GRANTS_OF_ASKED}, ${VISIBLE_OF_ASKED}
     select c.rollover from ${POINT_TABLES} join directory_point c on c.point = p.number
     where p.id = @id and ${DEVICE_VISIBLE} order by c.directory desc limit 1`,
  );
  const devices = database.prepare<[Listed], DeviceRow>(
    `with ${GRANTS}, ${VISIBLE}, ${SEEN_LOCATIONS}
     select d.id, d.name, d.maker, d.model, ${newest('serial', 'installation')} as serial,
       ${HOLDER} as organisationId, ifnull(${newest('gateway_id', 'assignment')}, '') as gatewayId,
       ${LOCATION} as locationId
     from registry.device d where d.id > @after and ${DEVICE_VISIBLE} order by d.id limit +@limit`,
  );
  const locations = database.prepare<[Listed], StoredLocation>(
    `with ${GRANTS}, ${SEEN_LOCATIONS} select ${LOCATION_COLUMNS} from registry.location l
     where l.id > @after and l.merged_into is null and l.id in (select id from seen_location)
     order by l.id limit +@limit`,
  );
  const location = database.prepare<[{ grants: string; id: string }], StoredLocation>(
    `with ${GRANTS}, ${SEEN_LOCATIONS} select ${LOCATION_COLUMNS}
     from (select count(*) as times from seen_location where id = @id) seen cross join registry.location l
     where seen.times > 0 and l.id = @id`,
  );
  return {
    ...createOrganisationQueries(database),
    devices: (scope, page) => devices.all(listed(asked(scope), page)),
    locations: (scope, page) => locations.all(listed(asked(scope), page)).map(locationOf),
    location: (scope, id) => {
      const row = location.get({ grants: asked(scope), id });
      return row === undefined ? undefined : locationOf(row);
    },
    rolloverOf: (scope, id) => rollover.get({ grants: asked(scope), id })?.rollover ?? undefined,
    points: (scope, page) => points.all({ ...listed(asked(scope), page), property: page.property ?? null }),
    point: (scope, id) => point.get({ grants: asked(scope), id }),
  };
};

const createOrganisationQueries = (
  database: Database,
): Pick<ViewsQueries, 'organisations' | 'gateways' | 'gateway'> => {
  const named = '(select id from seen_organisation)';
  const gatewaySeen = seenAt('organisation_id', 'site_id');
  const organisations = database.prepare<[{ grants: string }], OrganisationRow>(
    `with ${GRANTS}, ${VISIBLE}, ${SEEN_ORGANISATIONS}
     select id, iif(parent_id in ${named}, parent_id, null) as parentId, name, type, code,
       siret, partner_kind as partnerKind, ended_at as endedAt, time_zone as timeZone from registry.organisation
     where id in ${named} and merged_into is null order by id`,
  );
  const gateways = database.prepare<[Listed], GatewayRow>(
    `with ${GRANTS} select ${GATEWAY_COLUMNS} from registry.gateway
     where id > @after and ${gatewaySeen} order by id limit +@limit`,
  );
  const gateway = database.prepare<[{ grants: string; id: string }], GatewayRow>(
    `with ${GRANTS} select ${GATEWAY_COLUMNS} from registry.gateway
     where id in (select g.id from ${gatewayOfGrant('@id')})`,
  );
  return {
    organisations: (scope) => organisations.all({ grants: grantsParameter(scope, 0) }),
    gateways: (scope, page) => gateways.all(listed(operationsParameter(scope), page)).map(gatewayOf),
    gateway: (scope, id) => {
      const row = gateway.get({ grants: operationsParameter(scope), id });
      return row === undefined ? undefined : gatewayOf(row);
    },
  };
};
