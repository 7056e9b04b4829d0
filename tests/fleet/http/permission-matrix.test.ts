import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { ACTIONS } from '../../../fleet/access/actions.js';
import type { RegisteredRoute } from '../../../fleet/http/route-actions.js';
import { ROLES, type Limit, type Role } from '../../../fleet/store/people-store.js';
import { GATEWAY_A, type Answer, type HttpUnderTest } from './http-under-test.js';
import { openTerritory } from './territory.js';

/** What is for everybody, by hand: an action that is opened by mistake is not here. */
const OPEN: ReadonlySet<string> = new Set([
  'read-console',
  'read-documentation',
  'read-health',
  'learn-methods',
  'read-own-session',
  'log-in',
  'log-out',
  'read-own-account',
  'change-own-account',
  'accept-invitation',
  'enrol-gateway',
  'renew-certificate',
]);

/** Who may, by hand; of actions that are not named here only what follows from their kind is expected. */
const MAY: Readonly<Record<string, readonly Role[]>> = {
  'read-metrics': ['owner'],
  'read-audit': ['owner', 'operator', 'auditor'],
  'add-organisation': ['owner'],
  'erase-person': ['owner'],
  'import-records': ['owner'],
  'recall-readings': ['owner', 'operator'],
  'revoke-gateway': ['owner', 'operator'],
  'replace-gateway': ['owner', 'operator'],
  'decide-enrolment-claim': ['owner', 'operator'],
  'issue-enrolment-token': ['owner', 'operator', 'technician'],
  'revoke-enrolment-token': ['owner', 'operator', 'technician'],
  'read-enrolment-tokens': ['owner', 'operator', 'technician'],
  'read-organisations': ROLES,
  'read-gateways': ROLES,
  'read-events': ROLES,
  'read-commands': ROLES,
  'read-inventory': ROLES,
  'read-data': ROLES,
};

/** Roles that may only look. */
const LOOKING: readonly Role[] = ['analyst', 'viewer', 'auditor'];
const HOMES = ['org', 'a', 'b'] as const;
const HOST = 'terroir.example';

/** Technicians whose role is limited: to a day that is over, and to a site at which nothing is. */
const LIMITS: Readonly<Record<string, Limit>> = {
  'other-day': { from: 1, to: 2 },
  'empty-site': { siteId: 'nothing-here' },
};
const WHO = [...ROLES, ...Object.keys(LIMITS)];
/** Is not changed by such a technician either: it is of more than one site. */
const BEYOND_A_SITE: ReadonlySet<string> = new Set(['issue-enrolment-token', 'revoke-enrolment-token']);

const placeOf = (who: string): { role: Role; limit?: Limit } => {
  const limit = LIMITS[who];
  const role = ROLES.find((each) => each === who);
  return limit === undefined ? { role: role ?? 'viewer' } : { role: 'technician', limit };
};

/** A session of a new person of each role in each organisation. */
const openSessions = ({ fleet: { registry }, clock }: HttpUnderTest): Map<string, string> => {
  const tokens = new Map<string, string>();
  for (const organisationId of HOMES) {
    for (const who of WHO) {
      const id = `matrix-${organisationId}-${who}`;
      const place = placeOf(who);
      registry.addPerson({ id, login: id, name: id, passwordHash: null, organisationId, ...place });
      registry.addSession({
        id: `session-${id}`,
        tokenHash: createHash('sha256').update(id).digest('hex'),
        personId: id,
        created: clock.now,
        expires: clock.now + 3_600_000,
        lastUsed: clock.now,
        address: '127.0.0.1',
        client: '',
        method: 'password',
        secondFactor: true,
        needs: null,
      });
      tokens.set(`${organisationId} ${who}`, id);
    }
  }
  return tokens;
};

type Method = Parameters<HttpUnderTest['ask']>[0];
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const isMethod = (text: string): text is Method => METHODS.includes(text);

const ask = (http: HttpUnderTest, method: Method, url: string, token?: string): Promise<Answer> => {
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const path = url.replaceAll(/:\w+/g, GATEWAY_A).replace('*', 'index.html');
  const headers = {
    host: HOST,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body ? { 'content-type': 'application/json' } : {}),
  };
  return http.ask(method, path, headers, body ? '{}' : undefined);
};

test('each route, verb, role and organisation gets what the table says, and strangers nothing', async () => {
  const http = await openTerritory();
  const tokens = openSessions(http);
  const wrong: string[] = [];
  const note = (route: RegisteredRoute, who: string, status: number, why: string): void =>
    void wrong.push(`${route.method} ${route.url} (${route.action}) by ${who}: ${status}, ${why}`);
  for (const route of http.server.routeActions) {
    const { method, url, action } = route;
    if (!isMethod(method) || OPEN.has(action)) continue;
    const stranger = await ask(http, method, url);
    if (stranger.status !== 401) note(route, 'a stranger', stranger.status, 'expected 401');
    for (const [who, token] of tokens) {
      const [home = '', name = ''] = who.split(' ');
      const { role, limit } = placeOf(name);
      const { status } = await ask(http, method, url, token);
      if (status >= 500 || status === 401) note(route, who, status, 'expected neither');
      const over = limit?.to !== undefined;
      if (over && status !== 403) note(route, who, status, 'expected 403 on another day');
      if (limit !== undefined && url.includes(':') && status < 300) {
        note(route, who, status, 'expected nothing beyond the limit');
      }
      const may = MAY[action];
      const mayNot =
        may === undefined
          ? ACTIONS[action].changes && LOOKING.some((looking) => looking === role)
          : !may.some((allowed) => allowed === role);
      if (mayNot && status !== 403) note(route, who, status, 'expected 403');
      const refused = status === 403 && action !== 'read-metrics';
      const limited = over || (limit !== undefined && BEYOND_A_SITE.has(action));
      if (may !== undefined && !mayNot && refused && !limited) note(route, who, status, 'expected no 403');
      // the id is that of a gateway of `a`
      if (home === 'b' && url.includes(':') && status < 300)
        note(route, who, status, 'expected nothing of a');
      if (
        home !== 'b' &&
        limit === undefined &&
        method === 'GET' &&
        action === 'read-gateways' &&
        status !== 200
      ) {
        note(route, who, status, 'expected 200');
      }
    }
  }
  expect(wrong).toEqual([]);
  expect((await ask(http, 'GET', '/api/v1/latest', 'matrix-a-viewer')).status).toBe(200);
});
