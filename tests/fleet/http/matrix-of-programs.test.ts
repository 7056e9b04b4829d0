import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Action } from '../../../fleet/access/actions.js';
import { createApiKeys, type ApiKeys } from '../../../fleet/access/keys/api-keys.js';
import { ROLES, type Role } from '../../../fleet/store/people-store.js';
import type { HttpUnderTest } from './http-under-test.js';
import { ask, closedRoutes, faultsOf, openSessions } from './route-matrix.js';
import { openTerritory, pointId } from './territory.js';

const DAY_MS = 86_400_000;

const open = async (): Promise<{ http: HttpUnderTest; keys: ApiKeys }> => {
  const http = await openTerritory();
  const store = http.fleet.registry;
  return { http, keys: createApiKeys({ store, now: () => http.clock.now, random: randomBytes }) };
};

interface Narrowed {
  readonly actions?: readonly Action[];
  readonly personId?: string;
}

const keyOf = (keys: ApiKeys, organisationId: string, role: Role, narrowed: Narrowed = {}): string =>
  keys.create({
    name: role,
    organisationId,
    role,
    purpose: 'operations',
    days: 1,
    createdBy: 'p',
    ...narrowed,
  }).text;

/** How each closed route answers with the token. */
const statuses = async (http: HttpUnderTest, token: string): Promise<Map<string, number>> => {
  const seen = new Map<string, number>();
  for (const { method, url } of closedRoutes(http)) {
    seen.set(`${method} ${url}`, (await ask(http, method, url, token)).status);
  }
  return seen;
};

const all401 = (seen: ReadonlyMap<string, number>): readonly string[] =>
  [...seen].flatMap(([route, status]) => (status === 401 ? [] : [`${route}: ${status}`]));

describe('each route and verb, asked by a program', () => {
  test('gives a key of each role what the table gives the role', async () => {
    const { http, keys } = await open();
    const wrong: string[] = [];
    for (const role of ROLES) {
      const key = keyOf(keys, 'a', role);
      for (const route of closedRoutes(http)) {
        const { status } = await ask(http, route.method, route.url, key);
        wrong.push(...faultsOf(route, 'a', role, status));
      }
    }
    expect(wrong).toEqual([]);
  });

  test('gives a key of one action that alone, whatever its role', async () => {
    const { http, keys } = await open();
    const wrong: string[] = [];
    for (const named of ['read-gateways', 'add-organisation'] as const) {
      const key = keyOf(keys, 'a', 'owner', { actions: [named] });
      for (const { method, url, action } of closedRoutes(http)) {
        const { status } = await ask(http, method, url, key);
        if ((status === 403) !== (action !== named)) wrong.push(`${named}: ${method} ${url}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('gives a key nothing from its end on, nor one that was revoked, nor a person’s own with another role', async () => {
    const { http, keys } = await open();
    openSessions(http, 'a');
    const revoked = keyOf(keys, 'a', 'owner');
    const own = keyOf(keys, 'a', 'owner', { personId: 'matrix-a-owner' });
    const living = keyOf(keys, 'a', 'owner');
    expect((await ask(http, 'GET', '/api/v1/points', own)).status).toBe(200);
    keys.revoke(revoked.split('_')[1] ?? '');
    http.fleet.registry.setRole('matrix-a-owner', { organisationId: 'a', role: 'viewer' }, http.clock.now);
    expect(all401(await statuses(http, revoked))).toEqual([]);
    expect(all401(await statuses(http, own))).toEqual([]);
    expect((await ask(http, 'GET', '/api/v1/points', living)).status).toBe(200);
    http.clock.now += DAY_MS;
    expect(all401(await statuses(http, living))).toEqual([]);
  });

  test('refuses a key that states another purpose than its own', async () => {
    const { http, keys } = await open();
    const key = keyOf(keys, 'a', 'viewer');
    const point = await pointId(http, 'p1');
    const stated = ['/api/v1/points?', '/api/v1/latest?', `/api/v1/readings?point=${point}&`];
    for (const path of stated) {
      expect((await ask(http, 'GET', `${path}purpose=operations`, key)).status).toBe(200);
      expect((await ask(http, 'GET', `${path}purpose=billing`, key)).status).toBe(403);
      expect((await ask(http, 'GET', `${path}purpose=anything`, key)).status).toBe(400);
    }
  });
});

describe('each route and verb, asked in a session that', () => {
  const ends: Readonly<Record<string, (http: HttpUnderTest, id: string) => void>> = {
    // another role, another organisation, no account any more
    owner: ({ fleet: { registry }, clock }, id) =>
      registry.setRole(id, { organisationId: 'a', role: 'viewer' }, clock.now),
    operator: ({ fleet: { registry }, clock }, id) =>
      registry.setRole(id, { organisationId: 'b', role: 'operator' }, clock.now),
    technician: ({ fleet: { registry }, clock }, id) => registry.disablePerson(id, clock.now),
    // its time
    auditor: ({ clock }) => void (clock.now += 3_600_000),
  };

  test('lost its rights meanwhile is answered as one that never was', async () => {
    const { http } = await open();
    const tokens = openSessions(http, 'a');
    for (const [who, end] of Object.entries(ends)) {
      const token = tokens.get(who) ?? '';
      expect((await ask(http, 'GET', '/api/v1/points', token)).status).toBe(200);
      end(http, `matrix-a-${who}`);
      expect([who, all401(await statuses(http, token))]).toEqual([who, []]);
      // there are more routes than strangers may ask for at once
      http.clock.now += 20_000;
    }
  });

  test('was opened at an identity provider gives what the table gives the role', async () => {
    const { http } = await open();
    const wrong: string[] = [];
    for (const [who, token] of openSessions(http, 'a', 'sign-on')) {
      for (const route of closedRoutes(http)) {
        const { status } = await ask(http, route.method, route.url, token);
        wrong.push(...faultsOf(route, 'a', who, status));
      }
    }
    expect(wrong).toEqual([]);
  });
});
