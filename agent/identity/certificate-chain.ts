import { createHash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const MAX_LENGTH = 6;

export const fingerprintOf = (certificate: X509Certificate): string =>
  createHash('sha256').update(certificate.raw).digest('hex');

export const fingerprintOfPem = (pem: string): string => fingerprintOf(new X509Certificate(pem));

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const isValidAt = (certificate: X509Certificate, time: number): boolean =>
  Date.parse(certificate.validFrom) <= time && time <= Date.parse(certificate.validTo);

/** Certificates that a peer offered, leaf first (a TLS socket's `getPeerCertificate(true)`). */
export const offeredChain = (peer: DetailedPeerCertificate): readonly X509Certificate[] => {
  const chain: X509Certificate[] = [];
  let current: DetailedPeerCertificate | undefined = peer;
  while (current?.raw !== undefined && chain.length < MAX_LENGTH) {
    const certificate = new X509Certificate(current.raw);
    if (chain.some((known) => known.raw.equals(certificate.raw))) break;
    chain.push(certificate);
    current = current.issuerCertificate;
  }
  return chain;
};

export interface ChainRules {
  /** The only root to lead to. */
  readonly isRoot: (certificate: X509Certificate) => boolean;
  /** Moment at which every certificate must be valid, UTC ms; absent where the time is not known. */
  readonly at?: number;
}

/**
 * Why a chain (leaf first) does not lead to the root, or `undefined` where it does: each certificate is signed
 * by the next, each issuer is a certificate authority, the last is the root (RFC 5280 section 6.1; without name
 * constraints and policies, which the fleet's authority does not use).
 */
export const chainFault = (chain: readonly X509Certificate[], rules: ChainRules): string | undefined => {
  const rootAt = chain.findIndex((certificate) => rules.isRoot(certificate));
  if (rootAt < 0) return 'its chain does not lead to the pinned root';
  const path = chain.slice(0, rootAt + 1);
  for (const [index, certificate] of path.entries()) {
    const issuer = path[index + 1] ?? certificate;
    if (!isIssuedBy(certificate, issuer)) return `${certificate.subject} is not issued by ${issuer.subject}`;
    if (rules.at !== undefined && !isValidAt(certificate, rules.at)) {
      return `${certificate.subject} is valid from ${certificate.validFrom} to ${certificate.validTo} only`;
    }
  }
  return undefined;
};

/** Whether a certificate may speak for a server (extended key usage, RFC 5280 section 4.2.1.12). */
export const isForServers = (certificate: X509Certificate): boolean =>
  certificate.keyUsage.includes(SERVER_AUTH);
