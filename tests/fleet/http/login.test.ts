import { describe, expect, test } from 'vitest';
import { ATTEMPTS, REFILL_MS } from '../../../fleet/access/login-limit.js';
import { SESSION_MS } from '../../../fleet/access/sessions.js';
import { openHttp, PASSWORD } from './http-under-test.js';

const right = { login: 'a-viewer', password: PASSWORD };
const wrong = { login: 'a-viewer', password: 'wrong' };

describe('a login', () => {
  test('gives a token for programs and a cookie that scripts cannot read for browsers', async () => {
    const http = await openHttp();
    const answer = await http.post('/api/v1/login', right);
    expect(answer.json()).toMatchObject({ name: 'a-viewer', organisationId: 'a', role: 'viewer' });
    const token = String(answer.json()['token']);
    const cookie = String(answer.headers['set-cookie']);
    expect(cookie).toContain(`terroir_session=${token}; `);
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Expires=']) {
      expect(cookie).toContain(attribute);
    }
    expect(cookie).not.toContain('Secure');
    expect((await http.get('/api/v1/points', token)).status).toBe(200);
    const byCookie = await http.get('/api/v1/points', undefined, { cookie: `terroir_session=${token}` });
    expect(byCookie.status).toBe(200);
  });

  test('gives a cookie for HTTPS alone where the browser came by HTTPS', async () => {
    const http = await openHttp();
    const headers = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' };
    const answer = await http.ask('POST', '/api/v1/login', headers, JSON.stringify(right));
    expect(String(answer.headers['set-cookie'])).toContain('; Secure');
  });

  test('believes nobody but the trusted proxy about HTTPS', async () => {
    const { server } = await openHttp();
    const headers = { 'x-forwarded-proto': 'https' };
    const sent = { method: 'POST', url: '/api/v1/login', headers, payload: right } as const;
    const answer = await server.inject({ ...sent, remoteAddress: '203.0.113.9' });
    expect(answer.statusCode).toBe(200);
    expect(String(answer.headers['set-cookie'])).not.toMatch(/Secure|__Host-/);
  });

  test('that fails does not tell whether the login exists', async () => {
    const http = await openHttp();
    const known = await http.post('/api/v1/login', wrong);
    const unknown = await http.post('/api/v1/login', { login: 'nobody', password: 'wrong' });
    expect(known.status).toBe(401);
    expect(known.text).toBe(unknown.text);
    expect(known.headers['set-cookie']).toBeUndefined();
  });

  test('that failed too often waits, from that address alone', async () => {
    const http = await openHttp();
    const attempt = async (body: object, address = '10.0.0.1') =>
      http.ask(
        'POST',
        '/api/v1/login',
        { 'content-type': 'application/json', 'x-forwarded-for': address },
        JSON.stringify(body),
      );
    const attempts = await Promise.all(Array.from({ length: ATTEMPTS + 2 }, () => attempt(wrong)));
    expect(attempts.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      ...Array.from({ length: ATTEMPTS }, () => 401),
      429,
      429,
    ]);
    const refused = await attempt(right);
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe(String(REFILL_MS / 1000));
    expect((await attempt(right, '10.0.0.2')).status).toBe(200);
    expect((await attempt({ ...right, login: 'b-viewer' })).status).toBe(200);
    http.clock.now += REFILL_MS;
    expect((await attempt(right)).status).toBe(200);
  });
});

describe('a session', () => {
  test('says who is there, and that nobody is', async () => {
    const http = await openHttp();
    const nobody = await http.get('/api/v1/session');
    expect([nobody.status, nobody.json()]).toEqual([200, { person: null }]);
    const token = await http.login('a-viewer');
    expect((await http.get('/api/v1/session', token)).json()).toEqual({
      person: { login: 'a-viewer', name: 'a-viewer', organisationId: 'a', role: 'viewer', needs: null },
    });
  });

  test('ends with its logout, and no other does', async () => {
    const http = await openHttp();
    const [token, other] = [await http.login('a-viewer'), await http.login('a-viewer')];
    const answer = await http.ask('POST', '/api/v1/logout', {
      cookie: `terroir_session=${token}`,
      'sec-fetch-site': 'same-origin',
    });
    expect(answer.status).toBe(204);
    expect(String(answer.headers['set-cookie'])).toMatch(
      /terroir_session=;.*(Max-Age=0|Expires=Thu, 01 Jan 1970)/,
    );
    expect((await http.get('/api/v1/points', token)).status).toBe(401);
    expect((await http.get('/api/v1/points', other)).status).toBe(200);
    expect((await http.ask('POST', '/api/v1/logout')).status).toBe(204);
  });

  test('ends by itself', async () => {
    const http = await openHttp();
    const token = await http.login('a-viewer');
    http.clock.now += SESSION_MS - 1;
    expect((await http.get('/api/v1/points', token)).status).toBe(200);
    http.clock.now += 1;
    expect((await http.get('/api/v1/points', token)).status).toBe(401);
    expect((await http.get('/api/v1/session', token)).json()).toEqual({ person: null });
  });

  test('is not opened by anything that is not a token', async () => {
    const http = await openHttp();
    const token = await http.login('a-viewer');
    for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${token}`, token, `Bearer ${token}x`]) {
      const answer = await http.get('/api/v1/points', undefined, { authorization });
      expect([authorization, answer.status]).toEqual([authorization, 401]);
    }
  });
});
