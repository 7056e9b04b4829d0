import type { Change, RecordName, Records } from '../../store/organisations-store.js';
import type { Rows } from './draft.js';

type Visible = { readonly [Name in RecordName]: (row: Records[Name]) => boolean };

/** Whether a row belongs to organisations within somebody's reach; `rows` tells who holds what it refers to. */
export const createVisible = (rows: Rows, reach: ReadonlySet<string>): Visible => {
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

/**
 * The rows of organisations within somebody's reach. What lies outside does not exist for the act that is drafted
 * over them: not in its checks, nor in what its errors say.
 */
export const withinReach = (rows: Rows, reach: ReadonlySet<string>): Rows => {
  const visible = createVisible(rows, reach);
  return {
    record: (name, id) => {
      const row = rows.record(name, id);
      return row !== undefined && visible[name](row) ? row : undefined;
    },
    records: (name, where) => rows.records(name, where).filter((row) => visible[name](row)),
  };
};

/** Whether all that an act changed is within somebody's reach, as it was and as it is. */
export const concernsOnly = (rows: Rows, changes: readonly Change[], reach: ReadonlySet<string>): boolean => {
  const visible = createVisible(rows, reach);
  const seen = <Name extends RecordName>(record: Name, row: Records[Name] | null): boolean =>
    row === null || visible[record](row);
  return changes.every(
    ({ record, before, after }) => seen<RecordName>(record, before) && seen<RecordName>(record, after),
  );
};
