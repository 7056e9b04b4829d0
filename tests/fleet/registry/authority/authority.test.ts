import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAuthority, publicKeyOf } from '../../../../fleet/registry/authority/authority.js';
import { AuthorityError } from '../../../../fleet/registry/authority/errors.js';
import { makeRequest, makeRsaRequest } from '../certificate-requests.js';

const NOW = Date.UTC(2026, 2, 29, 1, 30);
const DAY_MS = 86_400_000;
const GATEWAY = 'gw00000000000001';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-authority-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (time: number) => openAuthority(folder, { now: () => time });
const codeOf = async (attempt: Promise<unknown>): Promise<string> => {
  const error: unknown = await attempt.catch((caught: unknown) => caught);
  return error instanceof AuthorityError ? error.code : `no AuthorityError: ${String(error)}`;
};

describe('opening', () => {
  it('makes root and issuer at the first start and keeps them', async () => {
    const first = await at(NOW);
    const second = await at(NOW + 1000 * DAY_MS);
    expect(second.rootPem).toBe(first.rootPem);
    expect(second.issuerPem).toBe(first.issuerPem);
    const root = new X509Certificate(first.rootPem);
    const issuer = new X509Certificate(first.issuerPem);
    expect(root.verify(root.publicKey) && issuer.verify(root.publicKey) && issuer.checkIssued(root)).toBe(
      true,
    );
    expect(root.ca && issuer.ca).toBe(true);
    expect(first.rootFingerprint).toBe(root.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(Date.parse(root.validTo) - NOW).toBe(20 * 365 * DAY_MS);
    expect(Date.parse(issuer.validTo) - NOW).toBe(5 * 365 * DAY_MS);
  });

  it('keeps its files from everyone else and leaves no halves behind', async () => {
    await chmod(folder, 0o755);
    await at(NOW);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const names = (await readdir(folder)).toSorted();
    expect(names).toEqual(['issuer.pem', 'passphrase', 'root.key', 'root.pem']);
    for (const name of names) expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
  });

  it('needs the root key only to sign a new issuer, which it does a year ahead', async () => {
    const first = await at(NOW);
    await rename(join(folder, 'root.key'), join(folder, 'elsewhere'));
    expect((await at(NOW + 1400 * DAY_MS)).issuerPem).toBe(first.issuerPem);
    const late = NOW + 1500 * DAY_MS;
    expect(await codeOf(at(late))).toBe('damaged');
    await rename(join(folder, 'elsewhere'), join(folder, 'root.key'));
    const renewed = await at(late);
    expect(renewed.issuerPem).not.toBe(first.issuerPem);
    expect(renewed.rootPem).toBe(first.rootPem);
  });

  it('starts again after a crash at its first start', async () => {
    const { rootPem } = await at(NOW);
    await rm(join(folder, 'issuer.pem'));
    expect((await at(NOW)).rootPem).toBe(rootPem);
    await rm(join(folder, 'issuer.pem'));
    await rm(join(folder, 'root.pem'));
    expect((await at(NOW)).rootPem).not.toBe(rootPem);
  });

  it('never makes a second root where one has signed', async () => {
    await at(NOW);
    await rm(join(folder, 'root.pem'));
    expect(await codeOf(at(NOW))).toBe('damaged');
  });

  it('says which file is damaged', async () => {
    await at(NOW);
    const issuer = await readFile(join(folder, 'issuer.pem'), 'utf8');
    await writeFile(join(folder, 'issuer.pem'), issuer.slice(0, 300));
    await expect(at(NOW)).rejects.toThrow(/issuer\.pem holds no certificate/);
    await writeFile(join(folder, 'issuer.pem'), issuer.slice(0, issuer.indexOf('-----BEGIN ENCRYPTED')));
    await expect(at(NOW)).rejects.toThrow(/issuer\.pem holds no encrypted key/);
    const rootKey = await readFile(join(folder, 'root.key'), 'utf8');
    await writeFile(
      join(folder, 'issuer.pem'),
      issuer.slice(0, issuer.indexOf('-----BEGIN ENCRYPTED')) + rootKey,
    );
    await expect(at(NOW)).rejects.toThrow(/not its certificate's/);
  });
});

describe('gateway certificates', () => {
  it('certify the key under the given id, whatever the request calls itself', async () => {
    const authority = await at(NOW);
    const { csrPem, keyPem } = await makeRequest({ subject: 'CN=root, O=Somebody else' });
    const issued = await authority.issueGateway({ csrPem, gatewayId: GATEWAY });
    const certificate = new X509Certificate(issued.pem);
    expect(certificate.subject).toBe(`CN=${GATEWAY}`);
    expect(certificate.subjectAltName).toBeUndefined();
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(certificate.ca).toBe(false);
    expect(certificate.verify(publicKeyOf(authority.issuerPem))).toBe(true);
    expect(issued.publicKey.equals(createPublicKey(createPrivateKey(keyPem)))).toBe(true);
    expect(publicKeyOf(issued.pem).equals(issued.publicKey)).toBe(true);
    expect(issued.thumbprint).toMatch(/^[0-9a-f]{64}$/);
    expect(issued.notBefore).toBe(NOW - 300_000);
    expect(issued.notAfter).toBe(NOW + 90 * DAY_MS);
    expect(Date.parse(certificate.validTo)).toBe(issued.notAfter);
  });

  it('differ in serial number', async () => {
    const authority = await at(NOW);
    const { csrPem } = await makeRequest();
    const serials = new Set<string>();
    for (let n = 0; n < 20; n += 1) {
      const { pem } = await authority.issueGateway({ csrPem, gatewayId: GATEWAY });
      serials.add(new X509Certificate(pem).serialNumber);
    }
    expect(serials.size).toBe(20);
  });

  it('are refused for any key but P-256', async () => {
    const authority = await at(NOW);
    const rsa = await makeRsaRequest();
    const p384 = await makeRequest({ algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' } });
    for (const { csrPem } of [rsa, p384]) {
      expect(await codeOf(authority.issueGateway({ csrPem, gatewayId: GATEWAY }))).toBe('request-key');
    }
  });

  it('are refused for a request that its key did not sign', async () => {
    const authority = await at(NOW);
    const { csrPem } = await makeRequest();
    const der = Buffer.from(csrPem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    expect(await codeOf(authority.issueGateway({ csrPem: pemOf(der), gatewayId: GATEWAY }))).toBe(
      'request-signature',
    );
  });

  it('are refused for what is no request', async () => {
    const authority = await at(NOW);
    const { csrPem } = await makeRequest();
    const huge = csrPem + ' '.repeat(10_000);
    expect(await codeOf(authority.issueGateway({ csrPem: huge, gatewayId: GATEWAY }))).toBe(
      'request-too-large',
    );
    for (const text of ['', 'nonsense', authority.rootPem, csrPem + csrPem, pemOf(Buffer.alloc(40, 0x30))]) {
      expect(await codeOf(authority.issueGateway({ csrPem: text, gatewayId: GATEWAY }))).toBe(
        'request-malformed',
      );
    }
  });

  it('are refused with a code for a damaged request, or still speak for the key that signed', async () => {
    const authority = await at(NOW);
    const { csrPem, keyPem } = await makeRequest();
    const key = createPublicKey(createPrivateKey(keyPem));
    const der = Buffer.from(csrPem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    await fc.assert(
      fc.asyncProperty(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(der);
        damaged[at] = (damaged[at] ?? 0) ^ flip;
        const attempt = authority.issueGateway({ csrPem: pemOf(damaged), gatewayId: GATEWAY });
        const issued = await attempt.catch(() => undefined);
        if (issued === undefined) expect(await codeOf(attempt)).toMatch(/^request-/);
        else expect(issued.publicKey.equals(key)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

it('makes server certificates for names and addresses that clients accept', async () => {
  const authority = await at(NOW);
  const { keyPem, certificatePem } = await authority.issueServer({
    names: ['fleet.example', '127.0.0.1', '::1'],
  });
  const leaf = new X509Certificate(certificatePem);
  expect(leaf.checkHost('fleet.example')).toBe('fleet.example');
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkIP('::1')).toBe('::1');
  expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(leaf.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
  expect(certificatePem.endsWith(authority.issuerPem)).toBe(true);
});

const pemOf = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
