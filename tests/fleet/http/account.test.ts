import { describe, expect, test } from 'vitest';
import { codeOf, stepAt, STEP_MS } from '../../../fleet/access/second-factor/totp.js';
import { decodeBase32 } from '../../support/base32.js';
import { openHttp, PASSWORD, type HttpUnderTest } from './http-under-test.js';

const NEXT = 'une phrase que nul ne devine';

/** Sets up a second factor; gives what makes its codes, the recovery codes and the session's new token. */
const enrol = async (http: HttpUnderTest, token: string) => {
  const begun = await http.post('/api/v1/account/second-factor', { password: PASSWORD }, token);
  const secret = decodeBase32(String(begun.json()['secret']));
  const code = (): string => codeOf(secret, stepAt(http.clock.now));
  const confirmed = await http.post('/api/v1/account/second-factor/confirm', { code: code() }, token);
  http.clock.now += STEP_MS;
  const { recoveryCodes, session } = confirmed.json();
  return { code, recoveryCodes: recoveryCodes as string[], token: String(Object(session).token) };
};

const authorised = (token: string) => ({ authorization: `Bearer ${token}` });

describe('one’s own account', { timeout: 60_000 }, () => {
  test('changes its password, which ends the other sessions', async () => {
    const http = await openHttp();
    const [token, other] = [await http.login('a-viewer'), await http.login('a-viewer')];
    const change = (current: string, next: string) =>
      http.ask(
        'PUT',
        '/api/v1/account/password',
        { ...authorised(token), 'content-type': 'application/json' },
        JSON.stringify({ current, next }),
      );
    expect((await change('wrong', NEXT)).status).toBe(401);
    expect((await change(PASSWORD, 'too short')).status).toBe(422);
    expect((await http.get('/api/v1/points', other)).status).toBe(200);
    const changed = await change(PASSWORD, NEXT);
    expect([changed.status, changed.json()['needs']]).toEqual([200, null]);
    for (const old of [token, other]) expect((await http.get('/api/v1/points', old)).status).toBe(401);
    expect((await http.get('/api/v1/points', String(changed.json()['token']))).status).toBe(200);
    expect((await http.post('/api/v1/login', { login: 'a-viewer', password: NEXT })).status).toBe(200);
  });

  test('sets up a second factor, which every login then needs', async () => {
    const http = await openHttp();
    const { code, recoveryCodes, token } = await enrol(http, await http.login('a-viewer'));
    expect(recoveryCodes).toHaveLength(10);
    expect((await http.get('/api/v1/account', token)).json()).toMatchObject({
      login: 'a-viewer',
      secondFactor: { since: expect.any(String), required: false, recoveryCodesLeft: 10 },
    });
    const opened = (await http.post('/api/v1/login', { login: 'a-viewer', password: PASSWORD })).json();
    const pending = String(opened['token']);
    expect(opened['needs']).toBe('second-factor');
    expect((await http.get('/api/v1/points', pending)).status).toBe(401);
    expect((await http.get('/api/v1/account/sessions', pending)).status).toBe(403);
    expect((await http.post('/api/v1/login/code', { code: '000000' }, pending)).status).toBe(401);
    const full = (await http.post('/api/v1/login/code', { code: code() }, pending)).json();
    expect((await http.get('/api/v1/points', String(full['token']))).status).toBe(200);
    expect((await http.get('/api/v1/points', pending)).status).toBe(401);
    const recovered = { login: 'a-viewer', password: PASSWORD, code: recoveryCodes[0] };
    expect((await http.post('/api/v1/login', recovered)).json()['needs']).toBeNull();
    expect((await http.post('/api/v1/login', recovered)).status).toBe(401);
  });

  test('in a role that needs a second factor is nothing but the way to it', async () => {
    const http = await openHttp();
    const owner = await http.login('org-owner');
    const put = await http.ask(
      'PUT',
      '/api/v1/organisations/a/sign-in-policy',
      { ...authorised(owner), 'content-type': 'application/json' },
      '{"secondFactor":["owner","operator"]}',
    );
    expect(put.json()).toEqual({ secondFactor: ['operator', 'owner'] });
    const opened = (await http.post('/api/v1/login', { login: 'a-owner', password: PASSWORD })).json();
    expect(opened['needs']).toBe('second-factor-enrolment');
    const pending = String(opened['token']);
    expect((await http.get('/api/v1/points', pending)).status).toBe(401);
    const { token } = await enrol(http, pending);
    expect((await http.get('/api/v1/points', token)).status).toBe(200);
    const remove = await http.post('/api/v1/account/second-factor/remove', { password: PASSWORD }, token);
    expect(remove.status).toBe(409);
    expect((await http.get('/api/v1/points', owner)).status).toBe(200);
  });

  test('lists and ends its sessions, and no other’s', async () => {
    const http = await openHttp();
    const [token, other, stranger] = [
      await http.login('a-viewer'),
      await http.login('a-viewer'),
      await http.login('b-viewer'),
    ];
    const list = async (by: string) =>
      (await http.get('/api/v1/account/sessions', by)).json()['items'] as { id: string; current: boolean }[];
    const id = (await list(token)).find(({ current }) => !current)?.id ?? '';
    const end = (by: string) => http.ask('DELETE', `/api/v1/account/sessions/${id}`, authorised(by));
    expect((await end(stranger)).status).toBe(204);
    expect((await http.get('/api/v1/points', other)).status).toBe(200);
    expect((await end(token)).status).toBe(204);
    expect((await http.get('/api/v1/points', other)).status).toBe(401);
    expect(await list(token)).toHaveLength(1);
  });
});

describe('a change that a browser asks for', () => {
  test('is refused where another site asks, or where nobody says who does', async () => {
    const http = await openHttp();
    const token = await http.login('a-viewer');
    const cookie = `terroir_session=${token}`;
    const from: [headers: Record<string, string>, status: number][] = [
      [{}, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ origin: 'https://elsewhere.example' }, 403],
      [{ origin: 'null' }, 403],
      [{ origin: 'http://terroir.example.elsewhere' }, 403],
      [{ origin: 'http://localhost:80' }, 204],
      [{ 'sec-fetch-site': 'same-origin' }, 204],
      [{ authorization: `Bearer ${token}` }, 204],
    ];
    for (const [headers, status] of from) {
      const answer = await http.ask('DELETE', '/api/v1/account/sessions', {
        cookie,
        host: 'localhost:80',
        ...headers,
      });
      expect([headers, answer.status]).toEqual([headers, status]);
    }
    const login = { 'content-type': 'application/json', origin: 'https://elsewhere.example' };
    const body = JSON.stringify({ login: 'a-viewer', password: PASSWORD });
    expect((await http.ask('POST', '/api/v1/login', login, body)).status).toBe(403);
  });

  test('over HTTPS carries a cookie that only this host can have set', async () => {
    const http = await openHttp();
    const headers = { 'content-type': 'application/json', 'x-forwarded-proto': 'https' };
    const body = JSON.stringify({ login: 'a-viewer', password: PASSWORD });
    const answer = await http.ask('POST', '/api/v1/login', headers, body);
    const cookies = [answer.headers['set-cookie'] ?? []].flat().map(String);
    expect(cookies).toHaveLength(2);
    for (const cookie of cookies) {
      expect(cookie).toMatch(
        /^__Host-terroir_(session|device)=.*; Path=\/; .*HttpOnly; Secure; SameSite=Strict/,
      );
      expect(cookie).not.toContain('Domain');
    }
    const token = String(answer.json()['token']);
    const planted = { cookie: `terroir_session=${token}`, 'x-forwarded-proto': 'https' };
    expect((await http.get('/api/v1/points', undefined, planted)).status).toBe(401);
    const own = { cookie: `__Host-terroir_session=${token}`, 'x-forwarded-proto': 'https' };
    expect((await http.get('/api/v1/points', undefined, own)).status).toBe(200);
  });
});

describe('people and keys', { timeout: 60_000 }, () => {
  test('join by a link that works once, and are managed by who owns their organisation alone', async () => {
    const http = await openHttp();
    const [owner, sideways] = [await http.login('a-owner'), await http.login('b-viewer')];
    const order = { organisationId: 'a1', role: 'operator' };
    expect((await http.post('/api/v1/invitations', order, sideways)).status).toBe(403);
    expect((await http.post('/api/v1/invitations', { ...order, organisationId: 'b' }, owner)).status).toBe(
      403,
    );
    const invited = (await http.post('/api/v1/invitations', order, owner)).json();
    expect(String(invited['link'])).toContain(`/#invitation=${String(invited['token'])}`);
    const token = invited['token'];
    expect((await http.post('/api/v1/invitations/look', { token })).json()).toMatchObject({
      organisationName: 'Eaux d’Aubière',
      role: 'operator',
      reset: false,
    });
    const weak = { token, login: 'zoe', name: 'Zoé', password: 'eaux-aubiere-zoe' };
    expect((await http.post('/api/v1/invitations/accept', weak)).status).toBe(422);
    const accepted = await http.post('/api/v1/invitations/accept', { ...weak, password: NEXT });
    expect(accepted.json()).toMatchObject({ organisationId: 'a1', role: 'operator', needs: null });
    const login = String(accepted.json()['login']);
    expect(login).toMatch(/^zoe-[a-z2-7]{4}$/);
    expect(
      (await http.post('/api/v1/invitations/accept', { ...weak, login: 'noe', password: NEXT })).status,
    ).toBe(410);
    const zoe = String(accepted.json()['token']);
    const people = (await http.get('/api/v1/people', owner)).json()['items'] as {
      login: string;
      id: string;
    }[];
    expect(people.map(({ login }) => login)).not.toContain('b-viewer');
    const id = people.find((person) => person.login === login)?.id ?? '';
    const patch = (by: string, change: object) =>
      http.ask(
        'PATCH',
        `/api/v1/people/${id}`,
        { ...authorised(by), 'content-type': 'application/json' },
        JSON.stringify(change),
      );
    expect((await patch(sideways, { disabled: true })).status).toBe(403);
    expect((await patch(owner, { organisationId: 'b' })).status).toBe(403);
    expect((await http.get('/api/v1/points', zoe)).status).toBe(200);
    expect((await patch(owner, { disabled: true })).json()['disabledSince']).not.toBeNull();
    expect((await http.get('/api/v1/points', zoe)).status).toBe(401);
  });

  test('of a program open what its key names, until it is revoked', async () => {
    const http = await openHttp();
    const [owner, viewer] = [await http.login('a-owner'), await http.login('a-viewer')];
    const order = { name: 'platform', role: 'viewer', purpose: 'open-data' };
    const made = await http.post('/api/v1/keys', { ...order, organisationId: 'a' }, owner);
    expect(made.status).toBe(201);
    const key = String(made.json()['key']);
    expect((await http.get('/api/v1/points', key)).status).toBe(200);
    expect((await http.get('/api/v1/points', `${key}x`)).status).toBe(401);
    expect((await http.post('/api/v1/organisations', {}, key)).status).toBe(403);
    const narrow = { ...order, organisationId: 'a', actions: ['read-organisations'] };
    const narrowKey = String((await http.post('/api/v1/keys', narrow, owner)).json()['key']);
    expect((await http.get('/api/v1/organisations', narrowKey)).status).toBe(200);
    expect((await http.get('/api/v1/latest', narrowKey)).status).toBe(403);
    expect((await http.post('/api/v1/keys', { ...narrow, actions: ['fly'] }, owner)).status).toBe(400);
    expect((await http.post('/api/v1/keys', { ...narrow, organisationId: 'b' }, owner)).status).toBe(403);
    const more = { ...order, role: 'operator' };
    expect((await http.post('/api/v1/account/keys', more, viewer)).status).toBe(403);
    const own = (await http.post('/api/v1/account/keys', order, viewer)).json();
    expect((await http.get('/api/v1/points', String(own['key']))).status).toBe(200);
    const revoke = (path: string, by: string) => http.ask('DELETE', path, { authorization: `Bearer ${by}` });
    const path = `/api/v1/account/keys/${String(made.json()['id'])}`;
    expect((await revoke(path, viewer)).status).toBe(404);
    expect((await revoke(`/api/v1/keys/${String(made.json()['id'])}`, owner)).status).toBe(204);
    expect((await http.get('/api/v1/points', key)).status).toBe(401);
  });
});
