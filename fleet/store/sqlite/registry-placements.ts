import type { AgreementsStore } from '../agreements-store.js';
import type { Database } from './database.js';
import { ENDLESS } from './endless.js';

interface PlacedRow {
  readonly pointId: string;
  readonly property: string;
  readonly organisationId: string;
  readonly locationId: string | null;
  readonly siteId: string | null;
  readonly longitude: number | null;
  readonly latitude: number | null;
  readonly from: number;
  readonly to: number;
}

/** Where a point's device was installed while it was held by whom: what decisions are made of. */
export const createPlacements = (database: Database): Pick<AgreementsStore, 'placements'> => {
  const select = database.prepare<[string], PlacedRow>(
    `select p.id as pointId, p.property, h.organisation_id as organisationId, l.id as locationId,
       l.site_id as siteId, l.geometry ->> '$.coordinates[0]' as longitude, l.geometry ->> '$.coordinates[1]' as latitude,
       max(h."from", i."from") as "from", min(ifnull(h."to", ${ENDLESS}), ifnull(i."to", ${ENDLESS})) as "to"
     from point p join holding h on h.device_id = p.device_id and h.title = 'holder'
     join installation i on i.device_id = p.device_id
       and i."from" < ifnull(h."to", ${ENDLESS}) and h."from" < ifnull(i."to", ${ENDLESS})
     left join location l on l.id = i.location_id
     where p.id = ? order by 8`,
  );
  return {
    placements: (pointId) =>
      select.all(pointId).map(({ longitude, latitude, ...row }) => ({
        ...row,
        position:
          typeof longitude === 'number' && typeof latitude === 'number' ? [longitude, latitude] : null,
      })),
  };
};
