import { describe, expect, test } from 'vitest';
import { hashPassword } from '../../../fleet/access/passwords.js';
import { T0 } from '../projections/fleet-of-views.js';
import {
  GATEWAY_A,
  GATEWAY_B,
  itemsOf,
  PASSWORD,
  type Answer,
  type HttpUnderTest,
} from './http-under-test.js';
import { COUNT, openTerritory, pointId, POWER } from './territory.js';

/** When they are united, or split: after half of what was measured. */
const AT = T0 + 3_600_000;
const FROM = new Date(AT).toISOString();
const BEFORE = POWER.filter(({ time }) => time < AT).length;
const PERIOD = `from=${new Date(T0).toISOString()}&to=${new Date(T0 + 7_200_000).toISOString()}`;

const COMMUNE = { parentId: 'org', name: 'Val-d’Aubière', type: 'municipality', code: '63014' };
const UNION = { organisations: ['a', 'b'], into: COMMUNE, from: FROM, past: 'readable' };
const SPLIT = {
  organisation: 'a',
  parts: [{ into: { ...COMMUNE, name: 'Aubière-Nord' }, gateways: [GATEWAY_A] }],
  ends: true,
  from: FROM,
  past: 'withheld',
};

interface Scene extends HttpUnderTest {
  readonly owner: string;
  /** The point of `a` with a reading each ten seconds. */
  readonly power: string;
  /** A session of a new viewer there. */
  readonly viewerOf: (organisationId: string) => Promise<string>;
  /** How many readings of that point somebody may read; `undefined`: it does not exist for them. */
  readonly reads: (token: string) => Promise<number | undefined>;
  readonly act: (path: string, body: object, token?: string) => Promise<Answer>;
}

const openScene = async (): Promise<Scene> => {
  const http = await openTerritory();
  const owner = await http.login('org-owner');
  const power = await pointId(http, 'p1');
  const passwordHash = await hashPassword(PASSWORD);
  // the code of a commune that ceases may be that of the one that comes after it
  await http.ask(
    'PATCH',
    '/api/v1/organisations/a',
    { authorization: `Bearer ${owner}`, 'content-type': 'application/json', 'if-match': '*' },
    JSON.stringify({ code: COMMUNE.code }),
  );
  return {
    ...http,
    owner,
    power,
    viewerOf: (organisationId) => {
      const login = `viewer-${organisationId}`;
      const person = { id: login, login, name: login, passwordHash, organisationId, role: 'viewer' } as const;
      http.fleet.registry.addPerson(person);
      return http.login(login);
    },
    reads: async (token) => {
      const answer = await http.get(`/api/v1/readings?point=${power}&${PERIOD}&limit=1000`, token);
      return answer.status === 200 ? itemsOf(answer).length : undefined;
    },
    act: (path, body, token = owner) => http.post(`/api/v1/${path}`, body, token),
  };
};

const idsOf = async (http: HttpUnderTest, listing: string, token: string): Promise<readonly string[]> =>
  itemsOf(await http.get(`/api/v1/${listing}`, token)).map(({ id }) => String(id));

/** The organisation that an act made. */
const madeBy = (act: Answer): string => {
  const changes = act.json()['changes'] as {
    record: string;
    before: unknown;
    after: { id: string } | null;
  }[];
  const made = changes.find(({ record, before }) => record === 'organisation' && before === null);
  return made?.after?.id ?? '';
};

const trailOf = ({ fleet }: HttpUnderTest, organisationId: string, action: string): readonly string[] =>
  fleet.registry.audit.find([organisationId], { action, limit: 10 }).map(({ content }) => content ?? '');

describe('communes that unite', () => {
  test('cease on the day; the new one holds all of both, and reads what it was given of the past', async () => {
    const scene = await openScene();
    const { owner, act, reads, viewerOf } = scene;
    const former = await scene.login('a-viewer');
    expect(await reads(former)).toBe(COUNT);

    const plan = await act('unions?dryRun=true', UNION);
    expect([plan.status, plan.json()]).toMatchObject([200, { id: null, kind: 'unite', effective: FROM }]);
    expect(await idsOf(scene, 'organisations', owner)).toEqual(['a', 'a1', 'b', 'org']);

    const done = await act('unions', UNION);
    expect([done.status, done.json()['kind']]).toEqual([200, 'unite']);
    const united = madeBy(done);
    const successor = await viewerOf(united);
    expect(await idsOf(scene, 'gateways', successor)).toEqual([GATEWAY_A, GATEWAY_B]);
    expect(await reads(successor)).toBe(COUNT);
    // those below go along; the former ones keep what was theirs, and nothing of what comes
    expect(new Set(await idsOf(scene, 'organisations', successor))).toEqual(new Set(['a1', united]));
    expect(await reads(former)).toBe(BEFORE);
    expect(await idsOf(scene, 'gateways', former)).toEqual([]);
    const seen = async (token: string) => (await scene.get('/api/v1/organisations/a', token)).json();
    expect(await seen(owner)).toMatchObject({ endedAt: FROM, succeededBy: united, code: COMMUNE.code });
    expect(await seen(former)).toMatchObject({ endedAt: FROM, succeededBy: null });
  });

  test('keep the past to themselves where it is withheld', async () => {
    const { act, reads, viewerOf } = await openScene();
    const united = madeBy(await act('unions', { ...UNION, past: 'withheld' }));
    expect(await reads(await viewerOf(united))).toBe(COUNT - BEFORE);
  });

  test('are taken back as they were', async () => {
    const scene = await openScene();
    const former = await scene.login('a-viewer');
    const rows = () => ['gateways', 'devices', 'locations'].map((listing) => idsOf(scene, listing, former));
    const before = await Promise.all(rows());
    const done = await scene.act('unions', UNION);
    expect(await Promise.all(rows())).not.toEqual(before);
    const undone = await scene.act(`acts/${String(done.json()['id'])}/undo`, {});
    expect([undone.status, undone.json()['kind']]).toEqual([200, 'undo']);
    expect(await Promise.all(rows())).toEqual(before);
    expect(await scene.reads(former)).toBe(COUNT);
    expect(await idsOf(scene, 'organisations', scene.owner)).toEqual(['a', 'a1', 'b', 'org']);
    expect((await scene.get('/api/v1/organisations/a', former)).json()).toMatchObject({ endedAt: null });
  });

  test('are each told by their trail of their own part, and by nobody of the other', async () => {
    const scene = await openScene();
    const done = await scene.act('unions', UNION);
    const united = madeBy(done);
    const [ofA, ofB, ofNew] = ['a', 'b', united].map((id) => trailOf(scene, id, 'transfer-holdings'));
    expect([ofA?.length, ofB?.length, ofNew?.length]).toEqual([1, 1, 1]);
    expect(ofA?.[0]).toContain('person-org-owner');
    expect(ofA?.[0]).toContain(GATEWAY_A);
    expect(ofB?.[0]).toContain(GATEWAY_B);
    for (const [text, foreign] of [
      [ofA?.[0], 'b'],
      [ofB?.[0], 'a'],
    ]) {
      expect(text).not.toContain(`"organisationId":"${foreign}"`);
      expect(text).not.toContain(foreign === 'b' ? GATEWAY_B : GATEWAY_A);
      expect(text).not.toContain(foreign === 'b' ? 'Brenne' : 'Aubière"');
    }
    await scene.act(`acts/${String(done.json()['id'])}/undo`, {});
    expect([trailOf(scene, 'a', 'undo-act').length, trailOf(scene, 'b', 'undo-act').length]).toEqual([1, 1]);
    // an act that also concerns others is nobody's to list but theirs who stand above all of them
    const kinds = async (token: string) =>
      itemsOf(await scene.get('/api/v1/acts', token)).map(({ kind }) => kind);
    expect(await kinds(await scene.login('a-owner'))).toEqual(['change']);
    expect(new Set(await kinds(scene.owner))).toEqual(new Set(['change', 'undo', 'unite']));
  });

  test('are refused to everybody but owners above all of them, which is written down', async () => {
    const scene = await openScene();
    const { act } = scene;
    const [operator, owner] = [await scene.login('org-operator'), await scene.login('a-owner')];
    expect((await act('unions', UNION, operator)).status).toBe(403);
    const asked = { ...UNION, organisations: ['b'], into: 'a' };
    const [foreign, none] = [
      await act('unions', asked, owner),
      await act('unions', { ...asked, organisations: ['nobody'] }, owner),
    ];
    expect([foreign.status, foreign.text.replaceAll(' b.', ' nobody.')]).toEqual([404, none.text]);
    expect((await act('unions', { ...asked, organisations: ['a1'], into: 'b' }, owner)).status).toBe(404);
    expect(trailOf(scene, 'org', 'transfer-holdings').length).toBe(1);
    expect(trailOf(scene, 'b', 'transfer-holdings')).toEqual([]);
    expect(await idsOf(scene, 'acts', scene.owner)).toHaveLength(1);
  });

  test('cease once, are not united with themselves, and their code is no other’s meanwhile', async () => {
    const { act } = await openScene();
    expect((await act('unions', { ...UNION, into: 'a' })).status).toBe(400);
    expect((await act('unions', { ...UNION, organisations: ['b'] })).status).toBe(409);
    expect((await act('unions', { ...UNION, from: 'soon' })).status).toBe(400);
    expect((await act('unions', UNION)).status).toBe(200);
    expect((await act('unions', { ...UNION, into: { ...COMMUNE, code: '63999' } })).status).toBe(409);
  });
});

describe('a commune that is split', () => {
  test('gives its parts to others and ceases only with nothing left', async () => {
    const scene = await openScene();
    const { act, reads, viewerOf, owner } = scene;
    const site = (await act('sites', { organisationId: 'a', name: 'Depot' })).json();
    const kept = await act('splits', SPLIT);
    expect([kept.status, kept.json()['detail']]).toEqual([
      409,
      expect.stringContaining(`it still holds: site ${String(site['id'])}`),
    ]);
    expect(await idsOf(scene, 'organisations', owner)).toEqual(['a', 'a1', 'b', 'org']);

    const former = await scene.login('a-viewer');
    const parts = [...SPLIT.parts, { into: 'b', sites: [site['id']] }];
    const done = await act('splits', { ...SPLIT, parts });
    expect([done.status, done.json()['kind']]).toEqual([200, 'split']);
    const north = await viewerOf(madeBy(done));
    expect([await reads(north), await reads(former)]).toEqual([COUNT - BEFORE, BEFORE]);
    expect(await idsOf(scene, 'gateways', north)).toEqual([GATEWAY_A]);
    expect(await idsOf(scene, 'sites', north)).toEqual([]);
    expect(await idsOf(scene, 'sites', await scene.login('b-viewer'))).toEqual([site['id']]);
    expect((await scene.get('/api/v1/organisations/a', former)).json()).toMatchObject({ endedAt: FROM });

    const undo = () => act(`acts/${String(done.json()['id'])}/undo`, {});
    const inUse = await undo();
    expect([inUse.status, inUse.json()['detail']]).toEqual([
      409,
      expect.stringContaining('Aubière-Nord has 1 person'),
    ]);
    scene.fleet.registry.erasePerson(`viewer-${madeBy(done)}`, T0);
    expect((await undo()).status).toBe(200);
    expect(await reads(former)).toBe(COUNT);
    expect(await idsOf(scene, 'sites', former)).toEqual([site['id']]);
  });

  test('gives nothing that is another’s, and nothing to whom its owner does not see', async () => {
    const scene = await openScene();
    const { act } = scene;
    const foreign = { ...SPLIT, parts: [{ into: 'org', gateways: [GATEWAY_B] }], ends: false };
    const answer = await act('splits', foreign);
    expect([answer.status, answer.json()['detail']]).toEqual([
      404,
      expect.stringContaining('holds no gateway'),
    ]);
    const owner = await scene.login('a-owner');
    const given = (into: string) =>
      act('splits', { ...SPLIT, parts: [{ into, gateways: [GATEWAY_A] }], ends: false }, owner);
    const [toForeign, toNobody] = [await given('b'), await given('nobody')];
    expect([toForeign.status, toForeign.text.replace(' b.', ' nobody.')]).toEqual([404, toNobody.text]);
    expect((await given('a1')).status).toBe(200);
    expect(await idsOf(scene, 'gateways', owner)).toEqual([GATEWAY_A]);
  });

  test('tells each trail its own part', async () => {
    const scene = await openScene();
    const north = madeBy(await scene.act('splits', SPLIT));
    const [ofA, ofNorth, ofB] = ['a', north, 'b'].map((id) => trailOf(scene, id, 'transfer-holdings'));
    expect([ofA?.length, ofNorth?.length, ofB?.length]).toEqual([1, 1, 0]);
    expect(ofA?.[0]).not.toContain(`"organisationId":"${north}"`);
    expect(ofNorth?.[0]).not.toContain('"organisationId":"a"');
  });
});
