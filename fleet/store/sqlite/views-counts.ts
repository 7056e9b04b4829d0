import { setImmediate } from 'node:timers/promises';
import type { DeviceCountRow, ViewsReader } from '../views-store.js';
import type { Database } from './database.js';
import { ENDLESS } from './endless.js';
import { WHOLE_DEVICES } from './views-inventory.js';
import { createNearQuery, NEWEST_TIME, OF_DEVICES, parts, readableAt } from './views-latest.js';
import { grantsParameter } from './views-scope.js';

/** Points that are looked at between two turns of the event loop; devices looked for together. */
const PART = 1024;
const DEVICES = 128;

/** Whether all that was ever measured by device `d` may be read: each stretch of each who held it. */
const GIVEN_WHOLE = `not exists (select 1 from registry.holding h where h.device_id = d.id and h.title = 'holder'
  and not exists (select 1 from visible v where v.device_id = d.id and v.finest = 0
    and v."from" <= h."from" and v."to" >= ifnull(h."to", ${ENDLESS})))`;

/** What is stored of each device, from what the projections count: no reading is looked at but where a part is given. */
export const createCountsQuery = (database: Database): ViewsReader['deviceCounts'] => {
  const near = createNearQuery(database);
  const counts = database.prepare<[{ grants: string; devices: string }], DeviceCountRow>(
    `${OF_DEVICES}, ${WHOLE_DEVICES}, point_seen (device_id, readings, time) as (
       select d.id, l.readings, iif(${readableAt('l.time')}, l.time, ${NEWEST_TIME})
       from whole d cross join registry.point p indexed by point_order on p.device_id = d.id
         cross join latest l on l.point = p.number
       where d.organisation_id is not null
     )
     select d.id, d.name, d.organisation_id as organisationId, d.location_id as locationId, count(*) as points,
       iif(${GIVEN_WHOLE}, sum(s.readings), null) as readings, max(s.time) as time
     from point_seen s join whole d on d.id = s.device_id where s.time is not null group by d.id order by d.id`,
  );
  return async (scope, now, { after = '', limit }): Promise<DeviceCountRow[]> => {
    const grants = grantsParameter(scope, now);
    const found: DeviceCountRow[] = [];
    for (let device: string | undefined = after; device !== undefined && found.length < limit;) {
      const next: ReturnType<typeof near.all> = near.all({ grants, device, limit: DEVICES });
      const behind = device;
      for (const some of parts(
        next.filter(({ id }) => id !== behind),
        PART,
      )) {
        if (found.length < limit) found.push(...counts.all({ grants, devices: JSON.stringify(some) }));
        await setImmediate();
      }
      device = next.length < DEVICES ? undefined : next.at(-1)?.id;
    }
    return found.slice(0, limit);
  };
};
