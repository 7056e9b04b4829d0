import type { Held } from '../../sharing/selection.js';
import type { AgreementsStore } from '../agreements-store.js';
import type { RegistryDatabase as Database } from './registry-database.js';
import { ENDLESS } from '../sqlite/endless.js';
import { PLACED_FROM, PLACED_TO, placedPoints } from './placed-points.js';
import type { Asynchronous } from '../asynchronous.js';

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

interface Asked {
  readonly id: string;
  /** As far as these held it; `null`: whoever did. */
  readonly of: readonly string[] | null;
}
const asked = (id: string, of: ReadonlySet<string> | undefined): Asked => ({
  id,
  of: of === undefined ? null : [...of],
});
const OF = '(@of::text[] is null or h.organisation_id = any(@of::text[]))';

/** Where a point's device was installed while it was held by whom: what decisions are made of. */
export const createPlacements = (
  database: Database,
): Pick<Asynchronous<AgreementsStore>, 'placements' | 'heldBy'> => {
  const select = database.prepare<[Asked], PlacedRow>(
    `select p.id as "pointId", p.property, h.organisation_id as "organisationId", l.id as "locationId",
       l.site_id as "siteId", (l.geometry::json #>> '{coordinates,0}')::double precision as longitude, (l.geometry::json #>> '{coordinates,1}')::double precision as latitude,
       ${PLACED_FROM} as "from", ${PLACED_TO} as "to"
     from holding h ${placedPoints('')} where p.id = @id and h.title = 'holder' and ${OF} order by 8`,
  );
  const held = database.prepare<[Asked], Held>(
    `select h.organisation_id as "organisationId", h."from", coalesce(h."to", ${ENDLESS}) as "to"
     from point p join holding h on h.device_id = p.device_id where p.id = @id and ${OF} order by 2`,
  );
  return {
    heldBy: (pointId, of) => held.all(asked(pointId, of)),
    placements: async (pointId, of) =>
      (await select.all(asked(pointId, of))).map(({ longitude, latitude, ...row }) => ({
        ...row,
        position:
          typeof longitude === 'number' && typeof latitude === 'number' ? [longitude, latitude] : null,
      })),
  };
};
