import { describe, expect, test } from 'vitest';
import { GATEWAY_A, itemsOf, type Answer, type HttpUnderTest } from './http-under-test.js';
import { openTerritory, pointId } from './territory.js';

const DAY_MS = 86_400_000;
const PASSWORD = 'onze poissons volants';
const LISTINGS = ['organisations', 'gateways', 'devices', 'locations', 'points', 'latest', 'sites'];

const send = (http: HttpUnderTest, method: 'PATCH' | 'POST', path: string, body: object, token: string) =>
  http.ask(
    method,
    `/api/v1/${path}`,
    { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'if-match': '*' },
    JSON.stringify(body),
  );

interface Scene extends HttpUnderTest {
  readonly owner: string;
  /** The pumping station of `a`, and its depot, where nothing is. */
  readonly station: string;
  readonly depot: string;
  /** Joins `a` as a technician limited so; gives the session. */
  readonly join: (limit: object) => Promise<string>;
}

const openScene = async (): Promise<Scene> => {
  const http = await openTerritory();
  const owner = await http.login('a-owner');
  const site = async (name: string): Promise<string> =>
    String((await http.post('/api/v1/sites', { organisationId: 'a', name }, owner)).json()['id']);
  const [station, depot] = [await site('Pumping station'), await site('Depot')];
  let count = 0;
  const join = async (limit: object): Promise<string> => {
    count += 1;
    const order = { organisationId: 'a', role: 'technician', limit, login: `lea${count}`, name: 'Léa' };
    const invited = await http.post('/api/v1/invitations', order, owner);
    expect(invited.status).toBe(201);
    const accepted = { token: invited.json()['token'], password: PASSWORD };
    return String((await http.post('/api/v1/invitations/accept', accepted)).json()['token']);
  };
  return { ...http, owner, station, depot, join };
};

const counts = async (http: HttpUnderTest, token: string): Promise<Record<string, number>> => {
  const entries = LISTINGS.map(async (listing) => {
    const answer = await http.get(`/api/v1/${listing}`, token);
    expect([listing, answer.status]).toEqual([listing, 200]);
    return [listing, itemsOf(answer).length] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
};

/** A claim by the token of this hash. */
const addGatewayBy = (registry: HttpUnderTest['fleet']['registry'], hash: string, id: string): void => {
  const unheard = { connected: false, lastSeen: null, epoch: null, agentVersion: null, clockState: null };
  const gateway = {
    id,
    organisationId: 'a',
    name: id,
    createdAt: 1,
    ...unheard,
    lastError: null,
    health: null,
  };
  const certificate = { thumbprint: id, gatewayId: id, pem: '', notBefore: 0, notAfter: 1 };
  registry.claim(hash, { gatewayId: id, at: 1, csrHash: 'c' }, gateway, certificate);
};

const detail = (answer: Answer): unknown => answer.json()['detail'];

describe('a technician who is limited to a site', () => {
  test('sees what stands there, and nothing else of the organisation', async () => {
    const scene = await openScene();
    const { owner, station, depot, join } = scene;
    const token = await join({ siteId: station });
    const nothing = {
      organisations: 1,
      gateways: 0,
      devices: 0,
      locations: 0,
      points: 0,
      latest: 0,
      sites: 1,
    };
    expect(await counts(scene, token)).toEqual(nothing);
    const point = await pointId(scene, 'p1');
    const hidden = [
      `gateways/${GATEWAY_A}`,
      `gateways/${GATEWAY_A}/ledger`,
      `gateways/${GATEWAY_A}/events`,
      `readings?point=${point}`,
      `readings?point=${point}&resolution=1h`,
      `points/${point}/proof?at=2026-03-10T11:00Z`,
      `sites/${depot}`,
      'organisations/a1',
    ];
    const statuses = async (caller = token) =>
      Promise.all(hidden.map(async (path) => (await scene.get(`/api/v1/${path}`, caller)).status));
    expect(await statuses()).toEqual(hidden.map(() => 404));
    await send(scene, 'PATCH', `gateways/${GATEWAY_A}/place`, { siteId: station }, owner);
    expect(await counts(scene, token)).toMatchObject({ gateways: 1, devices: 1, points: 3, latest: 3 });
    expect(await statuses()).toEqual([...(await statuses(owner)).slice(0, 6), 404, 404]);
    const rows = itemsOf(await scene.get(`/api/v1/readings?point=${point}&from=2026-03-10`, token));
    expect(rows.length).toBeGreaterThan(0);
    // the place that the meter is at is not said to be at the site
    expect(itemsOf(await scene.get('/api/v1/latest', token))[0]).toMatchObject({ locationId: null });
    await send(scene, 'PATCH', `gateways/${GATEWAY_A}/place`, { siteId: depot }, owner);
    expect(await counts(scene, token)).toEqual(nothing);
    expect(await statuses()).toEqual(hidden.map(() => 404));
  });

  test('sees a meter that is installed there, whichever gateway reads it', async () => {
    const scene = await openScene();
    const { owner, station, join } = scene;
    const token = await join({ siteId: station });
    const [location] = itemsOf(await scene.get('/api/v1/locations', owner));
    await send(scene, 'PATCH', `locations/${String(location?.['id'])}`, { siteId: station }, owner);
    expect(await counts(scene, token)).toMatchObject({ gateways: 0, devices: 1, locations: 1, points: 3 });
    const used = await scene.get(
      `/api/v1/locations/${String(location?.['id'])}/consumption?from=2026-03-10`,
      token,
    );
    expect(used.status).toBe(200);
  });

  test('changes what is there, and puts nothing beyond it', async () => {
    const scene = await openScene();
    const { station, depot, join } = scene;
    const token = await join({ siteId: station });
    const add = (siteId?: string) =>
      scene.post(
        '/api/v1/locations',
        { organisationId: 'a', key: `inlet-${siteId ?? ''}`, name: 'Inlet', ...(siteId && { siteId }) },
        token,
      );
    const added = await add(station);
    expect(added.status).toBe(201);
    expect([(await add(depot)).status, (await add()).status]).toEqual([403, 403]);
    const path = `locations/${String(added.json()['id'])}`;
    expect((await send(scene, 'PATCH', path, { name: 'Outlet' }, token)).status).toBe(200);
    for (const siteId of [depot, null, 'nowhere']) {
      expect([siteId, (await send(scene, 'PATCH', path, { siteId }, token)).status]).toEqual([siteId, 404]);
    }
    expect((await scene.get(`/api/v1/${path}`, token)).json()).toMatchObject({ siteId: station });
    const site = { organisationId: 'a', name: 'Another' };
    expect((await scene.post('/api/v1/sites', site, token)).status).toBe(403);
  });

  test('issues, sees and revokes claim tokens for it alone, until their time is over', async () => {
    const scene = await openScene();
    const { clock, owner, station, depot, join } = scene;
    const to = clock.now + DAY_MS;
    const token = await join({ siteId: station, to: new Date(to).toISOString() });
    const path = '/api/v1/enrolment-tokens';
    const issue = (caller: string, more: object = {}) =>
      scene.post(path, { organisationId: 'a', ...more }, caller);
    const foreign = [await issue(owner), await issue(owner, { siteId: depot })];
    const own = await issue(token);
    expect(own.json()).toMatchObject({ expires: new Date(to).toISOString() });
    expect((await issue(token, { siteId: station, hours: 1 })).json()).toMatchObject({
      expires: new Date(clock.now + 3_600_000).toISOString(),
    });
    for (const siteId of [depot, 'nowhere']) expect((await issue(token, { siteId })).status).toBe(403);
    for (const siteId of ['nowhere', 'site-of-nobody']) {
      expect((await issue(owner, { siteId })).status).toBe(404);
    }
    const seen = itemsOf(await scene.get(path, token));
    expect(seen.map(({ siteId }) => siteId)).toEqual([station, station]);
    expect(itemsOf(await scene.get(path, owner)).length).toBeGreaterThan(seen.length);
    const revoke = async (id: unknown) =>
      (await scene.ask('DELETE', `${path}/${String(id)}`, { authorization: `Bearer ${token}` })).status;
    for (const each of foreign) expect(await revoke(each.json()['id'])).toBe(404);
    expect(await revoke(own.json()['id'])).toBe(204);
  });

  test('sees the claim of a gateway that is to stand there, and the gateway when it does', async () => {
    const scene = await openScene();
    const { fleet, owner, station, join } = scene;
    const token = await join({ siteId: station });
    const { registry } = fleet;
    for (const [name, siteId] of [
      ['here', station],
      ['elsewhere', undefined],
    ] as const) {
      const bound = { organisationId: 'a', createdBy: 'p', expires: scene.clock.now + DAY_MS, siteId };
      registry.addEnrolmentToken({ id: name, secretHash: name, approval: true, ...bound });
      const use = { gatewayId: `gateway${name}`, at: scene.clock.now, csrHash: name };
      registry.holdClaim(name, use, { gatewayId: use.gatewayId, name, serial: undefined });
    }
    const claims = async (caller: string) =>
      itemsOf(await scene.get('/api/v1/enrolment-claims', caller)).map(({ gatewayId }) => gatewayId);
    expect(await claims(token)).toEqual(['gatewayhere']);
    expect(await claims(owner)).toEqual(['gatewayelsewhere', 'gatewayhere']);
    const place = { organisationId: 'a', createdBy: 'p', expires: 1, siteId: station };
    registry.addEnrolmentToken({ id: 'new', secretHash: 'new', ...place });
    addGatewayBy(registry, 'new', 'gatewaynew');
    const seen = itemsOf(await scene.get('/api/v1/gateways', token)).map(({ id }) => id);
    expect(seen).toEqual(['gatewaynew']);
  });

  test('has no key of their own', async () => {
    const scene = await openScene();
    const { station, join } = scene;
    const token = await join({ siteId: station });
    const key = { name: 'mine', role: 'technician', purpose: 'operations' };
    const refused = await scene.post('/api/v1/account/keys', key, token);
    expect([refused.status, detail(refused)]).toEqual([403, expect.stringContaining('limited')]);
  });
});

describe('a technician who is limited to a day', () => {
  test('sees and does nothing before and after it', async () => {
    const scene = await openScene();
    const { clock, join } = scene;
    const [from, to] = [clock.now - 1000, clock.now + 1000];
    const limit = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
    const token = await join(limit);
    expect(await counts(scene, token)).toMatchObject({ gateways: 1, points: 3, sites: 2 });
    expect((await scene.get('/api/v1/account', token)).json()).toMatchObject({
      role: 'technician',
      limit: { siteId: null, ...limit },
    });
    clock.now = to;
    for (const listing of LISTINGS) {
      expect([listing, (await scene.get(`/api/v1/${listing}`, token)).status]).toEqual([listing, 403]);
    }
    const location = { organisationId: 'a', key: 'late', name: 'Late' };
    expect((await scene.post('/api/v1/locations', location, token)).status).toBe(403);
    clock.now = to - 1;
    expect((await scene.get('/api/v1/points', token)).status).toBe(200);
  });
});

describe('a limit', () => {
  test('is shown, changed and taken away by who manages people; another role ends it', async () => {
    const scene = await openScene();
    const { clock, owner, station, join } = scene;
    const day = { from: new Date(clock.now).toISOString(), to: new Date(clock.now + DAY_MS).toISOString() };
    const token = await join({ siteId: station, ...day });
    const lea = async () =>
      itemsOf(await scene.get('/api/v1/people', owner)).find(({ login }) =>
        String(login).startsWith('lea1-'),
      ) ?? {};
    expect((await lea())['limit']).toEqual({ siteId: station, ...day });
    const [invitation] = itemsOf(await scene.get('/api/v1/invitations', owner));
    expect(invitation?.['limit']).toEqual({ siteId: station, ...day });
    const path = `people/${String((await lea())['id'])}`;
    const change = async (body: object) => {
      const changed = await send(scene, 'PATCH', path, body, owner);
      return changed.status === 200 ? changed.json()['limit'] : changed.status;
    };
    expect(await change({ limit: { siteId: station } })).toEqual({ siteId: station, from: null, to: null });
    // it holds at once: the session ended
    expect((await scene.get('/api/v1/points', token)).status).toBe(401);
    expect(await change({ disabled: false })).toMatchObject({ siteId: station });
    expect(await change({ role: 'viewer' })).toBeNull();
    expect(await change({ role: 'viewer', limit: { siteId: station } })).toBe(400);
    expect(await change({ role: 'technician', limit: { siteId: station } })).toMatchObject({
      siteId: station,
    });
    expect(await change({ limit: null })).toBeNull();
    const entries = itemsOf(await scene.get('/api/v1/audit?action=manage-people', owner));
    expect(JSON.stringify(entries)).toContain(`"siteId":"${station}"`);
  });

  test('names a site at or below the organisation, some time, and a technician', async () => {
    const scene = await openScene();
    const foreign = await scene.post(
      '/api/v1/sites',
      { organisationId: 'b', name: 'Foreign' },
      await scene.login('org-owner'),
    );
    const invite = async (more: object) =>
      (
        await scene.post(
          '/api/v1/invitations',
          { organisationId: 'a', role: 'technician', ...more },
          scene.owner,
        )
      ).status;
    expect(await invite({ limit: { siteId: foreign.json()['id'] } })).toBe(404);
    expect(await invite({ limit: { siteId: 'nowhere' } })).toBe(404);
    expect(await invite({ limit: { from: '2026-03-02', to: '2026-03-01' } })).toBe(400);
    expect(await invite({ limit: {} })).toBe(400);
    expect(await invite({ role: 'viewer', limit: { siteId: scene.station } })).toBe(400);
  });

  test('follows its site into the one that it turns out to be, and keeps it from being removed', async () => {
    const scene = await openScene();
    const { owner, station, depot, join } = scene;
    await join({ siteId: depot });
    const merge = { record: 'site', survivor: station, duplicate: depot };
    expect((await scene.post('/api/v1/merges', merge, owner)).status).toBe(200);
    const people = itemsOf(await scene.get('/api/v1/people', owner));
    expect(people.find(({ login }) => String(login).startsWith('lea1-'))?.['limit']).toMatchObject({
      siteId: station,
    });
    const remove = await scene.ask('DELETE', `/api/v1/sites/${station}`, {
      authorization: `Bearer ${owner}`,
      'if-match': '*',
    });
    expect([remove.status, detail(remove)]).toEqual([409, expect.stringContaining('limited')]);
  });

  test('set from above follows its site too, whoever merges it without seeing whom it limits', async () => {
    const scene = await openScene();
    const { owner, station, depot } = scene;
    const top = await scene.login('org-owner');
    const order = {
      organisationId: 'org',
      role: 'technician',
      limit: { siteId: depot },
      login: 'noe',
      name: 'Noé',
    };
    const invite = async (login: string) =>
      String((await scene.post('/api/v1/invitations', { ...order, login }, top)).json()['token']);
    const [joined, waiting] = [await invite('noe'), await invite('zoe')];
    const accept = (token: string) => scene.post('/api/v1/invitations/accept', { token, password: PASSWORD });
    const noe = String((await accept(joined)).json()['token']);
    const sitesOf = async (token: string) =>
      itemsOf(await scene.get('/api/v1/sites', token)).map(({ id }) => id);
    expect(await sitesOf(noe)).toEqual([depot]);

    const merge = { record: 'site', survivor: station, duplicate: depot };
    const merged = await scene.post('/api/v1/merges', merge, owner);
    expect(merged.status).toBe(200);
    expect(await sitesOf(noe)).toEqual([station]);
    expect(await sitesOf(String((await accept(waiting)).json()['token']))).toEqual([station]);
    // nothing of it tells the owner below of somebody above
    expect(merged.text).not.toContain('limit');
    const undo = `/api/v1/acts/${String(merged.json()['id'])}/undo`;
    expect((await scene.post(undo, {}, owner)).status).toBe(200);
    expect(await sitesOf(noe)).toEqual([depot]);
  });
});
