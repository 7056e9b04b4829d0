import { describe, expect, test } from 'vitest';
import { sealSecret } from '../../../fleet/access/sign-on/provider-secret.js';
import type { ProviderSettings } from '../../../fleet/access/sign-on/provider-settings.js';
import {
  CLIENT_ID,
  CLIENT_SECRET,
  startProvider,
  type ProviderUnderTest,
} from '../access/sign-on/provider-under-test.js';
import { openHttp, type Answer, type HttpUnderTest } from './http-under-test.js';

const FLEET = 'http://127.0.0.1:9';

const cookiesOf = (answer: Answer): string =>
  [answer.headers['set-cookie'] ?? []]
    .flat()
    .map((line) => String(line).split(';')[0])
    .join('; ');

interface Open {
  readonly http: HttpUnderTest;
  readonly provider: ProviderUnderTest;
  /** Goes to the provider and comes back; gives the fleet's last answer. */
  readonly signOn: (account: string, body?: object, token?: string) => Promise<Answer>;
  readonly put: (change: Partial<ProviderSettings>) => void;
}

/** A provider of organisation `a`, which maps its groups into `a` and the service below it. */
const open = async (): Promise<Open> => {
  const http = await openHttp();
  const provider = await startProvider(FLEET);
  const settings: ProviderSettings = {
    id: 'aubiere',
    name: 'Agents d’Aubière',
    organisation: 'a',
    issuer: provider.issuer,
    clientId: CLIENT_ID,
    fleetUrl: FLEET,
    mapping: [
      { claim: 'groups', value: 'eaux', organisation: 'a1', role: 'technician' },
      { claim: 'groups', value: 'agents', organisation: 'a', role: 'viewer' },
      { claim: 'groups', value: 'everywhere', organisation: 'org', role: 'owner' },
    ],
  };
  const put: Open['put'] = (change) =>
    http.fleet.registry.putProvider({
      id: settings.id,
      organisationId: settings.organisation,
      name: settings.name,
      listed: false,
      settings: JSON.stringify({ ...settings, ...change }),
      sealedSecret: sealSecret(CLIENT_SECRET, settings.id, http.sealing),
    });
  put({});
  const signOn: Open['signOn'] = async (account, body = {}, token) => {
    const started = await http.post('/api/v1/sign-on/aubiere/start', body, token);
    expect([started.status, started.text.slice(0, 200)]).toMatchObject([200, expect.stringContaining('url')]);
    const back = await provider.signIn(String(started.json()['url']), account);
    expect(`${back.origin}${back.pathname}`).toBe(`${FLEET}/api/v1/sign-on/callback`);
    return http.get(`${back.pathname}${back.search}`, undefined, { cookie: cookiesOf(started) });
  };
  return { http, provider, signOn, put };
};

const sessionOf = async (http: HttpUnderTest, answer: Answer): Promise<unknown> => {
  const [, token] = /terroir_session=([^;]+)/.exec(cookiesOf(answer)) ?? [];
  return (await http.get('/api/v1/session', token)).json()['person'];
};

describe('signing in at an identity provider', { timeout: 120_000 }, () => {
  test('gives people the place of their groups, and another when those change', async () => {
    const { http, provider, signOn, put } = await open();
    provider.accounts.set('u1', {
      name: 'Zoé Lambert',
      preferred_username: 'a-viewer',
      groups: ['x', 'agents'],
    });
    const came = await signOn('u1');
    expect([came.status, came.headers['location']]).toEqual([303, '/']);
    // the login of somebody else is not theirs
    const zoe = {
      login: expect.stringMatching(/^a-viewer-[a-z2-7]{4}$/),
      name: 'Zoé Lambert',
      organisationId: 'a',
      role: 'viewer',
      needs: null,
    };
    expect(await sessionOf(http, came)).toEqual(zoe);
    provider.accounts.set('u1', { name: 'Zoé Lambert', groups: ['eaux'] });
    const moved = await signOn('u1');
    expect(await sessionOf(http, moved)).toEqual({ ...zoe, organisationId: 'a1', role: 'technician' });
    expect(await sessionOf(http, came)).toBeNull();
    http.fleet.registry.setSecondFactorRoles('org', ['technician']);
    expect(await sessionOf(http, await signOn('u1'))).toMatchObject({ needs: 'second-factor-enrolment' });
    put({ secondFactor: { amr: ['mfa'] } });
    expect(await sessionOf(http, await signOn('u1'))).toMatchObject({ needs: null });
    provider.accounts.set('u1', { groups: [] });
    expect((await signOn('u1')).headers['location']).toBe('/#sign-on-refused=forbidden');
    expect(await sessionOf(http, moved)).toBeNull();
  });

  test('gives nobody a place outside the provider’s organisation, nor by an e-mail address', async () => {
    const { http, provider, signOn } = await open();
    const before = http.fleet.registry.people().length;
    provider.accounts.set('u1', { groups: ['everywhere'] });
    provider.accounts.set('u2', { email: 'a-viewer', preferred_username: 'a-viewer' });
    for (const account of ['u1', 'u2']) {
      const refused = await signOn(account);
      expect(refused.headers['location']).toBe('/#sign-on-refused=forbidden');
      expect(cookiesOf(refused)).not.toContain('terroir_session');
    }
    expect(http.fleet.registry.people()).toHaveLength(before);
  });

  test('is for who was sent there from here, once, and not by another browser', async () => {
    const { http, provider } = await open();
    provider.accounts.set('u1', { groups: ['agents'] });
    const start = async () => http.post('/api/v1/sign-on/aubiere/start', {});
    const [mine, other] = [await start(), await start()];
    const back = await provider.signIn(String(mine.json()['url']), 'u1');
    const path = `${back.pathname}${back.search}`;
    const arrive = async (cookie: string) =>
      (await http.get(path, undefined, { cookie })).headers['location'];
    expect(await arrive('')).toBe('/#sign-on-refused=gone');
    expect(await arrive(cookiesOf(other))).toBe('/#sign-on-refused=provider');
    expect(await arrive(`${cookiesOf(mine)}x`)).toBe('/#sign-on-refused=gone');
    expect(await arrive(cookiesOf(mine))).toBe('/');
    expect(await arrive(cookiesOf(mine))).toBe('/#sign-on-refused=provider');
    http.clock.now += 10 * 60_000;
    expect(await arrive(cookiesOf(mine))).toBe('/#sign-on-refused=gone');
    expect((await http.post('/api/v1/sign-on/unknown/start', {})).status).toBe(404);
  });

  test('accepts an invitation, and links an account that is signed in', async () => {
    const { http, provider, signOn } = await open();
    const owner = await http.login('a-owner');
    const invited = await http.post('/api/v1/invitations', { organisationId: 'a1', role: 'analyst' }, owner);
    const invitation = invited.json()['token'];
    provider.accounts.set('u1', { name: 'Zoé', preferred_username: 'zoe' });
    const zoe = await sessionOf(http, await signOn('u1', { invitation }));
    expect(zoe).toMatchObject({
      login: expect.stringMatching(/^zoe-[a-z2-7]{4}$/),
      organisationId: 'a1',
      role: 'analyst',
    });
    expect((await signOn('u1', { invitation })).headers['location']).toBe('/#sign-on-refused=gone');
    // they keep the place they were invited to
    expect(await sessionOf(http, await signOn('u1'))).toEqual(zoe);
    const viewer = await http.login('a-viewer');
    provider.accounts.set('u2', {});
    expect((await signOn('u2', { link: true }, viewer)).headers['location']).toBe('/#account');
    expect(await sessionOf(http, await signOn('u2'))).toMatchObject({ login: 'a-viewer' });
    expect((await signOn('u1', { link: true }, viewer)).headers['location']).toBe(
      '/#sign-on-refused=conflict',
    );
    provider.accounts.set('u3', {});
    const outside = await http.login('b-viewer');
    expect((await signOn('u3', { link: true }, outside)).headers['location']).toMatch(/refused/);
    expect((await http.post('/api/v1/sign-on/aubiere/start', { link: true })).status).toBe(401);
  });
});
