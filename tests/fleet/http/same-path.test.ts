import { describe, expect, test } from 'vitest';
import { openHttpOver, GATEWAY_B, type HttpUnderTest } from './http-under-test.js';
import { fillTerritory } from './territory.js';
import { addGateway, openFleetOfViews, type FleetOfViews } from '../projections/fleet-of-views.js';

/** What a store gave, as far as the time of it may tell somebody: nothing, so many rows, or something. */
const kindOf = (given: unknown): unknown => {
  if (given === undefined || given === null) return 'nothing';
  return Array.isArray(given) ? given.length : typeof given;
};

interface Recorded {
  readonly fleet: FleetOfViews;
  /** Calls of stores since the last time, and what each gave. */
  readonly taken: () => readonly string[];
}

const recorded = (): Recorded => {
  const fleet = openFleetOfViews();
  const calls: string[] = [];
  const watched = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return (...given: readonly unknown[]): unknown => {
          const result: unknown = Reflect.apply(member, target, given);
          calls.push(`${String(name)}: ${String(kindOf(result))}`);
          return result;
        };
      },
    });
  return {
    fleet: { ...fleet, registry: watched(fleet.registry), reader: watched(fleet.reader) },
    taken: () => calls.splice(0),
  };
};

const FAR = 9_000_000_000_000;

/** One thing of `b` of each kind, by the part of the address before its id. */
const addForeign = ({ fleet: { registry }, clock }: HttpUnderTest): Readonly<Record<string, string>> => {
  const place = { organisationId: 'b', role: 'viewer', name: 'Foreign' } as const;
  const more = { createdAt: 1, createdBy: 'p', expires: FAR, personId: null, revokedAt: null };
  const unused = { lastUsedAt: null, lastUsedFrom: null, replacedBy: null };
  registry.addInvitation({
    ...more,
    ...place,
    id: 'foreign-invitation',
    tokenHash: 'f',
    login: null,
    usedAt: null,
  });
  registry.addKey({
    ...more,
    ...place,
    ...unused,
    id: 'foreign-key',
    secretHash: 'f',
    actions: null,
    purpose: 'billing',
  });
  const token = { id: 'foreign-token', secretHash: 'f', organisationId: 'b', createdBy: 'p', expires: FAR };
  registry.addEnrolmentToken(token);
  registry.addEnrolmentToken({ ...token, id: 'foreign-held', secretHash: 'h', approval: true });
  registry.holdClaim(
    'h',
    { gatewayId: 'foreign-claim', at: clock.now, csrHash: 'c' },
    { gatewayId: 'foreign-claim', name: 'Foreign', serial: undefined },
  );
  addGateway(registry, 'foreigngatewayaaaaaa', 'b');
  const nowhere = { address: null, geometry: null, mergedInto: null };
  const site = { id: 'foreign-site', organisationId: 'b', name: 'Foreign', ...nowhere };
  const location = { id: 'foreign-location', organisationId: 'b', key: 'foreign', name: 'Foreign' };
  registry.apply({
    id: 'foreign-act',
    kind: 'add',
    at: 1,
    by: 'p',
    effective: null,
    summary: {},
    concerns: ['b'],
    changes: [
      { record: 'site', before: null, after: site },
      {
        record: 'location',
        before: null,
        after: { ...location, siteId: null, prm: null, pce: null, geometry: null, mergedInto: null },
      },
      {
        record: 'competence',
        before: null,
        after: { id: 'foreign-competence', key: 'water', holderId: 'b', forId: 'b', from: 0, to: null },
      },
    ],
  });
  return {
    people: 'person-b-viewer',
    keys: 'foreign-key',
    invitations: 'foreign-invitation',
    'enrolment-tokens': 'foreign-token',
    gateways: GATEWAY_B,
    sites: 'foreign-site',
    locations: 'foreign-location',
    acts: 'foreign-act',
    organisations: 'b',
    competences: 'foreign-competence',
    points: registry.records('point', { key: 'other' })[0]?.id ?? '',
  };
};

/** For the top alone, or of no thing. */
const ELSEWHERE: ReadonlySet<string> = new Set(['learn-methods', 'erase-person']);

const METHODS = ['GET', 'POST', 'PATCH', 'PUT', 'DELETE'] as const;

describe('what is not the caller’s', () => {
  test('is looked for by the same calls of stores, with the same results, as what is not there', async () => {
    const { fleet, taken } = recorded();
    const http = await openHttpOver(fleet);
    await fillTerritory(http);
    const foreign = addForeign(http);
    const token = await http.login('a-owner');
    const seen: string[] = [];
    for (const { method, url, action } of http.server.routeActions) {
      const [, kind = ''] = /^\/api\/v1\/([\w-]+)\/:id/.exec(url) ?? [];
      const known = METHODS.find((each) => each === method);
      const id = action === 'decide-enrolment-claim' ? 'foreign-claim' : foreign[kind];
      if (id === undefined || known === undefined || ELSEWHERE.has(action)) continue;
      const ask = async (named: string) => {
        taken();
        const headers = { host: 'terroir.example', authorization: `Bearer ${token}`, 'if-match': '*' };
        const body = known === 'GET' || known === 'DELETE' ? undefined : (BODIES[url] ?? '{}');
        const typed = body === undefined ? headers : { ...headers, 'content-type': 'application/json' };
        const { status } = await http.ask(
          known,
          `${url.replace(':id', named)}${QUERIES[url] ?? ''}`,
          typed,
          body,
        );
        return { status, calls: taken() };
      };
      // what is asked for the first time of all is read, and then known
      await ask(id);
      const theirs = await ask(id);
      expect([url, [403, 404].includes(theirs.status), theirs]).toEqual([url, true, await ask(nobodys(id))]);
      seen.push(`${method} ${url}`);
    }
    expect(seen.length).toBeGreaterThan(20);
    await http.close();
  });
});

const TERMS = { from: '2026-03-09', past: 'withheld' };
const SPLIT = { ...TERMS, organisation: 'a', ends: false };
const transfer = (things: object) => ({ to: 'a1', ...TERMS, ...things });

/** What acts and questions name in their bodies: what of it is `b`'s, and the body around it. */
const namedInBodies = ({ fleet: { registry } }: HttpUnderTest) => {
  const [point] = registry.records('point', { key: 'other' });
  const deviceId = point?.deviceId ?? '';
  const [installation] = registry.records('installation', { deviceId });
  const meter = { at: '2026-03-10T10:00:00Z', serial: 'S-2' };
  return [
    ['transfers', deviceId, (id: string) => transfer({ devices: [id] })],
    ['transfers', GATEWAY_B, (id: string) => transfer({ gateways: [id] })],
    ['transfers', 'foreign-location', (id: string) => transfer({ locations: [id] })],
    ['transfers', 'foreign-site', (id: string) => transfer({ sites: [id] })],
    ['transfers', 'b', (id: string) => transfer({ organisation: id })],
    ['splits', deviceId, (id: string) => ({ ...SPLIT, parts: [{ into: 'a1', devices: [id] }] })],
    ['unions', 'b', (id: string) => ({ ...TERMS, organisations: [id], into: 'a' })],
    ['merges', 'b', (id: string) => ({ record: 'organisation', survivor: 'a', duplicate: id })],
    ['meter-replacements', installation?.locationId ?? '', (id: string) => ({ ...meter, locationId: id })],
    [
      'revisions',
      installation?.id ?? '',
      (id: string) => ({ installationId: id, revisedRatio: 2, reason: 'why' }),
    ],
    ['competences', 'b', (id: string) => ({ key: 'water', holderId: 'a', forId: id, from: '2026-03-09' })],
    ['decisions/explain', point?.id ?? '', (id: string) => ({ point: id, purpose: 'billing' })],
    ['decisions/explain', point?.id ?? '', (id: string) => ({ point: id, organisationId: 'a1' })],
  ] as const;
};

test('what acts and questions name is looked for alike, whether it is another’s or not there', async () => {
  const { fleet, taken } = recorded();
  const http = await openHttpOver(fleet);
  await fillTerritory(http);
  addForeign(http);
  const token = await http.login('a-owner');
  for (const [path, id, bodyOf] of namedInBodies(http)) {
    const ask = async (named: string) => {
      taken();
      const { status, text } = await http.post(`/api/v1/${path}`, bodyOf(named), token);
      return { status, text: text.replaceAll(` ${named}`, ' ID'), calls: taken() };
    };
    await ask(id);
    const theirs = await ask(id);
    const expected = path.startsWith('decisions') ? 200 : 404;
    expect([path, theirs.status, theirs]).toEqual([path, expected, await ask(nobodys(id))]);
    expect(theirs.calls.length).toBeGreaterThan(3);
  }
  await http.close();
});

/** An id of the same form. */
const nobodys = (id: string): string => `${id.slice(0, -1)}${id.endsWith('z') ? 'y' : 'z'}`;

const QUERIES: Readonly<Record<string, string>> = {
  '/api/v1/points/:id/proof': '?at=2026-03-10T10:00:20Z&resolution=1m',
  '/api/v1/locations/:id/consumption': '?from=2026-03-10T10:00:00Z&to=2026-03-10T11:00:00Z',
};
const REASON = JSON.stringify({ reason: 'why' });
const BODIES: Readonly<Record<string, string>> = {
  '/api/v1/organisations/:id': JSON.stringify({ name: 'mine' }),
  '/api/v1/organisations/:id/sign-in-policy': JSON.stringify({ secondFactor: [] }),
  '/api/v1/people/:id': JSON.stringify({ disabled: true }),
  '/api/v1/competences/:id': JSON.stringify({ to: '2026-03-10' }),
  '/api/v1/sites/:id': JSON.stringify({ name: 'mine' }),
  '/api/v1/locations/:id': JSON.stringify({ name: 'mine' }),
  '/api/v1/gateways/:id/place': JSON.stringify({ siteId: null }),
  '/api/v1/gateways/:id/reject': REASON,
  '/api/v1/gateways/:id/revoke': REASON,
  '/api/v1/gateways/:id/recall': JSON.stringify({ from: '2026-03-10T10:00:00Z', to: '2026-03-10T11:00:00Z' }),
};
