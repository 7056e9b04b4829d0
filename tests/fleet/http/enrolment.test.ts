import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeRequest, makeRsaRequest } from '../registry/certificate-requests.js';
import { GATEWAY_A, itemsOf, openHttp, type HttpUnderTest } from './http-under-test.js';

const issue = async (http: HttpUnderTest, login: string, organisationId: string) =>
  http.post('/api/v1/enrolment-tokens', { organisationId }, await http.login(login));

const claimOf = async (http: HttpUnderTest): Promise<string> =>
  String((await issue(http, 'org-owner', 'a')).json()['token']);

describe('a claim token', () => {
  test('is given to those who may, for organisations within their reach', async () => {
    const http = await openHttp();
    const status = async (login: string, organisationId: string) =>
      (await issue(http, login, organisationId)).status;
    expect(await status('a-technician', 'a')).toBe(201);
    expect(await status('a-technician', 'a1')).toBe(201);
    expect(await status('a-technician', 'b')).toBe(403);
    expect(await status('a-technician', 'org')).toBe(403);
    expect(await status('a-viewer', 'a')).toBe(403);
    expect(await status('org-operator', 'b')).toBe(201);
    expect((await http.post('/api/v1/enrolment-tokens', { organisationId: 'a' })).status).toBe(401);
    const foreign = await issue(http, 'a-technician', 'b');
    expect(foreign.text).toBe((await issue(http, 'a-technician', 'nobody')).text);
  });

  test('lasts three days, or as long as it was asked for', async () => {
    const http = await openHttp();
    const token = await http.login('org-owner');
    const hoursOf = async (body: object) => {
      const { expires } = (await http.post('/api/v1/enrolment-tokens', body, token)).json();
      return (Date.parse(String(expires)) - http.clock.now) / 3_600_000;
    };
    expect(await hoursOf({ organisationId: 'a' })).toBe(72);
    expect(await hoursOf({ organisationId: 'a', hours: 1 })).toBe(1);
    expect(await hoursOf({ organisationId: 'a', hours: 2160 })).toBe(2160);
  });
});

describe('an enrolment', () => {
  test('turns a token and a CSR into a certificate, a gateway, and the way to the broker', async () => {
    const http = await openHttp();
    const { csrPem } = await makeRequest();
    const body = { token: await claimOf(http), csr: csrPem, name: 'Mairie – armoire' };
    const answer = await http.post('/api/v1/enrol', body);
    expect(answer.status).toBe(201);
    const given = answer.json();
    expect(given['broker']).toEqual({ host: null, port: 8883, serverName: 'broker.test' });
    const certificate = new X509Certificate(String(given['certificate']));
    expect(certificate.subject).toBe(`CN=${String(given['gatewayId'])}`);
    expect(certificate.checkIssued(new X509Certificate(String(given['issuer'])))).toBe(true);
    const listed = itemsOf(await http.get('/api/v1/gateways', await http.login('a-viewer')));
    expect(listed).toContainEqual(
      expect.objectContaining({ id: given['gatewayId'], name: 'Mairie – armoire', state: 'new', holes: 0 }),
    );
    const again = await http.post('/api/v1/enrol', body);
    expect([again.status, again.json()]).toEqual([200, given]);
  });

  test('takes a token once, before it ends, and leaves it as it was where the request is bad', async () => {
    const http = await openHttp();
    const { csrPem: csr } = await makeRequest();
    const token = await claimOf(http);
    const enrol = async (body: object) => (await http.post('/api/v1/enrol', body)).status;
    expect(await enrol({ token, csr: 'no request', name: 'N' })).toBe(400);
    expect(await enrol({ token, csr: (await makeRsaRequest()).csrPem, name: 'N' })).toBe(400);
    expect(await enrol({ token, csr, name: ' ' })).toBe(400);
    expect(
      await enrol({ token: token.replace(/.$/, (last) => (last === '0' ? '1' : '0')), csr, name: 'N' }),
    ).toBe(403);
    expect(http.fleet.registry.gateways()).toHaveLength(3);
    expect(await enrol({ token, csr, name: 'N' })).toBe(201);
    expect(await enrol({ token, csr: (await makeRequest()).csrPem, name: 'N' })).toBe(403);
    const late = await claimOf(http);
    http.clock.now += 73 * 3_600_000;
    expect(await enrol({ token: late, csr: (await makeRequest()).csrPem, name: 'N' })).toBe(403);
    expect(http.fleet.registry.gateways()).toHaveLength(4);
  });
});

describe('what waits elsewhere', () => {
  test('is neither listed nor told from what does not exist, and stays as it was', async () => {
    const http = await openHttp();
    const [owner, stranger] = [await http.login('org-owner'), await http.login('b-operator')];
    const issued = await http.post(
      '/api/v1/enrolment-tokens',
      { organisationId: 'a', approval: true },
      owner,
    );
    const { id, token } = issued.json();
    const claim = { token, csr: (await makeRequest()).csrPem, name: 'Theirs' };
    expect((await http.post('/api/v1/enrol', claim)).status).toBe(202);
    const listed = async (what: string, by: string) => itemsOf(await http.get(`/api/v1/${what}`, by));
    const gatewayId = String((await listed('enrolment-claims', owner))[0]?.['gatewayId']);
    expect(await listed('enrolment-claims', stranger)).toEqual([]);
    const tokens = (await listed('enrolment-tokens', stranger)).map((each) => each['organisationId']);
    expect(tokens).toEqual(['b']);

    const answers = async (token: string, gateway: string) =>
      Promise.all([
        http.ask('DELETE', `/api/v1/enrolment-tokens/${token}`, { authorization: `Bearer ${stranger}` }),
        http.post(`/api/v1/gateways/${gateway}/approve`, {}, stranger),
        http.post(`/api/v1/gateways/${gateway}/reject`, { reason: 'no' }, stranger),
        http.post(`/api/v1/gateways/${gateway}/revoke`, { reason: 'no' }, stranger),
        http.post(`/api/v1/gateways/${gateway}/replace`, {}, stranger),
      ]);
    const told = (list: Awaited<ReturnType<typeof answers>>) =>
      list.map(({ status, text }) => ({ status, text }));
    const theirs = told(await answers(String(id), gatewayId));
    expect(theirs.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
    expect(theirs).toEqual(told(await answers('nosuchtoken', 'gatewayzzzzzzzzzzzzz')));
    const held = told(await answers(String(id), GATEWAY_A));
    expect(held.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);

    expect(await listed('enrolment-claims', owner)).toMatchObject([{ gatewayId }]);
    expect((await http.post(`/api/v1/gateways/${gatewayId}/approve`, {}, owner)).status).toBe(204);
    expect((await http.post('/api/v1/enrol', claim)).json()).toMatchObject({ gatewayId });
  });
});

describe('an organisation', () => {
  const added = { parentId: 'a', name: 'Écoles', type: 'service', code: '200055481' };

  test('is added below one’s own by those who may, and is then within reach', async () => {
    const http = await openHttp();
    const token = await http.login('a-owner');
    const answer = await http.post('/api/v1/organisations', added, token);
    expect(answer.status).toBe(201);
    expect(answer.json()).toMatchObject({ ...added, timeZone: 'Europe/Paris' });
    const { id } = answer.json();
    expect(itemsOf(await http.get('/api/v1/organisations', token)).map((item) => item['id'])).toContain(id);
    const others = itemsOf(await http.get('/api/v1/organisations', await http.login('b-viewer')));
    expect(others.map((item) => item['id'])).toEqual(['b']);
  });

  test('is not added by others, above or beside', async () => {
    const http = await openHttp();
    const before = http.fleet.registry.organisations();
    const add = async (login: string, parentId: string) =>
      http.post('/api/v1/organisations', { ...added, parentId }, await http.login(login));
    for (const [login, parentId] of [
      ['a-owner', 'org'],
      ['a-owner', 'b'],
      ['a-owner', 'nobody'],
      ['a-technician', 'a'],
      ['org-operator', 'a'],
    ] as const) {
      expect([login, parentId, (await add(login, parentId)).status]).toEqual([login, parentId, 403]);
    }
    expect((await http.post('/api/v1/organisations', added)).status).toBe(401);
    expect((await add('a-owner', 'b')).text).toBe((await add('a-owner', 'nobody')).text);
    expect(http.fleet.registry.organisations()).toEqual(before);
  });
});
