import { expect, test } from 'vitest';
import { itemsOf, openHttp, type Answer, type HttpUnderTest } from './http-under-test.js';

const PLACES = `record;name;type;parent;code;organisation;key;site;N° PRM;longitude;latitude;remark
location;Mairie;;;;41018;elec;"Hôtel
de ville";12345678901234;2,12;46,95;x
organisation;Eaux;service;41018;;;;;;;;
organisation;Blois;municipality;org;41018;;;;;;;
site;"Hôtel
de ville";;;;41018;;;;1,33;47,59;
`;
const MAP = `map=${encodeURIComponent('prm=N° PRM')}`;

const send = (http: HttpUnderTest, token: string, query: string, body: string, type = 'text/csv') =>
  http.ask(
    'POST',
    `/api/v1/imports?${query}`,
    { authorization: `Bearer ${token}`, 'content-type': type },
    body,
  );
const pathsOf = (answer: Answer): string[] =>
  (answer.json()['errors'] as { path: string }[]).map(({ path }) => path);

const feature = (properties: object, coordinates: unknown[]) => ({
  type: 'Feature',
  properties,
  geometry: { type: 'Point', coordinates },
});
const collection = (...features: object[]) => JSON.stringify({ type: 'FeatureCollection', features });
const at = (organisation: string) =>
  `record,organisation,key,name,prm\nlocation,${organisation},inlet,Inlet,12345678901234\n`;

test('a CSV becomes one act, in whatever order its rows are; again it changes nothing; undone it is gone', async () => {
  const http = await openHttp();
  const token = await http.login('org-owner');
  const planned = (await send(http, token, `dryRun=true&${MAP}`, PLACES)).json();
  expect(planned).toMatchObject({ id: null, kind: 'import', summary: { added: 4, ignored: ['remark'] } });
  expect(itemsOf(await http.get('/api/v1/locations', token))).toEqual([]);

  const done = (await send(http, token, MAP, PLACES)).json();
  expect(done).toMatchObject({ kind: 'import', summary: { rows: 4, added: 4, changed: 0, same: 0 } });
  const [site] = itemsOf(await http.get('/api/v1/sites', token));
  expect(site).toMatchObject({ name: 'Hôtel\nde ville' });
  expect(itemsOf(await http.get('/api/v1/locations', token))).toMatchObject([
    { key: 'elec', prm: '12345678901234', siteId: site?.['id'], geometry: { coordinates: [2.12, 46.95] } },
  ]);

  const again = (await send(http, token, MAP, PLACES)).json();
  expect(again).toMatchObject({ id: null, changes: [], summary: { same: 4 } });
  expect(itemsOf(await http.get('/api/v1/acts', token))).toMatchObject([{ id: done['id'] }]);
  const renamed = (await send(http, token, MAP, PLACES.replace('location;Mairie', 'location;Perron'))).json();
  expect(renamed).toMatchObject({ summary: { added: 0, changed: 1, same: 3 } });

  for (const { id } of [renamed, done] as { id: string }[]) {
    expect((await http.post(`/api/v1/acts/${id}/undo`, {}, token)).status).toBe(200);
  }
  expect(itemsOf(await http.get('/api/v1/locations', token))).toEqual([]);
  expect(itemsOf(await http.get('/api/v1/organisations', token)).map(({ name }) => name)).not.toContain(
    'Blois',
  );
});

test('a file with wrong rows changes nothing, and each fault says its line and column', async () => {
  const http = await openHttp();
  const token = await http.login('org-owner');
  const file = `record,name,type,parent,code,organisation,key,PRM,country
organisation,Blois,municipality,org,41018,,,,
organisation,Tours,municipality,org,4120,,,,

organisation,"Two
lines",service,nowhere,,,,,
location,Pompe,,,,41018,Bad Key,,
location,Pompe,,,,41018,pump,11111111111111,
location,Pompe,,,,41018,pump,12345678901234,
location,Pompe,,,,41018,pump,12345678901234,
site,Mairie,,,,41018,,,France
thing,Mairie,,,,41018,,,
`;
  const refused = await send(http, token, '', file);
  expect([refused.status, pathsOf(refused)]).toEqual([
    400,
    [
      'line 3, column code',
      'line 5, column parent',
      'line 7, column key',
      'line 8, column PRM',
      'line 10',
      'line 11, column country',
      'line 12, column record',
    ],
  ]);
  expect(itemsOf(await http.get('/api/v1/organisations', token)).map(({ name }) => name)).not.toContain(
    'Blois',
  );
  const torn = await send(http, token, '', 'record,name\nsite,"open\n');
  const ragged = await send(http, token, '', 'record,name\nsite,a,b\n');
  expect([torn.status, pathsOf(ragged)]).toEqual([400, ['line 2']]);
  expect(pathsOf(await send(http, token, 'map=prm=PDL', 'record,name\nsite,a\n'))).toEqual(['line 1']);
  expect((await send(http, token, '', '{}', 'application/json')).status).toBeGreaterThanOrEqual(400);
});

test('GeoJSON brings geometries, its properties are columns', async () => {
  const http = await openHttp();
  const token = await http.login('org-owner');
  const load = (text: string) => send(http, token, 'record=location', text, 'application/geo+json');
  const good = feature({ key: 'p', name: 'Pompe', organisation: 'a', pce: 'GI123456' }, [2, 47]);
  expect((await load(collection(good))).json()).toMatchObject({ summary: { added: 1 } });
  const moved = feature({ pce: 'GI123456' }, [2.5, 47]);
  expect((await load(collection(moved))).json()).toMatchObject({ summary: { changed: 1 } });
  const faults = await load(
    collection(
      feature({ pce: 'GI123456', organisation: 'b' }, [2, 47]),
      feature({ key: 'q', name: 'q', organisation: 'a' }, [2, 470]),
    ),
  );
  expect(pathsOf(faults)).toEqual(['feature 1, property organisation', 'feature 2, property geometry']);
  expect(pathsOf(await load(collection(feature({ key: ['p'] }, [2, 47]))))).toEqual([
    'feature 1, property key',
  ]);
});

test('what is outside the caller’s organisations does not exist for their file', async () => {
  const http = await openHttp();
  const all = await http.login('org-owner');
  const owner = await http.login('a-owner');
  expect((await send(http, all, '', at('b'))).status).toBe(200);
  const [foreign, none] = [await send(http, owner, '', at('b')), await send(http, owner, '', at('c'))];
  expect([foreign.status, foreign.text]).toEqual([
    400,
    none.text.replaceAll('organisation c', 'organisation b'),
  ]);
  const top = 'record,name,type,parent\norganisation,Mine,intercommunality,\n';
  expect(pathsOf(await send(http, owner, '', top))).toEqual(['line 2, column parent']);
  expect((await send(http, owner, '', at('a'))).json()).toMatchObject({ summary: { added: 1 } });
  expect((await send(http, await http.login('a-technician'), '', at('a'))).status).toBe(403);
  const trail = http.fleet.registry.audit.find(['a'], { action: 'import-records', limit: 10 });
  expect(trail.map(({ content }) => content ?? '').join('\n')).toContain('"kind":"import"');
});
