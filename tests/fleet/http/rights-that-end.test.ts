import { expect, onTestFinished, test } from 'vitest';
import type { ReadingsQuery, ViewsReader } from '../../../fleet/store/views-store.js';
import { openFleetOfViews, type FleetOfViews } from '../projections/fleet-of-views.js';
import { GATEWAY_B, itemsOf, nextOf, openHttpOver, type HttpUnderTest } from './http-under-test.js';
import { COUNT, fillTerritory, openTerritory, pointId } from './territory.js';

const HOURS = 'from=2026-03-10T09:00:00Z&to=2026-03-10T13:00:00Z';

const place = ({ fleet: { registry }, clock }: HttpUnderTest, organisationId: string): void =>
  registry.setRole('person-a-viewer', { organisationId, role: 'viewer' }, clock.now);

test('a cursor of somebody who went to another organisation leads to nothing of the first', async () => {
  const http = await openTerritory();
  const listings = ['points', 'devices', 'gateways', 'latest', 'locations', 'device-counts'];
  const token = await http.login('a-viewer');
  const cursors = new Map<string, string | null>();
  const seen = new Set<unknown>();
  for (const listing of listings) {
    const page = await http.get(`/api/v1/${listing}?limit=1`, token);
    cursors.set(listing, nextOf(page));
    for (const { id } of itemsOf(await http.get(`/api/v1/${listing}`, token))) seen.add(id);
  }
  const readings = `readings?point=${await pointId(http, 'p1')}&${HOURS}&limit=5`;
  const cursor = nextOf(await http.get(`/api/v1/${readings}`, token)) ?? '';
  place(http, 'b');
  expect((await http.get(`/api/v1/${readings}&cursor=${cursor}`, token)).status).toBe(401);
  const moved = await http.login('a-viewer');
  expect((await http.get(`/api/v1/${readings}&cursor=${cursor}`, moved)).status).toBe(404);
  const found: unknown[] = [];
  for (const [listing, left] of cursors) {
    if (left === null) continue;
    const answer = await http.get(`/api/v1/${listing}?limit=1&cursor=${left}`, moved);
    if (answer.status === 200) found.push(...itemsOf(answer).filter(({ id }) => seen.has(id)));
  }
  expect(found).toEqual([]);
  expect(itemsOf(await http.get('/api/v1/gateways', moved)).map(({ id }) => id)).toEqual([GATEWAY_B]);
});

/** Reads a hundred rows at a time, and has something happen while the second hundred is read. */
const interrupted = (fleet: FleetOfViews, meanwhile: () => void): FleetOfViews => {
  let parts = 0;
  const readings: ViewsReader['readings'] = (scope, now, query: ReadingsQuery) => {
    parts += 1;
    if (parts === 2) meanwhile();
    return fleet.reader.readings(scope, now, { ...query, limit: 100 });
  };
  return { ...fleet, reader: { ...fleet.reader, readings } };
};

/** What came of an answer before it ended or broke off, in lines. */
const linesOf = async (http: HttpUnderTest, path: string, token: string): Promise<readonly string[]> => {
  const url = await http.server.listen({ host: '127.0.0.1', port: 0 });
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  let text = '';
  try {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString('utf8');
  } catch {
    text += 'broken off';
  }
  return text.split('\r\n');
};

test.each([
  ['goes to its end', (): void => undefined, COUNT + 2, ''],
  ['breaks off where the role ends meanwhile', (http: HttpUnderTest) => place(http, 'b'), 102, 'broken off'],
])('an export %s', async (_what, meanwhile, length, last) => {
  const happens = { what: (): void => undefined };
  const fleet = openFleetOfViews();
  const http = await openHttpOver(interrupted(fleet, () => happens.what()));
  onTestFinished(() => http.close());
  await fillTerritory(http);
  happens.what = () => meanwhile(http);
  const point = await pointId(http, 'p1');
  const token = await http.login('a-viewer');
  const lines = await linesOf(http, `/api/v1/readings?point=${point}&${HOURS}&format=csv`, token);
  expect([lines.length, lines.at(-1)]).toEqual([length, last]);
});
