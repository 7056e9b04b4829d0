import type { HoldingRecord, OrganisationsStore } from '../store/organisations-store.js';

/** What one point measured in [from, to), UTC ms. */
export interface ErasureTarget {
  readonly pointId: string;
  readonly from: number;
  readonly to: number;
}

type Rows = Pick<OrganisationsStore, 'record' | 'records'>;

/** All that an organisation measured in a period: each point of each device, for as long as it held that. */
export const targetsOfOrganisation = (
  rows: Rows,
  organisationId: string,
  period: Omit<ErasureTarget, 'pointId'>,
): readonly ErasureTarget[] =>
  rows.records('holding', { organisationId, title: 'holder' }).flatMap(({ subjectId, from, to }) => {
    const held = { from: Math.max(from, period.from), to: Math.min(to ?? Infinity, period.to) };
    if (held.from >= held.to) return [];
    return rows.records('point', { deviceId: subjectId }).map(({ id }) => ({ pointId: id, ...held }));
  });

/** Who held a point when. */
export const holdersOf = (rows: Rows, pointId: string): readonly HoldingRecord[] => {
  const deviceId = rows.record('point', pointId)?.deviceId;
  return deviceId === undefined ? [] : rows.records('holding', { subjectId: deviceId, title: 'holder' });
};

/** A period of points as a gateway calls them. */
export interface GatewayTarget {
  readonly gatewayId: string;
  readonly from: number;
  readonly to: number;
  /** `<device>/<point>` of its configuration. */
  readonly keys: readonly string[];
}

/** Which gateways read these points then, and may have some of it still. */
export const gatewaysOf = (rows: Rows, targets: readonly ErasureTarget[]): readonly GatewayTarget[] => {
  const found = new Map<string, { gatewayId: string; from: number; to: number; keys: Set<string> }>();
  for (const { pointId, from, to } of targets) {
    const point = rows.record('point', pointId);
    if (point === undefined) continue;
    for (const assignment of rows.records('assignment', { deviceId: point.deviceId })) {
      const { gatewayId } = assignment;
      const span = { from: Math.max(from, assignment.from), to: Math.min(to, assignment.to ?? Infinity) };
      if (span.from >= span.to) continue;
      const key = `${gatewayId}/${span.from}/${span.to}`;
      const known = found.get(key) ?? { gatewayId, ...span, keys: new Set<string>() };
      known.keys.add(`${assignment.key}/${point.key}`);
      found.set(key, known);
    }
  }
  return [...found.values()].map((target) => ({ ...target, keys: [...target.keys].toSorted() }));
};
