import { describe, expect, test } from 'vitest';
import { openHttp, PASSWORD, type Answer } from './http-under-test.js';
import { openTerritory, pointId } from './territory.js';

/** Status and detail of a problem document of RFC 9457. */
const problemOf = (answer: Answer): [status: number, detail: unknown] => {
  expect(answer.headers['content-type']).toBe('application/problem+json');
  const problem = answer.json();
  expect(problem).toMatchObject({ type: 'about:blank', status: answer.status });
  expect(problem['title']).toEqual(expect.any(String));
  return [answer.status, problem['detail']];
};

describe('a malformed query', () => {
  const faults: [path: string, message: string][] = [
    ['readings', 'querystring must have required properties point'],
    ['readings?point=P&resolution=2h', 'querystring/resolution must be one of raw, 1m, 15m, 1h, 1d'],
    ['readings?point=P&format=xml', 'querystring/format must be one of json, csv'],
    ['readings?point=P&limit=0', 'querystring/limit must be >= 1'],
    ['readings?point=P&limit=10001', 'querystring/limit must be <= 10000'],
    ['readings?point=P&limit=ten', 'querystring/limit must be integer'],
    ['readings?point=P&limit=1.5', 'querystring/limit must be integer'],
    ['readings?point=P&point=P', 'querystring/point must be string'],
    ['readings?point=P&form=2026-01-01', 'querystring must not have form'],
    ['readings?point=P&from=yesterday', 'from: "yesterday" is no ISO 8601 time'],
    ['readings?point=P&to=2026-02-30', 'to: "2026-02-30" is no ISO 8601 time'],
    ['readings?point=P&from=2026-03-11T08:00:00+01:00', 'is no ISO 8601 time'],
    ['readings?point=P&from=2026-03-10&to=2026-03-10', 'from: must be earlier than to'],
    [`readings?point=${'p'.repeat(65)}`, 'querystring/point must not have more than 64 characters'],
    ['gateways?state=lost', 'querystring/state must be one of new, connected, silent'],
    ['gateways?stat=silent', 'querystring must not have stat'],
    ['points?limit=1001', 'querystring/limit must be <= 1000'],
    [`devices?cursor=${'c'.repeat(1001)}`, 'querystring/cursor must not have more than 1000 characters'],
  ];

  test('is told what is wrong', async () => {
    const http = await openTerritory();
    const token = await http.login('org-owner');
    const point = await pointId(http, 'p1');
    for (const [path, message] of faults) {
      const answer = await http.get(`/api/v1/${path.replaceAll('=P', `=${point}`)}`, token);
      expect([path, ...problemOf(answer)]).toEqual([path, 400, expect.stringContaining(message)]);
    }
  });
});

describe('a malformed body', () => {
  const login = '/api/v1/login';
  const tokens = '/api/v1/enrolment-tokens';
  const organisations = '/api/v1/organisations';
  const enrol = '/api/v1/enrol';
  const added = { parentId: 'org', name: 'N', type: 'municipality' };
  const faults: [path: string, body: unknown, status: number, message: string][] = [
    [login, '{"login":', 400, 'JSON'],
    [login, '', 400, 'empty'],
    [login, [], 400, 'body must be object'],
    [login, { login: 'org-owner' }, 400, 'body must have required properties password'],
    [login, { login: 7, password: PASSWORD }, 400, 'body/login must be string'],
    [login, { login: null, password: PASSWORD }, 400, 'body/login must be string'],
    [login, { login: 'org-owner', password: PASSWORD, role: 'owner' }, 400, 'body must not have role'],
    [
      login,
      { login: 'org-owner', password: 'p'.repeat(1001) },
      400,
      'must not have more than 1000 characters',
    ],
    [login, { login: 'a', password: 'p'.repeat(70_000) }, 413, 'too large'],
    [tokens, {}, 400, 'body must have required properties organisationId'],
    [tokens, { organisationId: 'org', hours: 0 }, 400, 'body/hours must be > 0'],
    [tokens, { organisationId: 'org', hours: 1e9 }, 400, 'body/hours must be <= 2160'],
    [tokens, { organisationId: 'org', hours: '3' }, 400, 'body/hours must be number'],
    [organisations, { ...added, type: 'village' }, 400, 'body/type must be one of region, intercommunality'],
    [organisations, { ...added, code: '1' }, 400, 'code: an INSEE commune code is five digits'],
    [
      organisations,
      { ...added, timeZone: 'Europe/Lutece' },
      400,
      'timeZone: Europe/Lutece is no IANA time zone',
    ],
    [organisations, { ...added, name: '' }, 400, 'body/name must not have fewer than 1 characters'],
    [organisations, { ...added, id: 'mine' }, 400, 'body must not have id'],
    [enrol, { token: 'x', csr: 'x', name: 'n' }, 400, 'This is no claim token'],
    [enrol, { token: 'x', csr: 'x' }, 400, 'body must have required properties name'],
  ];

  test('is told what is wrong and changes nothing', async () => {
    const http = await openHttp();
    const token = await http.login('org-owner');
    const { registry } = http.fleet;
    const stored = () => [registry.organisations(), registry.gateways(), registry.people()];
    const before = stored();
    for (const [path, body, status, message] of faults) {
      const answer = await http.post(path, body, token);
      expect([path, ...problemOf(answer)]).toEqual([path, status, expect.stringContaining(message)]);
    }
    expect(stored()).toEqual(before);
  });

  test('in another media type is refused', async () => {
    const http = await openHttp();
    const answer = await http.ask('POST', '/api/v1/login', { 'content-type': 'text/xml' }, '<login/>');
    expect(problemOf(answer)[0]).toBe(415);
  });
});

describe('an address', () => {
  test('that does not exist is a 404', async () => {
    const http = await openHttp();
    for (const path of [
      '/nowhere',
      '/api/v1/nowhere',
      '/api/v2/health',
      '/api/v1/gateways/a/b',
      '/index.php',
      '/docs/nowhere',
    ]) {
      expect(problemOf(await http.get(path))).toEqual([404, expect.stringContaining(path)]);
    }
  });

  test('that cannot be decoded is a 400', async () => {
    const http = await openHttp();
    expect(problemOf(await http.get('/api/v1/gateways/%ZZ'))[0]).toBe(400);
  });

  test('that leads out of the console’s folder finds nothing', async () => {
    const http = await openHttp();
    for (const path of ['/../registry.db', '/..%2fregistry.db', '/%2e%2e/registry.db', '/registry.db']) {
      const { status, text } = await http.get(path);
      expect([path, status >= 400 && status < 500]).toEqual([path, true]);
      expect(text).not.toContain('SQLite');
    }
  });

  test('that takes other methods says which', async () => {
    const http = await openHttp();
    const deleted = await http.ask('DELETE', '/api/v1/gateways');
    expect(problemOf(deleted)).toEqual([405, 'This address takes GET, HEAD.']);
    expect(deleted.headers['allow']).toBe('GET, HEAD');
    expect((await http.ask('PUT', '/api/v1/organisations')).headers['allow']).toBe('GET, HEAD, POST');
    expect((await http.ask('GET', '/api/v1/login')).status).toBe(405);
    expect((await http.ask('PATCH', '/api/v1/gateways/anything')).status).toBe(405);
    expect((await http.ask('HEAD', '/api/v1/health')).status).toBe(200);
  });

  test('whose answer fails says nothing of why', async () => {
    const http = await openHttp();
    const token = await http.login('org-owner');
    await http.fleet.reader.close();
    const answer = await http.get('/api/v1/gateways', token);
    expect(answer.json()).toEqual({ type: 'about:blank', title: 'Internal error', status: 500 });
  });
});
