import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { X509CrlGenerator } from '@peculiar/x509';
import { authorityKeyIdentifier, type Signer } from './certificates.js';

/** A certificate that is good no more though it has not expired. */
export interface Revoked {
  readonly pem: string;
  /** UTC ms. */
  readonly endedAt: number;
}

/**
 * The lists of revoked certificates (RFC 5280 section 5) of these issuers, one after the other, PEM. Each is good for
 * as long as its issuer, not for days: a broker that nobody brings a newer one must not lock out every gateway.
 */
export const makeRevocationLists = async (
  revoked: readonly Revoked[],
  issuers: readonly Signer[],
  now: number,
): Promise<string> => {
  const certificates = revoked.map(({ pem, endedAt }) => ({
    certificate: new X509Certificate(pem),
    endedAt,
  }));
  const lists = issuers.map((issuer) => {
    const { publicKey } = issuer.certificate;
    const own = certificates.filter(({ certificate }) => certificate.verify(publicKey));
    return makeRevocationList(own, issuer, now);
  });
  return (await Promise.all(lists)).join('');
};

const makeRevocationList = async (
  revoked: readonly { readonly certificate: X509Certificate; readonly endedAt: number }[],
  issuer: Signer,
  now: number,
): Promise<string> => {
  const list = await X509CrlGenerator.create(
    {
      issuer: issuer.certificate.subject,
      thisUpdate: new Date(wholeSeconds(now)),
      nextUpdate: new Date(issuer.certificate.validTo),
      entries: revoked.map(({ certificate, endedAt }) => ({
        serialNumber: certificate.serialNumber,
        revocationDate: new Date(wholeSeconds(endedAt)),
      })),
      // all issuers have one name: without it OpenSSL tries a list of one on the certificates of another
      extensions: [await authorityKeyIdentifier(issuer.certificate)],
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
      signingKey: issuer.key,
    },
    webcrypto,
  );
  // the library's own PEM has a label that OpenSSL does not know
  const body = Buffer.from(list.rawData)
    .toString('base64')
    .replaceAll(/(.{64})/g, '$1\n');
  return `-----BEGIN X509 CRL-----\n${body.trimEnd()}\n-----END X509 CRL-----\n`;
};

const wholeSeconds = (time: number): number => Math.floor(time / 1000) * 1000;
