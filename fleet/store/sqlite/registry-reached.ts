import { HELD_NAMES, type HeldName, type RecordName } from '../organisations-store.js';

/** Records that do not say themselves whose they are. */
export type BorneName = Exclude<RecordName, HeldName>;

/**
 * Whose a row `t` of a table is, from indexes alone: the row itself is read only once that is known to be within reach,
 * so that one of others takes the same way as one that is not there.
 */
export interface Whose {
  /** Joined to the table, to find `columns`. */
  readonly joined: string;
  /** Every one of these must be of an organisation within reach. */
  readonly columns: readonly string[];
  /** Which are at the site `@site`. */
  readonly atSite: string;
  /** Index that has `columns` by id, where somebody may ask for an id of which they know nothing. */
  readonly byId?: string;
  /** In the place of the table, where no id is asked for: rows found from the organisations `@organisations`. */
  readonly fromReach?: string;
}

const deviceAtSite = (device: string): string => `(exists (select 1 from installation si
    join location sl on sl.id = si.location_id where si.device_id = ${device} and sl.site_id = @site)
  or exists (select 1 from assignment sa
    join gateway sw on sw.id = sa.gateway_id where sa.device_id = ${device} and sw.site_id = @site))`;

/** What is of a device is its holder's. */
const ofDevice = (device: string): Whose => ({
  joined: `left join holding h indexed by holding_whose on h.device_id = ${device} and h.title = 'holder' and h."to" is null`,
  columns: ['h.organisation_id'],
  atSite: deviceAtSite(device),
});

const GATEWAY = {
  joined: 'left join gateway g indexed by gateway_whose on g.id = t.gateway_id',
  column: 'g.organisation_id',
};

const standing = (table: string, id: string): string =>
  `exists (select 1 from ${table} st where st.id = ${id} and st.site_id = @site)`;

/** Holdings are their holder's, each its own. */
const holding = (atSite: string): Whose => ({ joined: '', columns: ['t.organisation_id'], atSite });

const ofSite = (table: string): string =>
  `exists (select 1 from ${table} st where st.site_id = @site and st.organisation_id = t.id)`;

const assignment = ofDevice('t.device_id');

export const WHOSE: Readonly<Record<BorneName, Whose>> = {
  organisation: {
    joined: '',
    columns: ['t.id'],
    atSite: `(exists (select 1 from site st where st.id = @site and st.organisation_id = t.id)
      or ${ofSite('gateway')} or ${ofSite('location')})`,
  },
  competence: {
    joined: 'join json_each(json_array(t.holder_id, t.for_id)) party',
    columns: ['party.value'],
    atSite: 'false',
    byId: 'competence_whose',
    fromReach: `(select c.* from json_each(@organisations) o
        cross join competence c indexed by competence_holder on c.holder_id = o.value
      union select c.* from json_each(@organisations) o
        cross join competence c indexed by competence_for on c.for_id = o.value)`,
  },
  locationAlias: {
    joined: GATEWAY.joined,
    columns: [GATEWAY.column],
    atSite: standing('gateway', 't.gateway_id'),
  },
  device: ofDevice('t.id'),
  assignment: {
    joined: `${assignment.joined} ${GATEWAY.joined}`,
    columns: [...assignment.columns, GATEWAY.column],
    atSite: assignment.atSite,
    byId: 'assignment_whose',
  },
  installation: { ...ofDevice('t.device_id'), byId: 'installation_whose' },
  point: { ...ofDevice('t.device_id'), byId: 'point_of_device' },
  holding: holding(deviceAtSite('t.device_id')),
  gatewayHolding: holding(standing('gateway', 't.gateway_id')),
  locationHolding: holding(standing('location', 't.location_id')),
  siteHolding: holding('t.site_id = @site'),
};

export const isHeld = (name: RecordName): name is HeldName => HELD_NAMES.some((held) => held === name);
