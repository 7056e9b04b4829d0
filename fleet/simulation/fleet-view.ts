import { ApiError, type Ask } from '../api-session.js';

/** What the fleet says of one epoch of a gateway. */
export interface EpochSeen {
  readonly epoch: string;
  readonly addsUp: boolean;
  readonly sealed: number;
  readonly stored: number;
  readonly readings: number;
  readonly duplicates: number;
  readonly late: number;
  readonly quarantined: number;
  readonly clones: number;
  readonly lostBatches: number;
  readonly missing: readonly { readonly first: number; readonly last: number }[];
}

export interface ReadingSeen {
  readonly time: string;
  readonly value: number | string | null;
  readonly flag: number;
  readonly epoch: string;
  readonly ordinal: number;
}

/** What a verification asks the fleet, over its API like anybody. */
export interface FleetView {
  /** Log entries that the projections have not reached yet. */
  lag(): Promise<number>;
  /** `undefined` where the fleet does not know the gateway. */
  epochs(gatewayId: string): Promise<readonly EpochSeen[] | undefined>;
  /** Ids of the points of these gateways by `<gateway>/<device key or name>/<point key>`. */
  points(gatewayIds: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>;
  /** All readings of a point in [from, to), UTC ms. */
  readings(pointId: string, from: number, to: number): Promise<readonly ReadingSeen[]>;
  /** Readings that the days of a point count, of those that begin in [from, to). */
  counted(pointId: string, from: number, to: number): Promise<number>;
}

interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

const query = (values: Readonly<Record<string, string>>): string => new URLSearchParams(values).toString();
const iso = (time: number): string => new Date(time).toISOString();

/** The fleet as `ask` may read it. */
export const fleetView = (ask: Ask): FleetView => {
  const all = async function* <Item>(path: string, values: Readonly<Record<string, string>>) {
    let cursor: string | null = null;
    do {
      const page = (await ask(
        'GET',
        `${path}?${query({ ...values, ...(cursor === null ? {} : { cursor }) })}`,
      )) as Page<Item>;
      yield* page.items;
      cursor = page.next;
    } while (cursor !== null);
  };
  return {
    lag: async () => ((await ask('GET', 'health')) as { log: { lag: number } }).log.lag,
    epochs: async (gatewayId) => {
      try {
        return ((await ask('GET', `gateways/${gatewayId}/ledger`)) as { epochs: EpochSeen[] }).epochs;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    points: async (gatewayIds) => {
      const devices = new Map<string, string>();
      const points = new Map<string, string>();
      for await (const { id, gatewayId, name } of all<Record<'id' | 'gatewayId' | 'name', string>>(
        'devices',
        { limit: '1000' },
      )) {
        if (gatewayIds.has(gatewayId)) devices.set(id, `${gatewayId}/${name}`);
      }
      for await (const { id, deviceId, key } of all<Record<'id' | 'deviceId' | 'key', string>>('points', {
        limit: '1000',
      })) {
        const device = devices.get(deviceId);
        if (device !== undefined) points.set(`${device}/${key}`, id);
      }
      return points;
    },
    readings: async (point, from, to) => {
      const found: ReadingSeen[] = [];
      const values = { point, from: iso(from), to: iso(to), limit: '10000' };
      for await (const reading of all<ReadingSeen>('readings', values)) found.push(reading);
      return found;
    },
    counted: async (point, from, to) => {
      let count = 0;
      const values = { point, from: iso(from), to: iso(to), resolution: '1d', limit: '1000' };
      for await (const cell of all<{ count: number }>('readings', values)) count += cell.count;
      return count;
    },
  };
};
