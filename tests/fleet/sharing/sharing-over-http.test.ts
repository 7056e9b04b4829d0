import { describe, expect, test } from 'vitest';
import { itemsOf, type HttpUnderTest } from '../http/http-under-test.js';
import { openTerritory, pointId } from '../http/territory.js';
import {
  act,
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from './agreement-under-test.js';

const keysOf = async (http: HttpUnderTest, path: string, token: string): Promise<unknown[]> => {
  const answer = await http.get(path, token);
  expect([path, answer.status]).toEqual([path, 200]);
  return itemsOf(answer).map(({ key }) => key);
};

const openAgreed = async (more: { conditions?: object; receivers?: string[] } = {}) => {
  const http = await openTerritory();
  addOrganisation(http, 'c');
  const datasetId = await makeDataset(http, 'a', { selection: { properties: ['active_power'] } });
  const id = await agree(http, termsOf(['a', 'b', 'c'], [clauseOf('a', datasetId, more)]));
  return { http, datasetId, id, b: await ownerOf(http, 'b'), c: await ownerOf(http, 'c') };
};

const DAY = 'from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z';

describe('what an agreement gives', () => {
  test('reaches its parties for the purpose that they state, on every face, and nobody else', async () => {
    const { http, b } = await openAgreed();
    addOrganisation(http, 'd');
    const d = await ownerOf(http, 'd');
    const point = await pointId(http, 'p1');
    for (const listing of ['points', 'latest']) {
      expect(await keysOf(http, `/api/v1/${listing}?purpose=operations`, b)).toContain('p1');
      expect(await keysOf(http, `/api/v1/${listing}?purpose=operations`, b)).not.toContain('note');
      for (const purpose of ['', '?purpose=research']) {
        expect(await keysOf(http, `/api/v1/${listing}${purpose}`, b)).toEqual(['other']);
      }
      expect(await keysOf(http, `/api/v1/${listing}?purpose=operations`, d)).toEqual([]);
    }
    const raw = await http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=operations`, b);
    expect(itemsOf(raw)).toHaveLength(720);
    const hours = await http.get(
      `/api/v1/readings?point=${point}&${DAY}&resolution=1h&purpose=operations`,
      b,
    );
    expect(itemsOf(hours).length).toBeGreaterThan(0);
    const csv = await http.get(`/api/v1/readings?point=${point}&${DAY}&format=csv&purpose=operations`, b);
    expect(csv.text.split('\r\n')).toHaveLength(722);
    for (const token of [b, d]) {
      expect((await http.get(`/api/v1/readings?point=${point}&${DAY}`, token)).status).toBe(404);
    }
    expect(await keysOf(http, '/api/v1/locations?purpose=operations', b)).toEqual(
      expect.arrayContaining(['mairie']),
    );
    expect(itemsOf(await http.get('/api/v1/devices?purpose=operations', b))).toHaveLength(1);
    expect(itemsOf(await http.get('/api/v1/gateways', b))).toHaveLength(1);
  });

  test('is no finer and no newer than its conditions say', async () => {
    const { http, b } = await openAgreed({ conditions: { finest: '1h', delayMs: 3_600_000 } });
    const point = await pointId(http, 'p1');
    http.clock.now = Date.parse('2026-03-10T14:00:00Z');
    const read = async (resolution: string) =>
      itemsOf(
        await http.get(
          `/api/v1/readings?point=${point}&${DAY}&resolution=${resolution}&purpose=operations`,
          b,
        ),
      );
    expect(await read('raw')).toEqual([]);
    expect(await read('15m')).toEqual([]);
    const all = (await read('1h')).length;
    expect(all).toBeGreaterThan(0);
    http.clock.now = Date.parse('2026-03-10T11:30:00Z');
    expect((await read('1h')).length).toBeLessThan(all);
    expect(await keysOf(http, '/api/v1/latest?purpose=operations', b)).toEqual(['other']);
  });

  test('ends with the next answer when its giver or its receiver withdraws; the others keep theirs', async () => {
    const { http, id, b, c } = await openAgreed();
    const path = '/api/v1/points?purpose=operations';
    expect(await keysOf(http, path, c)).toContain('p1');
    expect((await act(http, 'c', id, 'withdraw')).status).toBe(200);
    expect(await keysOf(http, path, c)).toEqual([]);
    expect(await keysOf(http, path, b)).toContain('p1');
    expect((await act(http, 'a', id, 'withdraw', { reason: 'budget' })).json()['status']).toBe('withdrawn');
    expect(await keysOf(http, path, b)).toEqual(['other']);
  });

  test('follows the dataset: private gives nothing, open gives to everybody for any purpose', async () => {
    const { http, datasetId, b } = await openAgreed();
    addOrganisation(http, 'd');
    const [a, d] = [await ownerOf(http, 'a'), await ownerOf(http, 'd')];
    const change = async (audience: string) => {
      const {
        id: _i,
        organisationId: _o,
        revision: _r,
        ...content
      } = (await http.get(`/api/v1/datasets/${datasetId}`, a)).json();
      const body = JSON.stringify({ ...content, audience });
      const headers = { authorization: `Bearer ${a}`, 'if-match': '*', 'content-type': 'application/json' };
      expect((await http.ask('PUT', `/api/v1/datasets/${datasetId}`, headers, body)).status).toBe(200);
    };
    await change('private');
    expect(await keysOf(http, '/api/v1/points?purpose=operations', b)).toEqual(['other']);
    await change('open');
    expect(new Set(await keysOf(http, '/api/v1/points', d))).toEqual(new Set(['p1', 'index']));
    expect(itemsOf(await http.get('/api/v1/datasets', d))).toMatchObject([
      { id: datasetId, selection: null },
    ]);
  });

  test('is explained, clause by clause, to its reader and to whom it belongs', async () => {
    const { http, id, b } = await openAgreed({ conditions: { finest: '1h' } });
    const point = await pointId(http, 'p1');
    const period = { from: '2026-03-10T10:00:00Z', to: '2026-03-10T12:00:00Z' };
    const explain = async (body: object, token: string) =>
      (await http.post('/api/v1/decisions/explain', { point, ...period, ...body }, token)).json();
    expect(await explain({ purpose: 'operations' }, b)).toMatchObject({
      outcome: 'permit-reduced',
      given: [{ finest: '1h' }],
      clauses: [{ agreementId: id, clause: 'c-a', gives: true, limits: ['coarser'] }],
    });
    expect(await explain({ purpose: 'operations', resolution: '1h' }, b)).toMatchObject({
      outcome: 'permit',
    });
    expect(await explain({ purpose: 'research', resolution: '1h' }, b)).toMatchObject({
      outcome: 'deny',
      clauses: [{ gives: false, limits: ['other-purpose'] }],
    });
    const a = await ownerOf(http, 'a');
    expect(await explain({ purpose: 'operations', resolution: '1h', organisationId: 'b' }, a)).toMatchObject({
      outcome: 'permit',
      own: false,
    });
    addOrganisation(http, 'd');
    const nothing = { outcome: 'deny', given: [], clauses: [] };
    const d = await ownerOf(http, 'd');
    expect(await explain({ purpose: 'operations', resolution: '1h' }, d)).toMatchObject(nothing);
    expect(await explain({ purpose: 'operations', resolution: '1h', organisationId: 'b' }, d)).toMatchObject(
      nothing,
    );
  });
});

describe('an agreement', () => {
  test('is its drafter’s alone until it is proposed, and its parties’ alone then', async () => {
    const http = await openTerritory();
    const datasetId = await makeDataset(http, 'a');
    const [a, b] = [await ownerOf(http, 'a'), await ownerOf(http, 'b')];
    addOrganisation(http, 'd');
    const d = await ownerOf(http, 'd');
    const drafted = await http.post('/api/v1/agreements', termsOf(['a', 'b'], [clauseOf('a', datasetId)]), a);
    const path = `/api/v1/agreements/${String(drafted.json()['id'])}`;
    expect((await http.get(path, b)).status).toBe(404);
    await http.post(`${path}/propose`, {}, a);
    expect((await http.get(path, b)).json()).toMatchObject({ status: 'proposed', open: 1 });
    const nobodys = await http.get('/api/v1/agreements/agreementagreementxx', d);
    for (const answer of [await http.get(path, d), await http.get(`${path}/history`, d)]) {
      expect([answer.status, answer.text]).toEqual([404, nobodys.text]);
    }
    for (const [name, body] of [
      ['sign', { version: 1 }],
      ['withdraw', {}],
      ['amend', { terms: drafted.json()['terms'] }],
    ] as const) {
      expect((await http.post(`${path}/${name}`, body, d)).status).toBeGreaterThanOrEqual(400);
    }
    expect(itemsOf(await http.get('/api/v1/agreements', d))).toEqual([]);
  });

  test('is signed by persons of the party itself, owners, once, and what they read', async () => {
    const http = await openTerritory();
    const datasetId = await makeDataset(http, 'a');
    const a = await ownerOf(http, 'a');
    const drafted = await http.post('/api/v1/agreements', termsOf(['a', 'b'], [clauseOf('a', datasetId)]), a);
    const id = String(drafted.json()['id']);
    expect((await act(http, 'a', id, 'sign', { version: 1 })).status).toBe(409);
    await act(http, 'a', id, 'propose');
    expect((await act(http, 'a', id, 'sign', { version: 2 })).status).toBe(409);
    const above = await http.login('org-owner');
    expect((await http.post(`/api/v1/agreements/${id}/sign`, { version: 1 }, above)).status).toBe(404);
    const operator = await http.login('b-operator');
    expect((await http.post(`/api/v1/agreements/${id}/sign`, { version: 1 }, operator)).status).toBe(403);
    expect((await act(http, 'a', id, 'sign', { version: 1 })).json()['status']).toBe('proposed');
    expect((await act(http, 'a', id, 'sign', { version: 1 })).status).toBe(409);
    expect((await act(http, 'b', id, 'sign', { version: 1 })).json()).toMatchObject({
      status: 'in-force',
      inForce: 1,
    });
    const trail = itemsOf(await http.get(`/api/v1/audit?resource=${id}`, await ownerOf(http, 'b')));
    expect(trail.length).toBeGreaterThanOrEqual(3);
  });

  test('stays in force while another version waits; the further party gets its share when all have signed', async () => {
    const { http, id, datasetId } = await openAgreed();
    addOrganisation(http, 'd');
    const d = await ownerOf(http, 'd');
    expect((await act(http, 'b', id, 'invite', { organisationId: 'd', name: 'D' })).status).toBe(200);
    expect((await act(http, 'd', id, 'join', { clauses: [] })).json()).toMatchObject({
      status: 'in-force',
      open: 2,
      inForce: 1,
    });
    const path = '/api/v1/points?purpose=operations';
    for (const party of ['d', 'a', 'b', 'c']) {
      expect(await keysOf(http, path, d)).toEqual([]);
      expect((await act(http, party, id, 'sign', { version: 2 })).status).toBe(200);
    }
    expect(await keysOf(http, path, d)).toContain('p1');
    const { changes } = (await http.get(`/api/v1/agreements/${id}/diff?from=1&to=2`, d)).json();
    expect(changes).toMatchObject([{ part: 'party d', before: null }]);
    const amended = termsOf(['a', 'b', 'c', 'd'], [clauseOf('a', datasetId, { purposes: ['research'] })]);
    await act(http, 'a', id, 'amend', { terms: amended });
    expect(await keysOf(http, path, d)).toContain('p1');
    expect((await act(http, 'd', id, 'end')).status).toBe(200);
    expect((await http.get(`/api/v1/agreements/${id}/history`, d)).text).toContain('ended');
  });
});
