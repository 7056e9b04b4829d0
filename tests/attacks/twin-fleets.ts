import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { hashPassword } from '../../fleet/access/passwords.js';
import { addGiven, addKept } from './given.js';
import { createRandom } from './random.js';
import {
  addGateway,
  directoryOf,
  EPOCH,
  openFleetIn,
  point,
  reading,
  T0,
} from '../fleet/projections/fleet-of-views.js';
import {
  GATEWAY_A,
  GATEWAY_B,
  openHttpOver,
  PASSWORD,
  type HttpUnderTest,
} from '../fleet/http/http-under-test.js';

/** A fleet of which `a` sees the same as of its twin. */
export interface Twin extends HttpUnderTest {
  close(): Promise<void>;
}

type Mode = 'v' | 'h';

/** Ids, secrets and salts that do not tell how many there are of what one cannot see. */
const createIds = () => {
  const counters = { v: 0, h: 0 };
  const random = { v: createRandom(1), h: createRandom(2) };
  const state: { mode: Mode } = { mode: 'v' };
  const next = (): string => {
    counters[state.mode] += 1;
    return `${state.mode}${String(counters[state.mode]).padStart(19, '0')}`;
  };
  return { state, next, random: (length: number) => random[state.mode].bytes(length) };
};

const STEP_MS = 10_000;
const series = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) =>
    reading(from + index + 1, T0 + (from + index) * STEP_MS, 100 + (index % 7)),
  );

const OWN = directoryOf(
  point(1),
  point(2, { key: 'index', kind: 'counter', valueType: 'integer', unit: 'W.h' }),
);
const FOREIGN = directoryOf(point(1, { key: 'other' }), point(2, { key: 'more' }));

const sendOwn = async ({ fleet }: HttpUnderTest): Promise<void> => {
  await fleet.sendDirectory(OWN, GATEWAY_A);
  const columns = [{ point: 1, readings: series(300) }];
  await fleet.send(OWN, { content: 'readings', columns }, { source: GATEWAY_A, epoch: EPOCH, seq: 1 });
  await fleet.project();
};

const EVERYTHING = {
  secretHash: 'hidden',
  createdAt: 1,
  createdBy: 'p',
  expires: 9_000_000_000_000,
  personId: null,
  revokedAt: null,
} as const;

/** Somebody, an invitation, a key, a claim that waits, a site, a location and a gateway that are in one fleet alone. */
const addHiddenRecords = ({ fleet: { registry }, clock }: HttpUnderTest): void => {
  const place = { organisationId: 'b', role: 'viewer', name: 'Caché' } as const;
  registry.addPerson({ id: 'person-hidden', login: 'hidden', passwordHash: null, ...place });
  const invitation = { id: 'invitation-hidden', tokenHash: 'hidden', login: null, usedAt: null };
  registry.addInvitation({ ...EVERYTHING, ...place, ...invitation });
  const unused = { lastUsedAt: null, lastUsedFrom: null, replacedBy: null };
  registry.addKey({
    ...EVERYTHING,
    ...place,
    id: 'key-hidden',
    actions: null,
    purpose: 'billing',
    ...unused,
  });
  const token = { id: 'token-hidden', secretHash: 'hidden', organisationId: 'b', createdBy: 'p' };
  registry.addEnrolmentToken({ ...token, expires: EVERYTHING.expires, approval: true });
  const claim = { gatewayId: 'heldhhhhhhhhhhhhhhhh', name: 'Caché', serial: undefined };
  registry.holdClaim('hidden', { gatewayId: claim.gatewayId, at: clock.now, csrHash: 'c' }, claim);
  addGateway(registry, 'gatewayhhhhhhhhhhhhh', 'b');
  addSite({ fleet: { registry } }, { id: 'site-hidden', organisationId: 'b' });
  addLocation({ fleet: { registry } }, { id: 'hidden-place', key: 'hidden', siteId: 'site-hidden' }, 'b');
};

/** What `a` must not learn of: more of everything, of others. */
const addHidden = async (http: HttpUnderTest, part: number): Promise<void> => {
  const { fleet, clock } = http;
  const { registry } = fleet;
  if (part === 0) addHiddenRecords(http);
  const place = { type: 'service', code: null, timeZone: 'Europe/Paris' } as const;
  for (let index = 0; index < 5; index += 1) {
    registry.addOrganisation({ id: `h-${part}-${index}`, parentId: 'b', name: `Caché ${index}`, ...place });
  }
  await fleet.sendDirectory(FOREIGN, GATEWAY_B);
  const columns = [{ point: 1, readings: series(50, part * 50) }];
  const sent = { source: GATEWAY_B, epoch: EPOCH, seq: part * 2 + 2 };
  await fleet.send(FOREIGN, { content: 'readings', columns }, sent);
  await fleet.project();
  registry.noteGateway(GATEWAY_B, { connected: true, lastSeen: clock.now, agentVersion: '9.9.9' });
  registry.noteEvent({ gatewayId: GATEWAY_B, kind: 'cloned', detail: `part ${part}`, at: clock.now });
};

const hiddenActs = async (http: HttpUnderTest): Promise<void> => {
  const operator = await http.login('b-operator');
  for (let index = 0; index < 5; index += 1) {
    await http.post('/api/v1/enrolment-tokens', { organisationId: 'b' }, operator);
    await http.post('/api/v1/organisations', { parentId: 'a', name: 'X', type: 'service' }, operator);
  }
};

const GATEWAY_C = 'gatewayccccccccccccc';
const ELSEWHERE = directoryOf(point(1, { key: 'elsewhere' }), point(2, { key: 'more' }));

/** A technician of `a` whose role is limited to the site at which its gateway stands. */
export const LIMITED = 'a-limited';

type Registry = { readonly fleet: Pick<HttpUnderTest['fleet'], 'registry'> };

const ACT = { kind: 'add', at: 1, by: 'p', effective: null, summary: {} } as const;

const addSite = (
  { fleet: { registry } }: Registry,
  { id, organisationId }: { readonly id: string; readonly organisationId: string },
  gatewayId?: string,
): void => {
  const more = { name: `Site ${id}`, address: null, geometry: null, mergedInto: null };
  const site = { id, organisationId, ...more };
  registry.apply({
    id: `act-${id}`,
    ...ACT,
    concerns: [organisationId],
    changes: [{ record: 'site', before: null, after: site }],
  });
  if (gatewayId === undefined) return;
  const gateway = registry.record('gateway', gatewayId);
  if (gateway === undefined) throw new Error(`no gateway ${gatewayId}`);
  registry.apply({
    id: `act-${id}-gateway`,
    ...ACT,
    concerns: [organisationId],
    changes: [{ record: 'gateway', before: gateway, after: { ...gateway, siteId: id } }],
  });
};

/** With a delivery point that another may have too. */
const addLocation = (
  { fleet: { registry } }: Registry,
  { id, ...place }: { readonly id: string; readonly key: string; readonly siteId: string },
  organisationId: string,
): void => {
  const more = { name: id, prm: '30000000000007', pce: null, geometry: null, mergedInto: null };
  const location = { id, organisationId, ...place, ...more };
  const holding = {
    id: `holding-${id}`,
    subjectId: id,
    organisationId,
    from: 0,
    to: null,
    title: 'holder',
  } as const;
  registry.apply({
    id: `act-${id}`,
    ...ACT,
    concerns: [organisationId],
    changes: [
      { record: 'location', before: null, after: location },
      { record: 'locationHolding', before: null, after: holding },
    ],
  });
};

const addLimited = async (http: HttpUnderTest): Promise<void> => {
  const passwordHash = await hashPassword(PASSWORD);
  http.fleet.registry.addPerson({
    id: `person-${LIMITED}`,
    login: LIMITED,
    name: LIMITED,
    passwordHash,
    organisationId: 'a',
    role: 'technician',
    limit: { siteId: 'site-seen' },
  });
};

/** What a role limited to a site must not learn of: more of everything at another site of the same organisation. */
const addElsewhere = async (http: HttpUnderTest, part: number): Promise<void> => {
  const { fleet, clock } = http;
  if (part === 0) {
    addGateway(fleet.registry, GATEWAY_C, 'a');
    addSite(http, { id: 'site-hidden', organisationId: 'a' }, GATEWAY_C);
    addLocation(http, { id: 'hidden-place', key: 'hidden', siteId: 'site-hidden' }, 'a');
  }
  await fleet.sendDirectory(ELSEWHERE, GATEWAY_C);
  const columns = [{ point: 1, readings: series(50, part * 50) }];
  await fleet.send(
    ELSEWHERE,
    { content: 'readings', columns },
    { source: GATEWAY_C, epoch: EPOCH, seq: part * 2 + 2 },
  );
  await fleet.project();
  fleet.registry.noteGateway(GATEWAY_C, { connected: true, lastSeen: clock.now });
  fleet.registry.noteEvent({ gatewayId: GATEWAY_C, kind: 'cloned', detail: `part ${part}`, at: clock.now });
  await http.post('/api/v1/enrolment-tokens', { organisationId: 'a' }, await http.login('a-owner'));
};

/** From whom things are hidden: another organisation, or a role that is limited to a site. */
export type Hidden = 'other-organisations' | 'other-sites';

/**
 * Two fleets: of the second, others have more of everything, from before and from after what `a` has, or its gateway's
 * site.
 */
export const openTwins = async (folder: string, what: Hidden): Promise<readonly [Twin, Twin]> => {
  const open = async (name: string, full: boolean): Promise<Twin> => {
    const ids = createIds();
    const home = join(folder, name);
    mkdirSync(home);
    const fleet = openFleetIn(home, { newId: ids.next });
    const http = await openHttpOver(fleet, { newId: ids.next, random: ids.random });
    const hidden = async (act: () => Promise<void>): Promise<void> => {
      if (!full) return;
      ids.state.mode = 'h';
      await act();
      ids.state.mode = 'v';
    };
    const add = what === 'other-sites' ? addElsewhere : addHidden;
    addSite(http, { id: 'site-seen', organisationId: 'a' }, GATEWAY_A);
    addLocation(http, { id: 'own-place', key: 'own', siteId: 'site-seen' }, 'a');
    if (what === 'other-sites') await addLimited(http);
    await hidden(() => add(http, 0));
    await sendOwn(http);
    if (what === 'other-organisations') await addGiven(fleet);
    await hidden(() => add(http, 1));
    if (what === 'other-organisations') await hidden(() => addKept(fleet));
    await hidden(() => hiddenActs(http));
    if (full) http.health.current = { ...http.health.current, log: { head: 9000, lag: 12 } };
    return http;
  };
  return [await open('one', false), await open('other', true)];
};
