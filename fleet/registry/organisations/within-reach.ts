import {
  type Change,
  type OrganisationsStore,
  type RecordName,
  type Records,
} from '../../store/organisations-store.js';
import type { Reach } from '../../store/reach.js';
import type { Rows } from './draft.js';

type Visible = { readonly [Name in RecordName]: (row: Records[Name]) => boolean };

/** Whether a row belongs to organisations within somebody's reach; `rows` tells who holds what it refers to. */
const createVisible = (rows: Rows, reach: Reach): Visible =>
  reach.siteId === undefined
    ? createHeld(rows, reach.organisations)
    : createAtSite(rows, createHeld(rows, reach.organisations), reach.siteId);

const createHeld = (rows: Rows, reach: ReadonlySet<string>): Visible => {
  const held = ({ organisationId }: { readonly organisationId: string }): boolean =>
    reach.has(organisationId);
  const device = (subjectId: string): boolean =>
    rows.records('holding', { subjectId, title: 'holder', to: null }).some(held);
  const gateway = (id: string): boolean => {
    const found = rows.record('gateway', id);
    return found !== undefined && held(found);
  };
  return {
    organisation: ({ id }) => reach.has(id),
    competence: ({ holderId, forId }) => reach.has(holderId) || reach.has(forId),
    site: held,
    location: held,
    locationAlias: ({ gatewayId }) => gateway(gatewayId),
    gateway: held,
    device: ({ id }) => device(id),
    assignment: ({ deviceId, gatewayId }) => device(deviceId) && gateway(gatewayId),
    holding: held,
    gatewayHolding: held,
    locationHolding: held,
    siteHolding: held,
    installation: ({ deviceId }) => device(deviceId),
    point: ({ deviceId }) => device(deviceId),
    person: held,
    key: held,
    invitation: held,
    provider: held,
    token: held,
  };
};

const never = (): boolean => false;

/** The same at one site: what stands there, what is or was installed there, or read by a gateway there. */
const createAtSite = (rows: Rows, held: Visible, siteId: string): Visible => {
  const siteOf = (name: 'location' | 'gateway', id: string | null): string | null =>
    id === null ? null : (rows.record(name, id)?.siteId ?? null);
  const device = (deviceId: string): boolean =>
    rows
      .records('installation', { deviceId })
      .some(({ locationId }) => siteOf('location', locationId) === siteId) ||
    rows.records('assignment', { deviceId }).some(({ gatewayId }) => siteOf('gateway', gatewayId) === siteId);
  const holds = (organisationId: string): boolean =>
    rows.record('site', siteId)?.organisationId === organisationId ||
    (['gateway', 'location'] as const).some(
      (name) => rows.records(name, { siteId, organisationId }).length > 0,
    );
  return {
    organisation: (row) => held.organisation(row) && holds(row.id),
    competence: never,
    site: (row) => held.site(row) && row.id === siteId,
    location: (row) => held.location(row) && row.siteId === siteId,
    locationAlias: (row) => held.locationAlias(row) && siteOf('gateway', row.gatewayId) === siteId,
    gateway: (row) => held.gateway(row) && row.siteId === siteId,
    device: (row) => held.device(row) && device(row.id),
    assignment: (row) => held.assignment(row) && device(row.deviceId),
    holding: (row) => held.holding(row) && device(row.subjectId),
    gatewayHolding: (row) => held.gatewayHolding(row) && siteOf('gateway', row.subjectId) === siteId,
    locationHolding: (row) => held.locationHolding(row) && siteOf('location', row.subjectId) === siteId,
    siteHolding: (row) => held.siteHolding(row) && row.subjectId === siteId,
    installation: (row) => held.installation(row) && device(row.deviceId),
    point: (row) => held.point(row) && device(row.deviceId),
    person: never,
    key: never,
    invitation: never,
    provider: never,
    token: (row) => held.token(row) && row.siteId === siteId,
  };
};

/** A store of rows that can look within a reach alone. */
export type ReachedRows = Pick<OrganisationsStore, 'recordIn' | 'recordsIn'>;

/**
 * The rows of organisations within somebody's reach. What lies outside does not exist for the act that is drafted
 * over them: not in its checks, nor in what its errors say, nor, where a row says whose it is, in the time it takes.
 */
export const withinReach = (rows: ReachedRows, reach: Reach): Rows => ({
  record: (name, id) => rows.recordIn(name, reach, id),
  records: (name, where) => rows.recordsIn(name, reach, where),
});

/** Organisations that an act made or removed, that are no more, and stood under one within reach. */
const goneBelow = (rows: Rows, changes: readonly Change[], { organisations }: Reach): readonly string[] =>
  changes.flatMap(({ record, before, after }) => {
    const row = record === 'organisation' ? (after ?? before) : null;
    if (row === null || rows.record('organisation', row.id) !== undefined) return [];
    return row.parentId !== null && organisations.has(row.parentId) ? [row.id] : [];
  });

/** Whether all that an act changed is within somebody's reach, as it was and as it is. */
export const concernsOnly = (rows: Rows, changes: readonly Change[], reach: Reach): boolean => {
  const gone = goneBelow(rows, changes, reach);
  const visible = createVisible(rows, {
    ...reach,
    organisations: new Set([...reach.organisations, ...gone]),
  });
  const seen = <Name extends RecordName>(record: Name, row: Records[Name] | null): boolean =>
    row === null || visible[record](row);
  return changes.every(
    ({ record, before, after }) => seen<RecordName>(record, before) && seen<RecordName>(record, after),
  );
};
