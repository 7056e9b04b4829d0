import { X509Certificate } from 'node:crypto';
import { ProofError } from './errors.js';
import { thumbprintOf } from './receipt.js';

/** Extended key usages (RFC 5280 section 4.2.1.12, RFC 9336). */
const PURPOSES = {
  gateway: '1.3.6.1.5.5.7.3.2',
  fleet: '1.3.6.1.5.5.7.3.36',
} as const;
/** Certificates between a signer and the root. */
const MAX_ISSUERS = 3;

/** A certificate that leads to the root, and those on the way. */
export interface Chain {
  readonly leaf: X509Certificate;
  readonly issuers: readonly X509Certificate[];
}

/** The certificates of a proof, and the root that its reader trusts. */
export interface Certificates {
  readonly given: readonly X509Certificate[];
  readonly root: X509Certificate;
}

const parse = (der: Uint8Array): X509Certificate => {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (cause) {
    throw new ProofError('malformed', 'A certificate in the proof cannot be read.', { cause });
  }
  if (Buffer.compare(certificate.raw, der) === 0) return certificate;
  throw new ProofError('malformed', 'A certificate in the proof is not in DER.');
};

export const openCertificates = (ders: readonly Uint8Array[], root: X509Certificate): Certificates => ({
  given: ders.map(parse),
  root,
});

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

/** Leads the certificate of a thumbprint to the root. Throws `ProofError` `chain`. */
export const chainOf = (
  { given, root }: Certificates,
  thumbprint: Uint8Array,
  purpose: keyof typeof PURPOSES,
  name: string,
): Chain => {
  const leaf = given.find(({ raw }) => Buffer.compare(thumbprintOf(raw), thumbprint) === 0);
  if (leaf === undefined) {
    throw new ProofError('chain', `The certificate ${hex(thumbprint)} is not in the proof.`);
  }
  if (leaf.ca || !leaf.keyUsage?.includes(PURPOSES[purpose])) {
    throw new ProofError('chain', `The certificate ${hex(thumbprint)} is not one to sign for a ${purpose}.`);
  }
  if (leaf.subject !== `CN=${name}`) {
    throw new ProofError('chain', `The certificate ${hex(thumbprint)} is for ${leaf.subject}, not ${name}.`);
  }
  const issuers: X509Certificate[] = [];
  let last = leaf;
  while (!isIssuedBy(last, root)) {
    const child = last;
    const issuer = given.find((candidate) => isIssuedBy(child, candidate));
    if (issuer === undefined || issuers.length === MAX_ISSUERS) {
      throw new ProofError('chain', `The certificate of ${leaf.subject} does not lead to this root.`);
    }
    issuers.push(issuer);
    last = issuer;
  }
  return { leaf, issuers };
};

/** A time of a proof may be beyond what a date can be. */
const isoTime = (time: number): string =>
  Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);

/** Every certificate had begun by `to` and not ended by `from`, UTC ms. Throws `ProofError` `validity`. */
export const requireValid = ({ leaf, issuers }: Chain, from: number, to: number): void => {
  for (const { subject, validFrom, validTo } of [leaf, ...issuers]) {
    if (Date.parse(validFrom) <= to && from <= Date.parse(validTo)) continue;
    throw new ProofError(
      'validity',
      `The certificate of ${subject} was valid from ${validFrom} to ${validTo}, not when it was used: ` +
        `${isoTime(from)}${from === to ? '' : ` to ${isoTime(to)}`}.`,
    );
  }
};
