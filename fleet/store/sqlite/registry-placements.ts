import type { Held } from '../../sharing/selection.js';
import type { AgreementsStore } from '../agreements-store.js';
import type { Database } from './database.js';
import { ENDLESS } from './endless.js';
import { PLACED_FROM, PLACED_TO, placedPoints } from './placed-points.js';

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
export const createPlacements = (database: Database): Pick<AgreementsStore, 'placements' | 'heldBy'> => {
  const select = database.prepare<[string], PlacedRow>(
    `select p.id as pointId, p.property, h.organisation_id as organisationId, l.id as locationId,
       l.site_id as siteId, l.geometry ->> '$.coordinates[0]' as longitude, l.geometry ->> '$.coordinates[1]' as latitude,
       ${PLACED_FROM} as "from", ${PLACED_TO} as "to"
     from holding h ${placedPoints('')} where p.id = ? and h.title = 'holder' order by 8`,
  );
  const held = database.prepare<[string], Held>(
    `select h.organisation_id as organisationId, h."from", ifnull(h."to", ${ENDLESS}) as "to"
     from point p join holding h on h.device_id = p.device_id where p.id = ? order by 2`,
  );
  const holders = database.prepare<[string], { readonly organisationId: string }>(
    `select h.organisation_id as organisationId from point p indexed by point_of_device
     join holding h indexed by holding_whose on h.device_id = p.device_id where p.id = ?`,
  );
  /** The point, or one that there is not, where nobody of those had to do with it: it is looked for all the same. */
  const idOf = (pointId: string, of: ReadonlySet<string> | undefined): string =>
    of === undefined || holders.all(pointId).some(({ organisationId }) => of.has(organisationId))
      ? pointId
      : '';
  return {
    heldBy: (pointId, of) => held.all(idOf(pointId, of)).filter(isOf(of)),
    placements: (pointId, of) =>
      select
        .all(idOf(pointId, of))
        .filter(isOf(of))
        .map(({ longitude, latitude, ...row }) => ({
          ...row,
          position:
            typeof longitude === 'number' && typeof latitude === 'number' ? [longitude, latitude] : null,
        })),
  };
};

const isOf =
  (of: ReadonlySet<string> | undefined) =>
  ({ organisationId }: { readonly organisationId: string }): boolean =>
    of?.has(organisationId) ?? true;
