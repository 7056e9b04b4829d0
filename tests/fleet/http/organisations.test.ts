import { describe, expect, test } from 'vitest';
import { directoryOf, point, reading, T0 } from '../projections/fleet-of-views.js';
import { GATEWAY_A, itemsOf, openHttp, type HttpUnderTest } from './http-under-test.js';
import { openTerritory } from './territory.js';

const MUNICIPALITY = { parentId: 'org', name: 'Cheverny', type: 'service' };

const patch = (http: HttpUnderTest, path: string, body: object, token: string, etag?: string) =>
  http.ask(
    'PATCH',
    path,
    {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      ...(etag === undefined ? {} : { 'if-match': etag }),
    },
    JSON.stringify(body),
  );
const until = (ms: number): string => `to=${new Date(T0 + ms).toISOString()}`;
const etagOf = async (http: HttpUnderTest, path: string, token: string): Promise<string> =>
  String((await http.get(path, token)).headers['etag']);

describe('an organisation', () => {
  test('is added where its type may stand, with a code that can be', async () => {
    const http = await openHttp();
    const token = await http.login('org-owner');
    const add = (more: object) => http.post('/api/v1/organisations', { ...MUNICIPALITY, ...more }, token);
    const added = await add({ siret: '73282932000074', code: '732829320' });
    expect([added.status, added.json()]).toMatchObject([201, { name: 'Cheverny', siret: '73282932000074' }]);
    expect((await add({ type: 'region' })).json()['detail']).toContain('cannot stand under');
    expect((await add({ code: '123456789' })).json()['detail']).toContain('check digit');
    expect((await add({ code: '732829320' })).status).toBe(409);
    expect((await add({ timeZone: 'Mars/Olympus' })).status).toBe(400);
    expect((await http.post('/api/v1/organisations', MUNICIPALITY, await http.login('a-owner'))).status).toBe(
      403,
    );
  });

  test('is changed only by who has seen what it is', async () => {
    const http = await openHttp();
    const token = await http.login('org-owner');
    const path = '/api/v1/organisations/a';
    const etag = await etagOf(http, path, token);
    expect((await patch(http, path, { name: 'X' }, token)).status).toBe(428);
    const changed = await patch(http, path, { name: 'Aubière-le-Haut' }, token, etag);
    expect([changed.status, changed.json()['name']]).toEqual([200, 'Aubière-le-Haut']);
    expect((await patch(http, path, { name: 'Y' }, token, etag)).status).toBe(412);
    const again = await patch(http, path, { code: '63014' }, token, String(changed.headers['etag']));
    expect(again.json()).toMatchObject({ code: '63014', name: 'Aubière-le-Haut' });
    expect((await patch(http, path, { parentId: 'a1' }, token, '*')).status).toBe(400);
  });

  test('that is foreign cannot be told from one that does not exist', async () => {
    const http = await openHttp();
    const token = await http.login('a-owner');
    const [foreign, none] = await Promise.all([
      http.get('/api/v1/organisations/b', token),
      http.get('/api/v1/organisations/nobody', token),
    ]);
    expect([foreign.status, foreign.text]).toEqual([none.status, none.text]);
    const give = (to: string) =>
      http.post(
        '/api/v1/transfers',
        { to, from: '2026-01-01', past: 'withheld', gateways: [GATEWAY_A] },
        token,
      );
    const [a, b] = [await give('b'), await give('nobody')];
    expect([a.status, a.text.replace('b.', 'nobody.')]).toEqual([404, b.text]);
  });
});

describe('a transfer', () => {
  test('is planned, done, kept and taken back; each trail names its own part', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    const asked = {
      to: 'b',
      from: new Date(T0 + 3_600_000).toISOString(),
      past: 'withheld',
      gateways: [GATEWAY_A],
    };
    const seenBy = async (login: string) =>
      itemsOf(await http.get('/api/v1/devices', await http.login(login))).length;
    const plan = await http.post('/api/v1/transfers?dryRun=true', asked, token);
    expect([plan.status, plan.json()]).toMatchObject([200, { id: null, kind: 'transfer' }]);
    expect(await seenBy('b-viewer')).toBe(1);
    const done = (await http.post('/api/v1/transfers', asked, token)).json();
    expect(done['changes']).toHaveLength((plan.json()['changes'] as unknown[]).length);
    expect(await seenBy('b-viewer')).toBe(2);
    const acts = itemsOf(await http.get('/api/v1/acts', token));
    expect(acts).toMatchObject([{ id: done['id'], kind: 'transfer', undoneBy: null }]);
    const trail = (of: string) =>
      http.fleet.registry.audit.find([of], { action: 'transfer-holdings', limit: 10 });
    expect([trail('a').length, trail('b').length]).toEqual([1, 1]);
    expect(trail('a')[0]?.content).not.toContain('"organisationId":"b"');
    expect((await http.post(`/api/v1/acts/${String(done['id'])}/undo`, {}, token)).status).toBe(200);
    expect(await seenBy('b-viewer')).toBe(1);
    expect((await http.post(`/api/v1/acts/${String(done['id'])}/undo`, {}, token)).status).toBe(409);
  });
});

describe('records that are the same', () => {
  test('become one; the old id points to the survivor, until it is taken back', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    const twin = await http.post(
      '/api/v1/organisations',
      { parentId: 'a', name: 'Eaux', type: 'service', code: '732829320' },
      token,
    );
    const id = String(twin.json()['id']);
    const merged = await http.post(
      '/api/v1/merges',
      { record: 'organisation', survivor: 'a1', duplicate: id },
      token,
    );
    expect(merged.json()['summary']).toMatchObject({ fields: { code: { from: id }, name: { from: 'a1' } } });
    expect((await http.get('/api/v1/organisations/a1', token)).json()).toMatchObject({ code: '732829320' });
    const pointer = await http.get(`/api/v1/organisations/${id}`, token);
    expect([pointer.status, pointer.headers['location']]).toEqual([308, '/api/v1/organisations/a1']);
    expect((await http.post(`/api/v1/acts/${String(merged.json()['id'])}/undo`, {}, token)).status).toBe(200);
    expect((await http.get(`/api/v1/organisations/${id}`, token)).status).toBe(200);
  });
});

describe('sites and locations', () => {
  test('have addresses, geometries and delivery points, all checked', async () => {
    const http = await openHttp();
    const token = await http.login('a-technician');
    const site = {
      organisationId: 'a',
      name: 'Mairie',
      address: { street: '1 place de la Mairie', postcode: '63170', city: 'Aubière' },
      geometry: { type: 'Point', coordinates: [3.11, 45.75] },
    };
    const added = await http.post('/api/v1/sites', site, token);
    expect([added.status, added.json()]).toMatchObject([201, site]);
    const off = { ...site, geometry: { type: 'Point', coordinates: [3, 145] } };
    expect((await http.post('/api/v1/sites', off, token)).json()['detail']).toContain('not on the globe');
    const siteId = String(added.json()['id']);
    const location = { organisationId: 'a', key: 'inlet', name: 'Inlet', siteId, prm: '25946599093143' };
    const made = await http.post('/api/v1/locations', location, token);
    expect([made.status, made.json()]).toMatchObject([201, location]);
    expect((await http.post('/api/v1/locations', { ...location, key: 'x', prm: '12' }, token)).status).toBe(
      400,
    );
    expect((await http.post('/api/v1/locations', { ...location, organisationId: 'b' }, token)).status).toBe(
      403,
    );
    expect(itemsOf(await http.get('/api/v1/locations', await http.login('b-viewer')))).toEqual([]);
    const removal = await http.ask('DELETE', `/api/v1/sites/${siteId}`, {
      authorization: `Bearer ${token}`,
      'if-match': '*',
    });
    expect(removal.status).toBe(409);
  });

  test('a location that nothing is installed at is removed, and comes back with undo; others stay', async () => {
    const http = await openTerritory();
    const token = await http.login('a-owner');
    const key = { organisationId: 'a', key: 'typo', name: 'Typo' };
    const added = (await http.post('/api/v1/locations', key, token)).json();
    const path = `/api/v1/locations/${String(added['id'])}`;
    const remove = async (url: string, etag?: string) =>
      await http.ask('DELETE', url, {
        authorization: `Bearer ${token}`,
        ...(etag === undefined ? {} : { 'if-match': etag }),
      });
    http.clock.now += 1;
    expect((await remove(path)).status).toBe(428);
    expect((await remove(path, '"another"')).status).toBe(412);
    expect((await remove(path, await etagOf(http, path, token))).status).toBe(204);
    expect((await http.get(path, token)).status).toBe(404);
    const [act] = itemsOf(await http.get(`/api/v1/acts?record=${String(added['id'])}`, token));
    expect(act).toMatchObject({ kind: 'remove', by: 'person-a-owner' });
    await http.post(`/api/v1/acts/${String(act?.['id'])}/undo`, {}, token);
    expect((await http.get(path, token)).json()).toEqual(added);
    const holdings = http.fleet.registry.records('locationHolding', { subjectId: String(added['id']) });
    expect(holdings).toMatchObject([{ organisationId: 'a', title: 'holder', to: null }]);

    const installed = itemsOf(await http.get('/api/v1/locations', token)).find(
      (row) => row['key'] === 'mairie',
    );
    const used = await remove(`/api/v1/locations/${String(installed?.['id'])}`, '*');
    expect([used.status, used.json()['detail']]).toEqual([409, expect.stringContaining('refers to it')]);
    const viewer = await http.login('a-viewer');
    const refused = await http.ask('DELETE', path, { authorization: `Bearer ${viewer}`, 'if-match': '*' });
    expect(refused.status).toBe(403);
  });
});

test('competences have holders and dates, one at a time', async () => {
  const http = await openHttp();
  const token = await http.login('org-owner');
  const water = { key: 'water', holderId: 'org', forId: 'a', from: '2020-01-01' };
  const held = await http.post('/api/v1/competences', water, token);
  expect([held.status, held.json()]).toMatchObject([201, { from: '2019-12-31T23:00:00.000Z', to: null }]);
  expect((await http.post('/api/v1/competences', { ...water, holderId: 'a' }, token)).status).toBe(409);
  expect((await http.post('/api/v1/competences', { ...water, key: 'war' }, token)).status).toBe(400);
  const ended = await patch(
    http,
    `/api/v1/competences/${String(held.json()['id'])}`,
    { to: '2026-01-01' },
    token,
  );
  expect(ended.json()['to']).toBe('2025-12-31T23:00:00.000Z');
  expect(
    (await http.post('/api/v1/competences', { ...water, holderId: 'a', from: '2026-01-01' }, token)).status,
  ).toBe(201);
  expect(itemsOf(await http.get('/api/v1/competences', await http.login('b-viewer')))).toEqual([]);
});

test('what a location used runs on across a replaced meter, and says what it does not know', async () => {
  const http = await openTerritory();
  const token = await http.login('a-owner');
  const path = '/api/v1/locations';
  const [location] = itemsOf(await http.get(path, token));
  const meter = {
    ...directoryOf(point(3, { key: 'index', kind: 'counter', property: 'water_volume', unit: 'm3' })),
  };
  const at = (serial: string) => ({
    ...meter,
    devices: meter.devices.map((device) => ({
      ...device,
      key: 'water',
      installation: { serial, location: 'mairie' },
    })),
    points: meter.points.map((row) => ({ ...row, device: 'water' })),
  });
  const send = async (serial: string, seq: number, readings: ReturnType<typeof reading>[]) => {
    await http.fleet.sendDirectory(at(serial), GATEWAY_A);
    const content = { content: 'readings' as const, columns: [{ point: 3, readings }] };
    await http.fleet.send(at(serial), content, { source: GATEWAY_A, seq, epoch: 'aabbccddeeff0011' });
    await http.fleet.project();
  };
  await send('old', 1, [reading(1, T0, 98_760), reading(2, T0 + 60_000, 98_763)]);
  const [device] = http.fleet.registry.records('installation', { serial: 'old' });
  const replacement = {
    locationId: String(location?.['id']),
    device: device?.deviceId,
    at: new Date(T0 + 120_000).toISOString(),
    lastIndex: { water_volume: 98_765 },
    serial: 'new',
    firstIndex: { water_volume: 12 },
  };
  const replaced = await http.post('/api/v1/meter-replacements', replacement, token);
  expect([replaced.status, replaced.json()['kind']]).toEqual([200, 'replace-meter']);
  await send('new', 2, [reading(3, T0 + 180_000, 13), reading(4, T0 + 240_000, 20)]);
  const used = async (query: string) => {
    const answer = await http.get(
      `${path}/${String(location?.['id'])}/consumption?property=water_volume&${query}`,
      token,
    );
    return (answer.json()['items'] as Record<string, unknown>[])[0];
  };
  const from = `from=${new Date(T0).toISOString()}`;
  expect(await used(`${from}&${until(3_600_000)}`)).toMatchObject({ value: 13, unit: 'm3', missing: [] });
  expect(await used(`${from}&${until(7_200_000)}&resolution=1h`)).toMatchObject({
    buckets: [{ value: 13 }, { value: null, missing: [{ why: 'no-reading' }] }],
  });
  // what the new meter measured hangs on it: such an act is not taken back any more
  const undo = `/api/v1/acts/${String(replaced.json()['id'])}/undo`;
  expect((await http.post(undo, {}, await http.login('org-owner'))).status).toBe(409);
  expect(await used(`${from}&${until(3_600_000)}`)).toMatchObject({ value: 13 });
});
