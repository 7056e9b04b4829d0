import { describe, expect, test } from 'vitest';
import { verifyTrail } from '../../../../fleet/access/audit/verify-trail.js';
import { entriesOf } from '../../../../fleet/access/audit/read-entries.js';
import { itemsOf, type HttpUnderTest } from '../../http/http-under-test.js';
import { openTerritory, pointId } from '../../http/territory.js';
import {
  act,
  addOrganisation,
  agree,
  clauseOf,
  makeDataset,
  ownerOf,
  termsOf,
} from '../agreement-under-test.js';

const DAY = 'from=2026-03-10T00:00:00Z&to=2026-03-12T00:00:00Z';
const HOUR = 3_600_000;

const openAgreed = async () => {
  const http = await openTerritory();
  addOrganisation(http, 'c');
  const datasetId = await makeDataset(http, 'a', { selection: { properties: ['active_power'] } });
  const id = await agree(http, termsOf(['a', 'b', 'c'], [clauseOf('a', datasetId)]));
  const point = await pointId(http, 'p1');
  return { http, datasetId, id, point, b: await ownerOf(http, 'b'), a: await ownerOf(http, 'a') };
};

const usage = async (http: HttpUnderTest, token: string, query = '') => {
  const answer = await http.get(`/api/v1/usage${query}`, token);
  expect([answer.text, answer.status]).toEqual([answer.text, 200]);
  return itemsOf(answer);
};

describe('the usage ledger', () => {
  test('tells a producer who used what of theirs for what, by month, and the reader the same', async () => {
    const { http, datasetId, id, point, a, b } = await openAgreed();
    const read = (query: string) =>
      http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=operations${query}`, b);
    await read('');
    const hours = itemsOf(await read('&resolution=1h')).length;
    expect((await read('&format=csv')).text.split('\r\n')).toHaveLength(722);
    await http.get('/api/v1/latest?purpose=operations', b);
    const row = {
      month: '2026-03',
      giver: 'a',
      giverName: 'Ville de a',
      reader: 'b',
      readerName: 'Ville de b',
      agreementId: id,
      purpose: 'operations',
      datasetId,
      reads: 4,
      // p1, its hours, p1 again, and the newest of p1 and index
      readings: 720 + hours + 720 + 2,
    };
    expect(await usage(http, a)).toEqual([row]);
    expect(await usage(http, b, '?side=made')).toEqual([row]);
    expect(await usage(http, b)).toEqual([]);
    const { month: _m, purpose: _p, datasetId: _d, ...sum } = row;
    expect(await usage(http, a, '?by=agreement')).toEqual([
      { ...sum, month: null, purpose: null, datasetId: null },
    ]);
    const csv = await http.get('/api/v1/usage?format=csv', a);
    expect(csv.headers['content-type']).toContain('text/csv');
    expect(csv.text.split('\r\n')[1]).toBe(
      `2026-03,a,Ville de a,b,Ville de b,${id},operations,${datasetId},4,${row.readings}`,
    );
  });

  test('tells nobody else, and records nothing of what is read of one’s own', async () => {
    const { http, point, a, b } = await openAgreed();
    await http.get(`/api/v1/readings?point=${point}&${DAY}`, a);
    await http.get(`/api/v1/readings?point=${point}&${DAY}`, await ownerOf(http, 'org'));
    expect(await usage(http, await ownerOf(http, 'org'))).toEqual([]);
    await http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=operations`, b);
    expect(await usage(http, a)).toHaveLength(1);
    for (const side of ['given', 'made']) {
      expect(await usage(http, await ownerOf(http, 'c'), `?side=${side}`)).toEqual([]);
    }
    expect((await http.get('/api/v1/usage', await http.login('a-viewer'))).status).toBe(403);
  });

  test('names to a producer no organisation that read an open dataset without an agreement', async () => {
    const { http, point, a } = await openAgreed();
    await makeDataset(http, 'a', { selection: { properties: ['active_power'] }, audience: 'open' });
    addOrganisation(http, 'd');
    const d = await ownerOf(http, 'd');
    await http.get(`/api/v1/readings?point=${point}&${DAY}`, d);
    expect(await usage(http, a)).toMatchObject([{ reader: null, agreementId: null, readings: 720 }]);
    expect(await usage(http, d, '?side=made')).toMatchObject([{ reader: 'd', giver: 'a' }]);
  });

  test('counts what is read under an agreement there, though it is open as well', async () => {
    const { http, id, point, a, b } = await openAgreed();
    await makeDataset(http, 'a', { selection: { properties: ['active_power'] }, audience: 'open' });
    await http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=operations`, b);
    await http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=research`, b);
    expect(await usage(http, a, '?by=purpose')).toMatchObject([
      { purpose: 'operations', reader: 'b', readings: 720 },
      { purpose: 'research', reader: null, readings: 720 },
    ]);
    await act(http, 'b', id, 'withdraw');
    await http.get(`/api/v1/readings?point=${point}&${DAY}&purpose=operations`, b);
    expect(await usage(http, a, '?by=agreement')).toMatchObject([
      { agreementId: null, readings: 1440 },
      { agreementId: id, readings: 720 },
    ]);
  });

  test('chains each hour that ended into the trail of whose data it was, and still counts it', async () => {
    const { http, point, a, b } = await openAgreed();
    const { registry } = http.fleet;
    const path = `/api/v1/readings?point=${point}&${DAY}&purpose=operations`;
    await http.get(path, b);
    http.usage.flush();
    expect(registry.usage.trails()).toEqual([]);
    http.clock.now += HOUR;
    await http.get(path, b);
    http.usage.flush();
    const entries = [...entriesOf(registry.usage, 'usage/a')];
    expect(entries.map(({ content }) => JSON.parse(content ?? '') as unknown)).toMatchObject([
      { giver: 'a', reader: 'b', subject: { type: 'person', id: 'person-b-signs' }, readings: 720 },
    ]);
    const { heads } = (await http.get('/api/v1/audit/head', a)).json() as {
      heads: { organisationId: string; size: number; root: string; time: string; jws: string }[];
    };
    const ofUsage = heads.filter(({ organisationId }) => organisationId === 'usage/a');
    expect(ofUsage).toHaveLength(1);
    expect(verifyTrail('usage/a', entries, ofUsage).findings).toEqual([]);
    const edited = entries.map((entry) => ({
      ...entry,
      content: (entry.content ?? '').replace('720', '72'),
    }));
    expect(verifyTrail('usage/a', edited, ofUsage).findings).toHaveLength(1);
    expect(await usage(http, a)).toMatchObject([{ reads: 2, readings: 1440 }]);
  });
});
