import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSourceId } from '../../../agent/wire/topics.js';
import { openAuthority, type Authority } from '../../../fleet/registry/authority/authority.js';
import type { EnrolResponse } from '../../../agent/wire/enrolment.js';
import { createEnrolment, type Enrolled, type Enrolment } from '../../../fleet/registry/enrolment.js';
import { EnrolmentError } from '../../../fleet/registry/errors.js';
import type { RegistryStore } from '../../../fleet/store/registry-store.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { makeRequest, makeRsaRequest } from './certificate-requests.js';

const HOUR_MS = 3_600_000;
const newId = (): string => randomBytes(10).toString('hex');

let folder: string;
let authority: Authority;
let store: RegistryStore;
let now = Date.UTC(2026, 5, 1);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-enrolment-'));
  authority = await openAuthority(join(folder, 'authority'), { now: () => now });
  store = openRegistryStore(join(folder, 'registry.db'), { newId });
  store.addOrganisation({
    id: 'org',
    parentId: null,
    name: 'Val-de-Saône',
    type: 'intercommunality',
    code: null,
    timeZone: 'Europe/Paris',
  });
});
afterAll(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const enrolment = (): Enrolment =>
  createEnrolment({
    store,
    authority,
    now: () => now,
    newId,
    random: (bytes) => randomBytes(bytes),
    broker: { host: null, port: () => 8883, serverName: 'fleet' },
  });
const issue = (hours?: number): string =>
  enrolment().issueToken({
    organisationId: 'org',
    createdBy: 'someone',
    ...(hours === undefined ? {} : { hours }),
  }).token;
const granted = (enrolled: Enrolled): EnrolResponse => {
  if (enrolled.state === 'waiting') throw new Error('it waits');
  return enrolled.response;
};
const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  return error instanceof EnrolmentError ? error.code : `no EnrolmentError: ${String(error)}`;
};

it('gives a gateway its certificate, its way to the broker and a place in the registry', async () => {
  const { csrPem } = await makeRequest();
  const enrolled = await enrolment().enrol({ token: issue(), csr: csrPem, name: ' Pumping station ' });
  expect(enrolled.state).toBe('created');
  const response = granted(enrolled);
  expect(isSourceId(response.gatewayId)).toBe(true);
  expect(response.broker).toEqual({ host: null, port: 8883, serverName: 'fleet' });
  expect(response.root).toBe(authority.rootPem);
  const certificate = new X509Certificate(response.certificate);
  expect(certificate.subject).toBe(`CN=${response.gatewayId}`);
  expect(certificate.verify(new X509Certificate(response.issuer).publicKey)).toBe(true);
  expect(store.gateway(response.gatewayId)).toMatchObject({ organisationId: 'org', name: 'Pumping station' });
  const thumbprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  expect(store.certificate(thumbprint)?.gatewayId).toBe(response.gatewayId);
});

it('answers the same claim with the same certificate, even after the token ran out', async () => {
  const { csrPem } = await makeRequest();
  const token = issue(1);
  const first = await enrolment().enrol({ token, csr: csrPem, name: 'a' });
  now += 2 * HOUR_MS;
  const second = await enrolment().enrol({ token, csr: `\n${csrPem}\n`, name: 'b' });
  expect(second).toEqual({ state: 'known', response: first.response });
});

describe('a token', () => {
  it('is kept as a hash only', async () => {
    const token = issue();
    const secret = token.split('.')[1] ?? '';
    const files = await Promise.all(
      ['registry.db', 'registry.db-wal'].map((name) => readFile(join(folder, name), 'latin1')),
    );
    expect(secret).toHaveLength(43);
    expect(files.join('').includes(secret)).toBe(false);
  });

  it('gives exactly one certificate to twenty gateways at once', async () => {
    const token = issue();
    const before = store.gateways().length;
    const requests = await Promise.all(Array.from({ length: 20 }, () => makeRequest()));
    const outcomes = await Promise.all(
      requests.map(({ csrPem }) =>
        enrolment()
          .enrol({ token, csr: csrPem, name: 'one of many' })
          .then(
            () => 'created',
            (error: unknown) => (error instanceof EnrolmentError ? error.code : 'other'),
          ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'token-used')).toHaveLength(19);
    expect(store.gateways()).toHaveLength(before + 1);
  });

  it('gives one certificate to one gateway that asks twenty times at once', async () => {
    const token = issue();
    const { csrPem } = await makeRequest();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => enrolment().enrol({ token, csr: csrPem, name: 'impatient' })),
    );
    expect(new Set(answers.map((answer) => granted(answer).certificate)).size).toBe(1);
    expect(answers.filter(({ state }) => state === 'created')).toHaveLength(1);
  });

  it('is refused alike when unknown, expired or of another fleet', async () => {
    const { csrPem } = await makeRequest();
    const expired = issue(1);
    now += HOUR_MS;
    const unknown = `tt1.${randomBytes(32).toString('base64url')}.${authority.rootFingerprint}`;
    const foreign = issue().replace(authority.rootFingerprint, '0'.repeat(64));
    const messages = new Set<string>();
    for (const token of [expired, unknown, foreign]) {
      const error: unknown = await enrolment()
        .enrol({ token, csr: csrPem, name: 'x' })
        .catch((caught: unknown) => caught);
      if (error instanceof EnrolmentError) messages.add(`${error.code} ${error.message}`);
    }
    expect([...messages]).toEqual([expect.stringMatching(/^token-refused /)]);
  });

  it('stays good after a claim that was refused', async () => {
    const token = issue();
    const { csrPem } = await makeRequest();
    const rsa = await makeRsaRequest();
    const attempt = (csr: string, name = 'x', text = token): Promise<string> =>
      codeOf(enrolment().enrol({ token: text, csr, name }));
    expect(await attempt('')).toBe('bad-request');
    expect(await attempt(rsa.csrPem)).toBe('bad-request');
    expect(await attempt(csrPem, ' ')).toBe('bad-request');
    expect(await attempt(csrPem, 'two\nlines')).toBe('bad-request');
    expect(await attempt(csrPem, 'x'.repeat(101))).toBe('bad-request');
    expect(await attempt(csrPem, 'x', token.slice(0, -1))).toBe('bad-request');
    expect((await enrolment().enrol({ token, csr: csrPem, name: 'x' })).state).toBe('created');
  });

  it('lasts 72 hours unless told otherwise, and never for ever', () => {
    const order = { organisationId: 'org', createdBy: 'someone' };
    expect(enrolment().issueToken(order).expires).toBe(now + 72 * HOUR_MS);
    for (const hours of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2161]) {
      expect(() => enrolment().issueToken({ ...order, hours })).toThrow(EnrolmentError);
    }
  });
});
