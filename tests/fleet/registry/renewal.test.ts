import { randomBytes, sign, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renewalStatement, type EnrolResponse } from '../../../agent/wire/enrolment.js';
import { openAuthority } from '../../../fleet/registry/authority/authority.js';
import { createEnrolment } from '../../../fleet/registry/enrolment.js';
import { RenewalError } from '../../../fleet/registry/errors.js';
import { createGatewayControl } from '../../../fleet/registry/gateway-control.js';
import { createRenewal, DEFAULT_GRACE_DAYS } from '../../../fleet/registry/renewal.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { makeRequest, type RequestWithKey } from './certificate-requests.js';

const DAY_MS = 86_400_000;
const newId = (): string => randomBytes(10).toString('hex');

const thumbprintOf = (pem: string): string =>
  new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase();

/** A fleet's identity side over a real registry, with one enrolled gateway. */
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
  const renewal = createRenewal({ ...deps, graceDays: DEFAULT_GRACE_DAYS });
  const key = await makeRequest();
  const { token } = enrolment.issueToken({ organisationId: 'org', createdBy: 'p' });
  const enrolled = await enrolment.enrol({ token, csr: key.csrPem, name: 'G' });
  if (enrolled.state === 'waiting') throw new Error('it waits');
  const events = (): string[] =>
    store.certificatesOf(enrolled.response.gatewayId).length === 0 ? [] : noted.map(({ kind }) => kind);
  const noted: { kind: string }[] = [];
  const noteEvent = store.noteEvent.bind(store);
  store.noteEvent = (event) => {
    noted.push(event);
    noteEvent(event);
  };
  return {
    clock,
    store,
    renewal,
    enrolment,
    events,
    control: createGatewayControl(deps),
    gatewayId: enrolled.response.gatewayId,
    first: { response: enrolled.response, keyPem: key.keyPem },
  };
};
type Held = { readonly response: EnrolResponse; readonly keyPem: string };
type Fleet = Awaited<ReturnType<typeof openFleet>>;

const asked = (held: Held, next: RequestWithKey, signedWith = held.keyPem) => {
  const certificate = thumbprintOf(held.response.certificate);
  const statement = Buffer.from(renewalStatement({ certificate, csr: next.csrPem }));
  const proof = sign('sha256', statement, { key: signedWith, dsaEncoding: 'ieee-p1363' });
  return { certificate, csr: next.csrPem, proof: proof.toString('base64url') };
};

const renewed = async (fleet: Fleet, held: Held): Promise<Held> => {
  const next = await makeRequest();
  const { response } = await fleet.renewal.renew(asked(held, next));
  return { response, keyPem: next.keyPem };
};

const refusal = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  return error instanceof RenewalError ? error.code : `no RenewalError: ${String(error)}`;
};

it('gives the next certificate for a new key; the old one stays good until the new one is used', async () => {
  const fleet = await openFleet();
  const { store, clock, first, gatewayId } = fleet;
  store.noteCertificateUsed(thumbprintOf(first.response.certificate), clock.now);
  clock.now += 60 * DAY_MS;
  const second = await renewed(fleet, first);
  expect(second.response.gatewayId).toBe(gatewayId);
  expect(new X509Certificate(second.response.certificate).subject).toBe(`CN=${gatewayId}`);
  const state = () => store.certificatesOf(gatewayId).map(({ supersededAt }) => supersededAt !== undefined);
  expect(state()).toEqual([false, false]);
  store.noteCertificateUsed(thumbprintOf(second.response.certificate), clock.now);
  expect(state()).toEqual([true, false]);
  expect(await refusal(renewed(fleet, first))).toBe('superseded');
  expect(fleet.events()).toEqual(['renewed', 'renewal-refused']);
  store.close();
});

it('answers the same request with the same certificate, and keeps at most two good', async () => {
  const fleet = await openFleet();
  fleet.store.noteCertificateUsed(thumbprintOf(fleet.first.response.certificate), fleet.clock.now);
  const next = await makeRequest();
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => fleet.renewal.renew(asked(fleet.first, next))),
  );
  expect(new Set(answers.map(({ response }) => response.certificate)).size).toBe(1);
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  for (let round = 0; round < 3; round += 1) await renewed(fleet, fleet.first);
  const good = fleet.store.certificatesOf(fleet.gatewayId).filter((each) => each.supersededAt === undefined);
  expect(good).toHaveLength(2);
  fleet.store.close();
});

it('lets an expired key do nothing but renew, flags it, and refuses it beyond the grace', async () => {
  const fleet = await openFleet();
  fleet.clock.now += (90 + DEFAULT_GRACE_DAYS) * DAY_MS;
  await renewed(fleet, fleet.first);
  expect(fleet.events()).toEqual(['renewed-late']);
  fleet.clock.now += DAY_MS;
  expect(await refusal(renewed(fleet, fleet.first))).toBe('grace-over');
  fleet.clock.now -= 600 * DAY_MS;
  expect(await refusal(renewed(fleet, fleet.first))).toBe('not-yet-valid');
  fleet.store.close();
});

it('refuses what the key of a known certificate did not sign, and tells no difference', async () => {
  const fleet = await openFleet();
  const other = await makeRequest();
  const next = await makeRequest();
  const right = asked(fleet.first, next);
  const attempts = [
    asked(fleet.first, next, other.keyPem),
    { ...right, csr: other.csrPem },
    { ...right, certificate: '0'.repeat(64) },
    { ...right, proof: randomBytes(64).toString('base64url') },
    { ...right, proof: '' },
  ];
  for (const attempt of attempts) expect(await refusal(fleet.renewal.renew(attempt))).toBe('unproven');
  expect(await refusal(fleet.renewal.renew({ ...right, csr: 'none' }))).toBe('bad-request');
  expect((await fleet.renewal.renew(right)).created).toBe(true);
  fleet.store.close();
});

it('renews nothing that is revoked, in the grace neither', async () => {
  const fleet = await openFleet();
  const next = await renewed(fleet, fleet.first);
  fleet.control.revoke(fleet.gatewayId, { by: 'me', reason: 'stolen' });
  expect(await refusal(renewed(fleet, fleet.first))).toBe('revoked');
  expect(await refusal(renewed(fleet, next))).toBe('revoked');
  fleet.clock.now += 100 * DAY_MS;
  expect(await refusal(renewed(fleet, fleet.first))).toBe('revoked');
  expect(() => fleet.control.revoke(fleet.gatewayId, { by: 'me', reason: 'again' })).toThrow(
    /already.*stolen/,
  );
  expect(() => fleet.control.revoke('nobody', { by: 'me', reason: 'x' })).toThrow(/no gateway/);
  fleet.store.close();
});
