import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseEntries } from '../../../fleet/access/audit/read-entries.js';
import { openHead, type SignedHead } from '../../../fleet/access/audit/signed-head.js';
import { verifyTrail } from '../../../fleet/access/audit/verify-trail.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { makeRequest } from '../registry/certificate-requests.js';
import { GATEWAY_A, itemsOf, nextOf, openHttp, type HttpUnderTest } from './http-under-test.js';
import { openTerritory, pointId } from './territory.js';

/** An owner of `a` adds two organisations; a viewer and a stranger try what they may not. */
const openBusy = async (): Promise<HttpUnderTest & { owner: string }> => {
  const http = await openHttp();
  const owner = await http.login('a-owner');
  for (const name of ['Écoles', '=HYPERLINK("http://x")']) {
    const added = { parentId: 'a', name, type: 'service' };
    expect((await http.post('/api/v1/organisations', added, owner)).status).toBe(201);
  }
  const viewer = await http.login('b-viewer');
  await http.post('/api/v1/organisations', { parentId: 'a', name: 'X', type: 'service' }, viewer);
  await http.get('/api/v1/points');
  return { ...http, owner };
};

const actions = (items: readonly Record<string, unknown>[]) =>
  items.map(({ action, outcome }) => `${String(action)} ${String(outcome)}`);

describe('the audit trail over HTTP', () => {
  test('shows each organisation what was done to it, and what its own people were refused', async () => {
    const http = await openBusy();
    const seen = async (login: string) => {
      const token = login === 'a-owner' ? http.owner : await http.login(login);
      return actions(itemsOf(await http.get('/api/v1/audit', token)));
    };
    expect((await seen('a-owner')).toSorted()).toEqual([
      // each in the trail of the one that was added, and of `a`, under which it stands
      ...Array.from({ length: 4 }, () => 'add-organisation done'),
      'log-in done',
    ]);
    expect(await seen('b-operator')).toEqual(['log-in done', 'add-organisation refused', 'log-in done']);
    expect((await seen('org-owner')).filter((line) => line === 'read-inventory refused')).toHaveLength(1);
    expect((await http.get('/api/v1/audit', await http.login('a-viewer'))).status).toBe(403);
    expect((await http.get('/api/v1/audit')).status).toBe(401);
  });

  test('tells who, what, before, after and from where, and is searched by it', async () => {
    const http = await openBusy();
    const ask = async (query: string) => itemsOf(await http.get(`/api/v1/audit?${query}`, http.owner));
    const added = (await ask('action=add-organisation')).find(({ organisationId }) => organisationId !== 'a');
    const organisationId = String(added?.['organisationId']);
    expect(http.fleet.registry.organisations().find(({ id }) => id === organisationId)?.parentId).toBe('a');
    expect(added).toMatchObject({
      subject: { type: 'person', id: 'person-a-owner', organisationId: 'a' },
      before: { kind: 'add' },
      after: { kind: 'add', [`organisation ${organisationId}`]: { parentId: 'a', type: 'service' } },
      from: '127.0.0.1',
      outcome: 'done',
      erased: false,
    });
    expect(await ask('subject=person-a-owner')).toHaveLength(5);
    expect(await ask('subject=person-b-viewer')).toEqual([]);
    expect(await ask('organisation=b')).toEqual([]);
    expect(await ask('outcome=refused')).toEqual([]);
    expect(await ask('from=2099-01-01')).toEqual([]);
    const first = await http.get('/api/v1/audit?limit=3', http.owner);
    const second = await http.get(`/api/v1/audit?limit=3&cursor=${nextOf(first) ?? ''}`, http.owner);
    expect([...itemsOf(first), ...itemsOf(second)]).toEqual(await ask('limit=100'));
  });

  test('comes as CSV in which no cell is a formula', async () => {
    const http = await openBusy();
    const { text, headers } = await http.get('/api/v1/audit?format=csv', http.owner);
    expect(headers['content-type']).toMatch('text/csv');
    expect(text.split('\r\n')).toHaveLength(8);
    expect(text).toContain('=HYPERLINK');
    expect(text).not.toMatch(/(^|[,\n])"?[=+@-][^,]*HYPERLINK/);
  });

  test('is proved by a head that was kept, on another machine', async () => {
    const http = await openBusy();
    for (let more = 0; more < 2; more++) await http.login('a-owner');
    const answer = (await http.get('/api/v1/audit/head', http.owner)).json() as { heads: SignedHead[] };
    expect(answer.heads.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([1, 1, 5]);
    const heads = answer.heads.filter(({ organisationId }) => organisationId === 'a');
    await http.login('a-owner');
    const { text } = await http.get('/api/v1/audit?format=proof', http.owner);
    const { rootPem } = await openAuthority(join(http.fleet.folder, 'authority'), { now: Date.now });
    const opened = heads.map(({ jws }) => openHead(jws, rootPem));
    const entries = parseEntries(text).filter(({ trail }) => trail === 'a');
    expect(verifyTrail('a', entries, opened)).toMatchObject({ entries: 7, findings: [] });
    expect(verifyTrail('a', entries.slice(0, 2), opened).findings).toHaveLength(1);
    const other = await openAuthority(join(http.fleet.folder, 'other'), { now: Date.now });
    expect(() => openHead(heads[0]?.jws ?? '', other.rootPem)).toThrow('do not lead to this root');
    const [header = '', , signature = ''] = (heads[0]?.jws ?? '').split('.');
    const forged = Buffer.from(JSON.stringify({ ...opened[0], size: 2 })).toString('base64url');
    expect(() => openHead(`${header}.${forged}.${signature}`, rootPem)).toThrow('signature');
  });

  test('tells of a command for a gateway whose it is', async () => {
    const http = await openBusy();
    const operator = await http.login('org-operator');
    const period = { from: '2026-03-10T10:00:00Z', to: '2026-03-10T11:00:00Z' };
    await http.post(`/api/v1/gateways/${GATEWAY_A}/recall`, period, operator);
    const [recalled] = itemsOf(await http.get('/api/v1/audit?action=recall-readings', http.owner));
    expect(recalled).toMatchObject({
      resource: { type: 'gateway', id: GATEWAY_A },
      subject: { id: 'person-org-operator' },
      after: { name: 'recall' },
    });
  });

  test('keeps what somebody asked for and does not see, whether or not it is there', async () => {
    const http = await openBusy();
    const viewer = await http.login('b-viewer');
    const before = http.fleet.registry.audit.newest('a')?.number;
    for (const id of [GATEWAY_A, 'gatewayzzzzzzzzzzzzz']) {
      expect((await http.get(`/api/v1/gateways/${id}`, viewer)).status).toBe(404);
    }
    expect((await http.get(`/api/v1/readings?point=nowhere`, viewer)).status).toBe(404);
    const operator = await http.login('b-operator');
    const refused = itemsOf(
      await http.get('/api/v1/audit?outcome=refused&subject=person-b-viewer', operator),
    );
    expect(
      refused
        .filter(({ reason }) => reason === 'not-found')
        .map(({ action, resource }) => [action, resource]),
    ).toEqual([
      ['read-data', { type: 'any', id: 'nowhere' }],
      ['read-gateways', { type: 'any', id: 'gatewayzzzzzzzzzzzzz' }],
      ['read-gateways', { type: 'any', id: GATEWAY_A }],
    ]);
    // nobody else learns that they were asked for
    expect(http.fleet.registry.audit.newest('a')?.number).toBe(before);
  });

  test('keeps whoever came with a link, a claim token or a state of things that holds no more', async () => {
    const http = await openHttp();
    const owner = await http.login('org-owner');
    const order = { organisationId: 'a', role: 'viewer' };
    const { id, token } = (await http.post('/api/v1/invitations', order, owner)).json();
    const revoke = () =>
      http.ask('DELETE', `/api/v1/invitations/${String(id)}`, { authorization: `Bearer ${owner}` });
    expect((await revoke()).status).toBe(204);
    const { csrPem: csr } = await makeRequest();
    const issued = await http.post('/api/v1/enrolment-tokens', { organisationId: 'a' }, owner);
    const claim = String(issued.json()['token']);
    const wrong = claim.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
    const accepting = { token, login: 'zoe', password: 'une longue phrase' };
    const post = async (path: string, body: object) => (await http.post(`/api/v1/${path}`, body)).status;
    expect(await post('invitations/look', { token: 'ti1_none' })).toBe(410);
    expect(await post('invitations/accept', accepting)).toBe(410);
    expect(await post('enrol', { token: wrong, csr, name: 'N' })).toBe(403);
    expect(await post('sign-on/nobody/start', {})).toBe(404);
    expect((await revoke()).status).toBe(409);
    const refused = itemsOf(await http.get('/api/v1/audit?outcome=refused', owner));
    expect(refused.map(({ action, reason }) => [action, reason]).toReversed()).toEqual([
      ['accept-invitation', 'gone'],
      ['accept-invitation', 'gone'],
      ['enrol-gateway', expect.any(String)],
      ['log-in', 'not-found'],
      ['manage-people', 'conflict'],
    ]);
    expect(refused.every(({ from }) => from === '127.0.0.1')).toBe(true);
  });

  test('has one entry for one refusal, of whoever was refused at their own account too', async () => {
    const http = await openHttp();
    const viewer = await http.login('a-viewer');
    const wrong = { password: 'not mine' };
    expect((await http.post('/api/v1/account/second-factor', wrong, viewer)).status).toBe(401);
    expect((await http.post('/api/v1/login', { login: 'a-viewer', password: 'x' })).status).toBe(401);
    expect((await http.post('/api/v1/organisations', {}, viewer)).status).toBe(403);
    const refusedOf = async (login: string) =>
      itemsOf(await http.get('/api/v1/audit?outcome=refused', await http.login(login))).map(
        ({ action }) => action,
      );
    expect(await refusedOf('a-owner')).toEqual(['add-organisation', 'change-own-account']);
    expect((await refusedOf('org-owner')).filter((action) => action === 'log-in')).toHaveLength(1);
  });

  test('tells who took data away, whose it is', async () => {
    const http = await openTerritory();
    const point = await pointId(http, 'p1');
    const [viewer, above] = [await http.login('a-viewer'), await http.login('org-operator')];
    const day = 'from=2026-03-10T10:00:00Z&to=2026-03-10T11:00:00Z';
    const ask = async (path: string, token?: string) => (await http.get(`/api/v1/${path}`, token)).status;
    expect(await ask(`readings?point=${point}&${day}&format=csv`, viewer)).toBe(200);
    expect(await ask(`readings?point=${point}&${day}`, viewer)).toBe(200);
    expect(await ask(`readings?point=${point}&${day}&format=csv&resolution=1h`, above)).toBe(200);
    expect(await ask('latest?format=csv', above)).toBe(200);
    expect(await ask('latest?format=csv')).toBe(200);
    expect(await ask(`readings?point=${point}&format=csv`, await http.login('b-viewer'))).toBe(404);
    const exported = async (login: string) =>
      itemsOf(await http.get('/api/v1/audit?outcome=done', await http.login(login))).flatMap(
        ({ subject, resource, organisationId, after }) =>
          Object(resource).type === 'export'
            ? [[Object(subject).id, Object(resource).id, organisationId, Object(after).asked]]
            : [],
      );
    const ofPoint = [
      ['person-org-operator', `${point}-1h.csv`, 'a', expect.objectContaining({ resolution: '1h' })],
      ['person-a-viewer', `${point}-raw.csv`, 'a', expect.objectContaining({ format: 'csv' })],
    ];
    expect(await exported('a-owner')).toEqual(ofPoint);
    expect(await exported('b-operator')).toEqual([]);
    expect(await exported('org-owner')).toEqual([
      ['person-org-operator', 'latest.csv', 'org', { format: 'csv' }],
      ...ofPoint,
    ]);
  });
});
