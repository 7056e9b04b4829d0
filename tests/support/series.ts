import type { FleetUnderTest, Listing } from './fleet-under-test.js';

/** What answers for somebody who is logged in. */
export type Face = Pick<FleetUnderTest, 'get'>;

export interface ApiReading {
  readonly time: string;
  readonly value: number | string | null;
  readonly flag: number;
  readonly epoch: string;
  readonly ordinal: number;
}

export interface ApiLatest {
  readonly id: string;
  readonly key: string;
  readonly organisationId: string;
  readonly time: string;
  readonly value: number | null;
  readonly unit: string;
}

export const latestOf = async (fleet: Face): Promise<readonly ApiLatest[]> =>
  ((await (await fleet.get('/api/v1/latest?limit=1000')).json()) as Listing<ApiLatest>).items;

/** All readings of a point of the last hour, page by page. */
export const readingsOf = async (fleet: Face, point: string): Promise<ApiReading[]> => {
  const from = new Date(Date.now() - 3_600_000).toISOString();
  const readings: ApiReading[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const place = cursor === '' ? '' : `&cursor=${cursor}`;
    const response = await fleet.get(`/api/v1/readings?point=${point}&from=${from}&limit=50${place}`);
    const page = (await response.json()) as Listing<ApiReading>;
    readings.push(...page.items);
    cursor = page.next;
  }
  return readings;
};

/** What is wrong with a series that is polled each `intervalMs`: doubles, and gaps of more than three polls. */
export const faultsOf = (readings: readonly ApiReading[], intervalMs: number): string[] => {
  const seen = new Set<string>();
  const faults: string[] = [];
  for (const [index, { time, epoch, ordinal }] of readings.entries()) {
    const place = `${epoch}/${ordinal}`;
    if (seen.has(place)) faults.push(`${place} twice`);
    seen.add(place);
    const before = readings[index - 1];
    const gap = before === undefined ? 0 : Date.parse(time) - Date.parse(before.time);
    if (gap > 3 * intervalMs) faults.push(`${gap} ms without a reading before ${time}`);
  }
  return faults;
};
