import { describe, expect, test } from 'vitest';
import {
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from '../sharing/agreement-under-test.js';
import { itemsOf, type Answer, type HttpUnderTest } from './http-under-test.js';
import { openTerritory } from './territory.js';

interface Feature {
  readonly geometry: { readonly coordinates: readonly number[] };
  readonly properties: Readonly<Record<string, unknown>>;
}

const PLACES: Readonly<Record<string, readonly [number, number]>> = {
  mairie: [3.1, 45.75],
  ecole: [3.1, 45.78],
};

/** The territory with its two locations on the map, 3.3 km from each other. */
const openMap = async () => {
  const http = await openTerritory();
  const top = await http.login('org-owner');
  for (const location of itemsOf(await http.get('/api/v1/locations', top))) {
    const coordinates = PLACES[String(location['key'])];
    const headers = { authorization: `Bearer ${top}`, 'if-match': '*', 'content-type': 'application/json' };
    const body = JSON.stringify({ geometry: { type: 'Point', coordinates } });
    expect(
      (await http.ask('PATCH', `/api/v1/locations/${String(location['id'])}`, headers, body)).status,
    ).toBe(200);
  }
  return { http, top };
};

const featuresOf = (answer: Answer): Feature[] => {
  expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
  expect(answer.headers['content-type']).toMatch(/^application\/geo\+json/);
  return answer.json()['features'] as Feature[];
};

const keysOf = async (http: HttpUnderTest, query: string, token: string): Promise<string[]> =>
  featuresOf(await http.get(`/api/v1/map?property=active_power${query}`, token)).map(({ properties }) =>
    String(properties['key']),
  );

const sortedKeysOf = async (...asked: Parameters<typeof keysOf>): Promise<string[]> =>
  (await keysOf(...asked)).toSorted();

describe('the map', () => {
  test('shows the newest readings of a property where they are, in a box, in a town, and the nearest first', async () => {
    const { http, top } = await openMap();
    const all = featuresOf(await http.get('/api/v1/map?property=active_power', top));
    expect(all.map(({ properties }) => String(properties['key'])).toSorted()).toEqual([
      'index',
      'other',
      'p1',
    ]);
    const [other] = all.filter(({ properties }) => properties['key'] === 'other');
    expect(other).toMatchObject({
      geometry: { type: 'Point', coordinates: PLACES['ecole'] },
      properties: {
        organisationId: 'b',
        locationName: 'Place ecole',
        value: 104,
        time: '2026-03-10T10:00:40.000Z',
      },
    });
    expect(await keysOf(http, '&bbox=3,45.77,3.2,45.8', top)).toEqual(['other']);
    expect(await sortedKeysOf(http, '&zone=a', top)).toEqual(['index', 'p1']);
    expect(await keysOf(http, '&zone=nobody', top)).toEqual([]);
    const nearest = featuresOf(
      await http.get('/api/v1/map?property=active_power&near=3.1,45.781&limit=1', top),
    );
    expect(nearest).toMatchObject([{ properties: { key: 'other', distanceM: 111 } }]);
    const fromAfar = await keysOf(http, '&near=3.1,45.74', top);
    expect(fromAfar.at(-1)).toBe('other');
    expect(featuresOf(await http.get('/api/v1/map?property=note', top))).toHaveLength(1);
  });

  test('pages, and says what is wrong with a question', async () => {
    const { http, top } = await openMap();
    const first = await http.get('/api/v1/map?property=active_power&limit=2', top);
    expect(featuresOf(first)).toHaveLength(2);
    const next = String(first.json()['next']);
    const path = '/api/v1/map?property=active_power&limit=2';
    expect(featuresOf(await http.get(`${path}&cursor=${next}`, top))).toHaveLength(1);
    for (const [query, detail] of [
      ['bbox=3,46,2,47', 'west before east'],
      ['bbox=3,46,2', 'pattern'],
      ['near=190,45', 'near:'],
      [`near=3,45&cursor=${next}`, 'one page'],
    ] as const) {
      const refused = await http.get(`/api/v1/map?property=active_power&${query}`, top);
      expect([query, refused.status, refused.text]).toEqual([query, 400, expect.stringContaining(detail)]);
    }
    expect((await http.get('/api/v1/map', top)).status).toBe(400);
  });

  test('crosses municipal borders as far as an agreement gives, and records it as a read', async () => {
    const { http } = await openMap();
    const datasetId = await makeDataset(http, 'a', { selection: { properties: ['active_power'] } });
    addOrganisation(http, 'd');
    const area = [3.05, 45.7, 3.15, 45.76];
    const id = await agree(http, termsOf(['a', 'b'], [clauseOf('a', datasetId, { conditions: { area } })]));
    const [b, d] = [await ownerOf(http, 'b'), await ownerOf(http, 'd')];
    expect(await keysOf(http, '', b)).toEqual(['other']);
    expect(await sortedKeysOf(http, '&purpose=operations', b)).toEqual(['index', 'other', 'p1']);
    expect(await keysOf(http, '&purpose=operations&near=3.1,45.78&limit=1', b)).toEqual(['other']);
    expect(await keysOf(http, '&purpose=operations', d)).toEqual([]);
    const months = await http.get('/api/v1/usage', await ownerOf(http, 'a'));
    expect(months.text).toContain(id);
    await http.post(`/api/v1/agreements/${id}/withdraw`, {}, await ownerOf(http, 'a'));
    expect(await keysOf(http, '&purpose=operations', b)).toEqual(['other']);
  });
});
