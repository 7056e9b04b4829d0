import { describe, expect, test } from 'vitest';
import { GATEWAY_A, GATEWAY_B, itemsOf, nextOf } from './http-under-test.js';
import { openTerritory, pointId } from './territory.js';

const LISTINGS = ['organisations', 'gateways', 'devices', 'locations', 'points', 'latest', 'device-counts'];

/** Answers strangers with what is open. */
const OPEN_TOO = ['latest', 'readings', 'device-counts'];

describe('what somebody reads', () => {
  test('is nothing without a session', async () => {
    const http = await openTerritory();
    const point = await pointId(http, 'p1');
    const paths = [
      ...LISTINGS,
      `gateways/${GATEWAY_A}`,
      `readings?point=${point}`,
      `points/${point}/proof?at=2026-03-10T11:00Z`,
    ];
    for (const path of paths) {
      for (const token of OPEN_TOO.some((open) => path.startsWith(open)) ? ['wrong'] : [undefined, 'wrong']) {
        const answer = await http.get(`/api/v1/${path}`, token);
        expect([path, answer.status]).toEqual([path, 401]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
        expect(answer.headers['content-type']).toMatch('application/problem+json');
        expect(answer.text).not.toContain(GATEWAY_A);
      }
    }
  });

  test('is what their organisation and those below hold', async () => {
    const http = await openTerritory();
    const names = async (login: string, listing: string): Promise<unknown[]> =>
      itemsOf(await http.get(`/api/v1/${listing}`, await http.login(login))).map(
        (item) => item['key'] ?? item['name'],
      );
    expect(await names('org-owner', 'organisations')).toHaveLength(4);
    expect(new Set(await names('a-viewer', 'organisations'))).toEqual(new Set(['Aubière', 'Eaux d’Aubière']));
    expect(await names('a-viewer', 'gateways')).toEqual([GATEWAY_A]);
    expect(await names('b-viewer', 'gateways')).toEqual([GATEWAY_B]);
    expect(new Set(await names('a-viewer', 'points'))).toEqual(new Set(['index', 'note', 'p1']));
    expect(await names('b-viewer', 'latest')).toEqual(['other']);
    expect(await names('b-viewer', 'locations')).toEqual(['ecole']);
    expect(new Set(await names('org-owner', 'locations'))).toEqual(new Set(['ecole', 'mairie']));
    expect(await names('a-viewer', 'devices')).toHaveLength(1);
  });

  test('of somebody else answers as if it did not exist', async () => {
    const http = await openTerritory();
    const token = await http.login('b-viewer');
    const foreign = await pointId(http, 'p1');
    const pairs = [
      [`gateways/${GATEWAY_A}`, 'gateways/gatewayzzzzzzzzzzzzz'],
      [`readings?point=${foreign}`, 'readings?point=nopointnopointnopoin'],
      [`readings?point=${foreign}&resolution=1h`, 'readings?point=nopointnopointnopoin&resolution=1h'],
      [`readings?point=${foreign}&format=csv`, 'readings?point=nopointnopointnopoin&format=csv'],
      [
        `points/${foreign}/proof?at=2026-03-10T11:00Z`,
        'points/nopointnopointnopoin/proof?at=2026-03-10T11:00Z',
      ],
      [
        `points/${foreign}/proof?at=2026-03-10T11:00Z&resolution=1m`,
        'points/nopointnopointnopoin/proof?at=2026-03-10T11:00Z&resolution=1m',
      ],
    ];
    for (const [theirs = '', nobodys = ''] of pairs) {
      const [one, other] = [
        await http.get(`/api/v1/${theirs}`, token),
        await http.get(`/api/v1/${nobodys}`, token),
      ];
      expect(one.status).toBe(404);
      expect([one.status, one.text]).toEqual([other.status, other.text]);
      const { date: _one, ...headers } = one.headers;
      const { date: _other, ...otherHeaders } = other.headers;
      expect(headers).toEqual(otherHeaders);
    }
  });
});

describe('listings', () => {
  test('give every item once, page by page', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    for (const listing of LISTINGS) {
      const whole = itemsOf(await http.get(`/api/v1/${listing}?limit=1000`, token));
      const paged: unknown[] = [];
      let place = '';
      do {
        const page = await http.get(`/api/v1/${listing}?limit=1${place}`, token);
        expect(itemsOf(page)).toHaveLength(1);
        paged.push(...itemsOf(page));
        const next = nextOf(page);
        place = next === null ? 'end' : `&cursor=${next}`;
      } while (place !== 'end');
      expect(paged).toEqual(whole);
    }
  });

  test('refuse a cursor of another person, listing or query, and one that was changed', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    const first = await http.get('/api/v1/points?limit=1', token);
    const cursor = String(first.json()['next']);
    const changed = cursor.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'));
    const attempts: [path: string, token: string][] = [
      [`points?limit=1&cursor=${cursor}`, await http.login('org-operator')],
      [`devices?limit=1&cursor=${cursor}`, token],
      [`gateways?state=silent&cursor=${cursor}`, token],
      [`points?cursor=${changed}`, token],
      [`points?cursor=${cursor}x`, token],
      [`points?cursor=${cursor}%20`, token],
      ['points?cursor=', token],
      ['points?cursor=AAAA', token],
    ];
    for (const [path, bearer] of attempts) {
      const answer = await http.get(`/api/v1/${path}`, bearer);
      expect([path, answer.status]).toEqual([path, 400]);
      expect(answer.json()['detail']).toMatch('cursor');
    }
    expect((await http.get(`/api/v1/points?limit=2&cursor=${cursor}`, token)).status).toBe(200);
  });
});

describe('gateways', () => {
  test('are new, connected or silent, and can be asked for by that', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    const states = async (query = '') =>
      Object.fromEntries(
        itemsOf(await http.get(`/api/v1/gateways${query}`, token)).map((item) => [item['id'], item['state']]),
      );
    const seen = http.clock.now;
    http.fleet.registry.noteGateway(GATEWAY_A, { connected: true, lastSeen: seen });
    expect(await states()).toMatchObject({ [GATEWAY_A]: 'connected', [GATEWAY_B]: 'new' });
    expect(await states('?state=silent')).toEqual({});
    http.clock.now += 6 * 60_000;
    expect(await states('?state=silent')).toEqual({ [GATEWAY_A]: 'silent' });
    const [silent] = itemsOf(await http.get('/api/v1/gateways?state=silent&limit=1', token));
    expect(silent?.['silentSince']).toBe(new Date(seen).toISOString());
    http.fleet.registry.noteGateway(GATEWAY_A, { connected: true, lastSeen: http.clock.now });
    expect(await states('?state=connected')).toEqual({ [GATEWAY_A]: 'connected' });
    http.fleet.registry.noteGateway(GATEWAY_A, { connected: false });
    expect(await states('?state=silent')).toEqual({ [GATEWAY_A]: 'silent' });
  });

  test('show their ledger, their holes and what they last said', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    http.fleet.registry.noteGateway(GATEWAY_B, { lastError: 'directory: broken', health: '{"uptimeS":12}' });
    const detail = (await http.get(`/api/v1/gateways/${GATEWAY_B}`, token)).json();
    expect(detail).toMatchObject({
      holes: 1,
      lastError: 'directory: broken',
      health: { uptimeS: 12 },
      ledger: [{ stored: 1, readings: 5, missing: [[1, 1]], declaredLost: 0, declaredLostIsBound: false }],
    });
    expect((await http.get(`/api/v1/gateways/${GATEWAY_A}`, token)).json()).toMatchObject({
      holes: 0,
      health: null,
    });
  });
});
