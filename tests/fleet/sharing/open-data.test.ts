import { describe, expect, test } from 'vitest';
import { itemsOf, type HttpUnderTest } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import { addOrganisation, agree, clauseOf, makeDataset, ownerOf, termsOf } from './agreement-under-test.js';

const DAY = 'from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z';
const POWER = { selection: { properties: ['active_power'] } };

/** As somebody from elsewhere without an account. */
const stranger = (http: HttpUnderTest, path: string) => http.ask('GET', path, { host: 'terroir.example' });

const change = async (http: HttpUnderTest, id: string, more: object): Promise<void> => {
  const token = await ownerOf(http, 'a');
  const seen = (await http.get(`/api/v1/datasets/${id}`, token)).json();
  const { id: _i, organisationId: _o, revision: _r, ...content } = seen;
  const headers = { authorization: `Bearer ${token}`, 'if-match': '*', 'content-type': 'application/json' };
  const body = JSON.stringify({ ...content, ...more });
  expect((await http.ask('PUT', `/api/v1/datasets/${id}`, headers, body)).status).toBe(200);
};

const keysOf = (rows: Record<string, unknown>[]) => new Set(rows.map(({ key }) => key));

describe('an open dataset', () => {
  test('is read by anybody, as far as its conditions go, until it is closed', async () => {
    const http = await openTerritory();
    const point = await pointId(http, 'p1');
    const note = await pointId(http, 'note');
    const id = await makeDataset(http, 'a', { ...POWER, audience: 'open', conditions: { finest: '15m' } });
    const raw = `/api/v1/readings?point=${point}&${DAY}`;
    expect(itemsOf(await stranger(http, raw))).toEqual([]);
    expect(itemsOf(await stranger(http, `${raw}&resolution=15m`)).length).toBeGreaterThan(0);
    await change(http, id, { conditions: {} });
    expect(itemsOf(await stranger(http, raw))).toHaveLength(720);
    expect((await stranger(http, `${raw}&format=csv`)).text.split('\r\n')).toHaveLength(722);
    // what an agreement gives is its parties’, whatever a stranger states
    await agree(http, termsOf(['a', 'b'], [clauseOf('a', await makeDataset(http, 'a'))]));
    const agreed = `/api/v1/readings?point=${note}&${DAY}&purpose=operations`;
    expect((await http.get(agreed, await ownerOf(http, 'b'))).status).toBe(200);
    expect((await stranger(http, agreed)).status).toBe(404);
    expect(keysOf(itemsOf(await stranger(http, '/api/v1/latest')))).toEqual(new Set(['p1', 'index']));
    expect(itemsOf(await stranger(http, '/api/v1/datasets'))).toMatchObject([{ id, selection: null }]);
    await change(http, id, { audience: 'private' });
    expect((await stranger(http, raw)).status).toBe(404);
    expect(itemsOf(await stranger(http, '/api/v1/latest'))).toEqual([]);
    expect((await stranger(http, `/api/v1/datasets/${id}/readings?${DAY}`)).status).toBe(404);
  });

  test('stands in the usage ledger as read by the public', async () => {
    const http = await openTerritory();
    const id = await makeDataset(http, 'a', { ...POWER, audience: 'open' });
    await stranger(http, `/api/v1/datasets/${id}/readings?${DAY}&purpose=research`);
    const { items } = (await http.get('/api/v1/usage', await ownerOf(http, 'a'))).json();
    expect(items).toMatchObject([
      { datasetId: id, reader: null, agreementId: null, purpose: 'research', reads: 1, readings: 722 },
    ]);
  });

  test('is not for whoever has a session or a key that ended', async () => {
    const http = await openTerritory();
    await makeDataset(http, 'a', { ...POWER, audience: 'open' });
    const token = await http.login('b-viewer');
    expect(keysOf(itemsOf(await http.get('/api/v1/latest', token)))).toEqual(
      new Set(['p1', 'index', 'other']),
    );
    await http.post('/api/v1/logout', {}, token);
    expect((await http.get('/api/v1/latest', token)).status).toBe(401);
  });

  test('is read by strangers only so often', async () => {
    const http = await openTerritory();
    await makeDataset(http, 'a', { ...POWER, audience: 'open' });
    const statuses = new Set<number>();
    for (let asked = 0; asked < 450; asked += 1)
      statuses.add((await stranger(http, '/api/v1/datasets')).status);
    expect(statuses).toEqual(new Set([200, 429]));
  });
});

describe('a dataset as a whole', () => {
  test('comes as CSV with its points, to whom it is given and to whose it is', async () => {
    const http = await openTerritory();
    addOrganisation(http, 'd');
    const id = await makeDataset(http, 'a', POWER);
    await agree(http, termsOf(['a', 'b'], [clauseOf('a', id)]));
    const path = `/api/v1/datasets/${id}/readings?${DAY}`;
    const rows = async (query: string, name: string) =>
      (await http.get(path + query, await ownerOf(http, name))).text.trimEnd().split('\r\n').slice(1);
    expect(await rows('&purpose=operations', 'b')).toHaveLength(722);
    expect(await rows('', 'a')).toEqual(await rows('&purpose=operations', 'b'));
    expect(await rows('', 'b')).toEqual([]);
    expect((await http.get(path, await ownerOf(http, 'd'))).status).toBe(404);
    expect((await stranger(http, path)).status).toBe(404);
    const [hour = ''] = await rows('&resolution=1h&purpose=operations', 'b');
    expect(hour.split(',')).toHaveLength(12);
  });

  test('is limited by the other clauses of its agreement, and has no points of theirs', async () => {
    const http = await openTerritory();
    const all = await makeDataset(http, 'a');
    const power = await makeDataset(http, 'a', POWER);
    await agree(
      http,
      termsOf(
        ['a', 'b'],
        [
          clauseOf('a', all, { key: 'all', conditions: { finest: '1h' } }),
          clauseOf('a', power, { key: 'power' }),
        ],
      ),
    );
    const b = await ownerOf(http, 'b');
    const read = (resolution: string) =>
      http.get(`/api/v1/datasets/${power}/readings?${DAY}&purpose=operations&resolution=${resolution}`, b);
    expect((await read('raw')).text.trimEnd().split('\r\n')).toHaveLength(1);
    const hours = (await read('1h')).text.trimEnd().split('\r\n').slice(1);
    expect(new Set(hours.map((line) => line.split(',')[0]))).toEqual(
      new Set([await pointId(http, 'p1'), await pointId(http, 'index')]),
    );
    expect(itemsOf(await http.get(`/api/v1/datasets/${power}/latest?purpose=operations`, b))).toEqual([]);
  });

  test('gives the newest reading of each of its points', async () => {
    const http = await openTerritory();
    const id = await makeDataset(http, 'a', { ...POWER, audience: 'open' });
    const path = `/api/v1/datasets/${id}/latest`;
    expect(keysOf(itemsOf(await stranger(http, path)))).toEqual(new Set(['p1', 'index']));
    const first = await stranger(http, `${path}?limit=1`);
    const { next } = first.json();
    const second = await stranger(http, `${path}?limit=1&cursor=${String(next)}`);
    expect(keysOf([...itemsOf(first), ...itemsOf(second)])).toEqual(new Set(['p1', 'index']));
  });
});
