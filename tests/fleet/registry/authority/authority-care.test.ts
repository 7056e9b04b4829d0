import 'reflect-metadata';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Certificate as PeculiarCertificate, X509Crl } from '@peculiar/x509';
import { expect, it } from 'vitest';
import { openAuthority } from '../../../../fleet/registry/authority/authority.js';
import { openAuthorityCare } from '../../../../fleet/registry/authority/authority-care.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { makeRequest } from '../certificate-requests.js';

const now = Date.now;
const GATEWAY = 'gateway000000000001';

it('rotates the issuer beside a running service, with the root’s key brought back for it', async () => {
  const folder = temporaryFolder();
  const authority = await openAuthority(folder, { now });
  const { csrPem } = await makeRequest();
  const old = await authority.issueGateway({ csrPem, gatewayId: GATEWAY });
  const before = authority.issuerPem;
  const care = await openAuthorityCare(folder, { now });
  const rootKey = await care.rootKeyPem();
  await care.removeRootKey();
  await expect(care.rotate()).rejects.toThrow(/root\.key is missing/);
  await care.rotate(rootKey);
  const next = await authority.issueGateway({ csrPem, gatewayId: GATEWAY });
  expect(authority.issuerPem).not.toBe(before);
  expect(authority.issuerOf(old.pem)).toBe(before);
  expect(new X509Certificate(next.pem).verify(new X509Certificate(authority.issuerPem).publicKey)).toBe(true);
  const reopened = await openAuthority(folder, { now });
  expect([reopened.issuerOf(old.pem), reopened.rootPem]).toEqual([before, authority.rootPem]);
});

it('makes lists of revoked certificates of the issuers before a rotation too, whatever the passphrase becomes', async () => {
  const folder = temporaryFolder();
  const first = await openAuthority(folder, { now });
  const old = await first.issueGateway({ csrPem: (await makeRequest()).csrPem, gatewayId: GATEWAY });
  const care = await openAuthorityCare(folder, { now });
  await care.rotate();
  await care.changePassphrase('quatre saisons');
  const authority = await openAuthority(folder, { now, passphrase: 'quatre saisons' });
  const lists = await authority.revocationLists([{ pem: old.pem, endedAt: Date.now() }]);
  const read = lists.split(/(?=-----BEGIN)/).map((pem) => new X509Crl(pem.replaceAll('X509 CRL', 'CRL')));
  expect(read.map(({ entries }) => entries.length)).toEqual([0, 1]);
  expect(
    await Promise.all(
      read.map((list) => list.verify({ publicKey: new PeculiarCertificate(first.issuerPem) })),
    ),
  ).toEqual([false, true]);
});

it('keeps keys encrypted, and opens them with the right passphrase alone', async () => {
  const folder = temporaryFolder();
  await openAuthority(folder, { now });
  for (const name of ['root.key', 'issuer.pem']) {
    expect(readFileSync(join(folder, name), 'utf8')).not.toMatch(/BEGIN (EC )?PRIVATE KEY/);
  }
  await (await openAuthorityCare(folder, { now })).changePassphrase('quatre saisons');
  await expect(openAuthority(folder, { now })).rejects.toMatchObject({ code: 'passphrase' });
  const wrong = openAuthority(folder, { now, passphrase: 'cinq' });
  await expect(wrong).rejects.toMatchObject({ code: 'passphrase' });
  const care = await openAuthorityCare(folder, { now, passphrase: 'quatre saisons' });
  expect((await care.status()).passphrase).toBe('given');
  await openAuthority(folder, { now, passphrase: 'quatre saisons' });
});
