import 'reflect-metadata';
import { webcrypto, X509Certificate } from 'node:crypto';
import { X509CrlGenerator } from '@peculiar/x509';
import type { Signer } from './certificates.js';

/** A certificate that is good no more. */
export interface Revoked {
  readonly pem: string;
  /** UTC ms. */
  readonly revokedAt: number;
}

/**
 * The list of revoked certificates of one issuer (RFC 5280 section 5), PEM. It is good for as long as its issuer,
 * not for days: a broker that nobody brings a newer one must not lock out every gateway.
 */
export const makeRevocationList = async (
  revoked: readonly Revoked[],
  issuer: Signer,
  now: number,
): Promise<string> => {
  const list = await X509CrlGenerator.create(
    {
      issuer: issuer.certificate.subject,
      thisUpdate: new Date(Math.floor(now / 1000) * 1000),
      nextUpdate: new Date(issuer.certificate.validTo),
      entries: revoked.map(({ pem, revokedAt }) => ({
        serialNumber: new X509Certificate(pem).serialNumber,
        revocationDate: new Date(Math.floor(revokedAt / 1000) * 1000),
      })),
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
