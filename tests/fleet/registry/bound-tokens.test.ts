import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { createEnrolment, type Enrolled } from '../../../fleet/registry/enrolment.js';
import { EnrolmentError } from '../../../fleet/registry/errors.js';
import { createGatewayControl } from '../../../fleet/registry/gateway-control.js';
import { waitingClaims } from '../../../fleet/registry/held-claims.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { directoryOf, point } from '../projections/fleet-of-views.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { makeRequest } from './certificate-requests.js';

const newId = (): string => randomBytes(10).toString('hex');

const openFleet = async () => {
  const folder = temporaryFolder();
  const clock = { now: Date.UTC(2026, 5, 1) };
  const now = (): number => clock.now;
  const authority = await openAuthority(join(folder, 'authority'), { now });
  const store = openRegistryStore(join(folder, 'registry.db'), { newId });
  const organisation = { id: 'org', parentId: null, name: 'Org', type: 'municipality' } as const;
  store.addOrganisation({ ...organisation, code: null, timeZone: 'Europe/Paris' });
  const broker = { host: null, port: 8883, serverName: 'fleet' };
  const deps = { store, authority, now, newId, random: (bytes: number) => randomBytes(bytes), broker };
  const enrolment = createEnrolment(deps);
  const issue = (bounds: Partial<Parameters<typeof enrolment.issueToken>[0]> = {}) =>
    enrolment.issueToken({ organisationId: 'org', createdBy: 'p', ...bounds });
  return { clock, store, enrolment, issue, control: createGatewayControl(deps) };
};

const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  return error instanceof EnrolmentError ? error.code : `no EnrolmentError: ${String(error)}`;
};

const csr = async (): Promise<string> => (await makeRequest()).csrPem;

const idOf = ({ response }: Enrolled): string => response.gatewayId;

it('a token for one box works on that box alone, however its serial number is written', async () => {
  const { enrolment, issue, store } = await openFleet();
  const { token } = issue({ serial: '0000-1A:2b 3c' });
  const { csrPem: csr } = await makeRequest();
  expect(await codeOf(enrolment.enrol({ token, csr, name: 'x' }))).toBe('serial');
  expect(await codeOf(enrolment.enrol({ token, csr, name: 'x', serial: '1a2b3d' }))).toBe('serial');
  expect((await enrolment.enrol({ token, csr, name: 'x', serial: '1A2B3C' })).state).toBe('created');
  expect(() => issue({ serial: ' 00 ' })).toThrow(/no serial number/);
  store.close();
});

it('a revoked token is as unknown as one that never was; a used one cannot be revoked', async () => {
  const { enrolment, issue, store, clock } = await openFleet();
  const revoked = issue();
  expect(store.revokeEnrolmentToken(revoked.id, clock.now)).toBe(true);
  expect(store.revokeEnrolmentToken(revoked.id, clock.now)).toBe(false);
  const { csrPem: csr } = await makeRequest();
  expect(await codeOf(enrolment.enrol({ token: revoked.token, csr, name: 'x' }))).toBe('token-refused');
  const used = issue();
  await enrolment.enrol({ token: used.token, csr, name: 'x' });
  expect(store.revokeEnrolmentToken(used.id, clock.now)).toBe(false);
  store.close();
});

it('a claim that needs approval waits, gets one certificate when it is approved, and no one else can have it', async () => {
  const { enrolment, issue, store, control } = await openFleet();
  const { token } = issue({ approval: true });
  const requests = await Promise.all(Array.from({ length: 6 }, () => makeRequest()));
  const ask = ({ csrPem }: { csrPem: string }) =>
    enrolment.enrol({ token, csr: csrPem, name: 'Armoire', serial: 'abc' });
  const outcomes = await Promise.allSettled(requests.map(ask));
  const index = outcomes.findIndex(({ status }) => status === 'fulfilled');
  const [mine, another] = [requests[index], requests[(index + 1) % 6]];
  if (mine === undefined || another === undefined) throw new Error('six were made');
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await ask(mine)).state).toBe('waiting');
  const [claim, ...others] = store.heldClaims();
  expect(others).toEqual([]);
  expect(claim).toMatchObject({ name: 'Armoire', serial: 'abc', organisationId: 'org' });
  expect(store.gateways()).toEqual([]);
  control.approve(claim?.gatewayId ?? '', 'operator');
  expect(await codeOf(ask(another))).toBe('token-used');
  const answers = await Promise.all([ask(mine), ask(mine), ask(mine)]);
  expect(answers.filter(({ state }) => state === 'created')).toHaveLength(1);
  expect(new Set(answers.map(({ response }) => JSON.stringify(response))).size).toBe(1);
  expect(store.gateways().map(({ id }) => id)).toEqual([claim?.gatewayId]);
  expect(store.heldClaims()).toEqual([]);
  expect(() => control.approve(claim?.gatewayId ?? '', 'operator')).toThrow(/approved already/);
  store.close();
});

it('a token for a site that was found to be a duplicate is one for the site that it turned out to be', async () => {
  const { enrolment, issue, store } = await openFleet();
  const site = { organisationId: 'org', name: 'Station', address: null, geometry: null };
  // the merge does not reach the tokens: who merges may not see them
  store.apply({
    id: 'merged',
    kind: 'merge',
    at: 1,
    by: 'p',
    effective: null,
    summary: {},
    concerns: ['org'],
    changes: [
      { record: 'site', before: null, after: { ...site, id: 'golden', mergedInto: null } },
      { record: 'site', before: null, after: { ...site, id: 'middle', mergedInto: 'golden' } },
      { record: 'site', before: null, after: { ...site, id: 'first', mergedInto: 'middle' } },
    ],
  });
  const [direct, held] = [issue({ siteId: 'first' }), issue({ siteId: 'first', approval: true })];
  const organisations = new Set(['org']);
  const atGolden = { organisations, siteId: 'golden' };
  const page = { limit: 10 };
  expect(store.enrolmentTokensIn(atGolden, page).map(({ siteId }) => siteId)).toEqual(['golden', 'golden']);
  expect(store.enrolmentTokenIn(atGolden, direct.id)?.siteId).toBe('golden');
  expect(store.enrolmentTokensIn({ organisations, siteId: 'first' }, page)).toEqual([]);
  const { csrPem: csr } = await makeRequest();
  const id = idOf(await enrolment.enrol({ token: direct.token, csr, name: 'x' }));
  expect(store.record('gateway', id)?.siteId).toBe('golden');
  const waiting = idOf(await enrolment.enrol({ token: held.token, csr, name: 'y' }));
  expect(store.heldClaimIn(atGolden, waiting)?.siteId).toBe('golden');
  expect(store.heldClaimsIn(atGolden, 0, page).map(({ gatewayId }) => gatewayId)).toEqual([waiting]);
  store.close();
});

it('a claim that is rejected is told why, for good', async () => {
  const { enrolment, issue, store, control } = await openFleet();
  const { token } = issue({ approval: true });
  const { csrPem: csr } = await makeRequest();
  const id = idOf(await enrolment.enrol({ token, csr, name: 'x' }));
  control.reject(id, { by: 'operator', reason: 'not ours' });
  const again = enrolment.enrol({ token, csr, name: 'x' });
  await expect(again).rejects.toThrow(/rejected this claim: not ours/);
  expect(store.gateways()).toEqual([]);
  expect(() => control.approve('nobody', 'operator')).toThrow(/No claim waits/);
  store.close();
});

it('a claim that nobody decides within seven days expires, and its gateway is told so', async () => {
  const { enrolment, issue, store, control, clock } = await openFleet();
  const { csrPem: csr } = await makeRequest();
  const order = { token: issue({ approval: true }).token, csr, name: 'x' };
  const id = idOf(await enrolment.enrol(order));
  const approvedId = idOf(await enrolment.enrol({ ...order, token: issue({ approval: true }).token }));
  clock.now += 7 * 86_400_000 - 1;
  expect((await enrolment.enrol(order)).state).toBe('waiting');
  expect(
    waitingClaims(store, clock.now)
      .map(({ gatewayId }) => gatewayId)
      .toSorted(),
  ).toEqual([id, approvedId].toSorted());
  control.approve(approvedId, 'operator');
  clock.now += 1;
  await expect(enrolment.enrol(order)).rejects.toThrow(/No operator decided this claim within 7 days/);
  expect(await codeOf(enrolment.enrol(order))).toBe('forgotten');
  expect(waitingClaims(store, clock.now)).toEqual([]);
  expect(() => control.approve(id, 'operator')).toThrow(/waited for 7 days and has expired/);
  expect(() => control.reject(id, { by: 'operator', reason: 'late' })).toThrow(/has expired/);
  expect(store.gateways()).toEqual([]);
  expect(() => control.reject(approvedId, { by: 'operator', reason: 'late' })).toThrow(/approved already/);
  store.close();
});

it.each([[false], [true]])(
  'a replacement goes on with the same points, and the old gateway is refused (approval: %s)',
  async (approval) => {
    const { enrolment, issue, store, control, clock } = await openFleet();
    const old = idOf(await enrolment.enrol({ token: issue().token, csr: await csr(), name: 'Old' }));
    const directory = directoryOf(point(1), point(2));
    const before = store.resolve(old, directory, clock.now);
    clock.now += 1000;
    const [first, second] = [issue({ replaces: old, approval }), issue({ replaces: old })];
    const request = await csr();
    let granted = await enrolment.enrol({ token: first.token, csr: request, name: 'New' });
    if (approval) {
      expect(store.revocation(old)).toBeUndefined();
      control.approve(granted.response.gatewayId, 'operator');
      granted = await enrolment.enrol({ token: first.token, csr: request, name: 'New' });
    }
    const successor = idOf(granted);
    expect(store.successorOf(old)).toBe(successor);
    expect(store.revocation(old)?.reason).toBe(`replaced by ${successor}`);
    expect(store.certificatesOf(old).every(({ revokedAt }) => revokedAt === clock.now)).toBe(true);
    clock.now += 1000;
    expect(store.resolve(successor, directory, clock.now)).toEqual(before);
    // the log read again from the start changes nothing of that
    expect(store.resolve(old, directory, clock.now - 2000)).toEqual(before);
    expect(store.resolve(successor, directory, clock.now)).toEqual(before);
    const third = await csr();
    expect(await codeOf(enrolment.enrol({ token: second.token, csr: third, name: 'x' }))).toBe('replaced');
    expect(() => issue({ replaces: old })).toThrow(/replaced by/);
    expect(() => issue({ replaces: 'nobody' })).toThrow(/no gateway/);
    store.close();
  },
);
