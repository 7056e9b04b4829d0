import { createHash } from 'node:crypto';
import { ACTIONS } from '../../../fleet/access/actions.js';
import type { RegisteredRoute } from '../../../fleet/http/route-actions.js';
import { ROLES, type Limit, type Role, type Session } from '../../../fleet/store/people-store.js';
import { GATEWAY_A, type Answer, type HttpUnderTest } from './http-under-test.js';

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

/** Also answers strangers, by hand: with what is open, which here is nothing. */
export const PUBLIC: ReadonlySet<string> = new Set(['read-data', 'read-datasets', 'read-catalogue']);

/** Who may, by hand; of actions that are not named here only what follows from their kind is expected. */
const MAY: Readonly<Record<string, readonly Role[]>> = {
  'read-metrics': ['owner'],
  'read-audit': ['owner', 'operator', 'auditor'],
  'read-usage': ['owner', 'operator', 'auditor'],
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

/** For owners of the organisation on top alone. */
const FLEET_WIDE: ReadonlySet<string> = new Set(['read-metrics', 'erase-person']);

/** Roles that may only look. */
const LOOKING: readonly Role[] = ['analyst', 'viewer', 'auditor'];
export const HOMES = ['org', 'a', 'b'] as const;
export const HOST = 'terroir.example';

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

/** A session of a new person of each role, and of limited technicians, in one organisation. */
export const openSessions = (
  { fleet: { registry }, clock }: HttpUnderTest,
  organisationId: string,
  method: Session['method'] = 'password',
): Map<string, string> => {
  const tokens = new Map<string, string>();
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
      method,
      secondFactor: true,
      needs: null,
    });
    tokens.set(who, id);
  }
  return tokens;
};

type Method = Parameters<HttpUnderTest['ask']>[0];
const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const isMethod = (text: string): text is Method => METHODS.includes(text);

export const ask = (http: HttpUnderTest, method: Method, url: string, token?: string): Promise<Answer> => {
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const path = url.replaceAll(/:\w+/g, GATEWAY_A).replace('*', 'index.html');
  const headers = {
    host: HOST,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body ? { 'content-type': 'application/json' } : {}),
  };
  return http.ask(method, path, headers, body ? '{}' : undefined);
};

/** Routes that are not for everybody. */
export const closedRoutes = (http: HttpUnderTest) =>
  http.server.routeActions.flatMap((route) => {
    const { method } = route;
    return isMethod(method) && !OPEN.has(route.action) ? [{ ...route, method }] : [];
  });

/** What is wrong with how somebody of a role in an organisation was answered. */
export const faultsOf = (
  route: RegisteredRoute,
  home: string,
  who: string,
  status: number,
): readonly string[] => {
  const { method, url, action } = route;
  const { role, limit } = placeOf(who);
  const over = limit?.to !== undefined;
  const may = MAY[action];
  const mayNot =
    may === undefined
      ? ACTIONS[action].changes && LOOKING.some((looking) => looking === role)
      : !may.some((allowed) => allowed === role);
  const limited = over || (limit !== undefined && BEYOND_A_SITE.has(action));
  const refused = status === 403 && !FLEET_WIDE.has(action);
  // the id is that of a gateway of `a`
  const named = url.includes(':') && status < 300;
  const seesIt = home !== 'b' && limit === undefined && method === 'GET' && action === 'read-gateways';
  const rules: readonly [wrong: boolean, why: string][] = [
    [status >= 500 || status === 401, 'expected neither'],
    [over && status !== 403, 'expected 403 on another day'],
    [limit !== undefined && named, 'expected nothing beyond the limit'],
    [mayNot && status !== 403, 'expected 403'],
    [may !== undefined && !mayNot && refused && !limited, 'expected no 403'],
    [home === 'b' && named, 'expected nothing of a'],
    [seesIt && status !== 200, 'expected 200'],
  ];
  return rules.flatMap(([wrong, why]) =>
    wrong ? [`${method} ${url} (${action}) by ${home} ${who}: ${status}, ${why}`] : [],
  );
};
