import { sign, verify, X509Certificate } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';
import { AuditError } from './audit-error.js';

/** What is signed: how long a trail was at some time, and the root of its hash tree. */
export const TREE_HEAD = Type.Object({
  organisationId: Type.String({ description: 'Whose trail it is.' }),
  size: Type.Integer({ minimum: 0, description: 'Entries.' }),
  root: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Root of the hash tree (RFC 9162), hex.' }),
  time: Type.String({ description: 'When it was signed, ISO 8601.' }),
});
export type TreeHead = Static<typeof TREE_HEAD>;

/** A head as it is given out: readable, and as a compact JWS (RFC 7515, ES256) that carries its certificates. */
export const SIGNED_HEAD = Type.Object({ ...TREE_HEAD.properties, jws: Type.String() });
export type SignedHead = Static<typeof SIGNED_HEAD>;

/** What a file of heads holds. */
export const HEADS = Type.Object({ heads: Type.Array(SIGNED_HEAD) });

export interface HeadSigner {
  /** PKCS#8. */
  readonly keyPem: string;
  /** Its certificate and that of the issuer, PEM. */
  readonly certificatePem: string;
}

const PEM = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g;

export const signHead = (head: TreeHead, { keyPem, certificatePem }: HeadSigner): SignedHead => {
  const x5c = [...certificatePem.matchAll(PEM)].map(([, der = '']) => der.replaceAll(/\s/g, ''));
  const signed = `${encode({ alg: 'ES256', typ: 'terroir-audit-head', x5c })}.${encode(head)}`;
  const key = { key: keyPem, dsaEncoding: 'ieee-p1363' } as const;
  return { ...head, jws: `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}` };
};

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const HEADER = Type.Object({
  alg: Type.Literal('ES256'),
  typ: Type.Literal('terroir-audit-head'),
  x5c: Type.Array(Type.String(), { minItems: 2, maxItems: 2 }),
});

/** id-kp-documentSigning (RFC 9336). */
const DOCUMENT_SIGNING = '1.3.6.1.5.5.7.3.36';

/**
 * The head that a JWS says, if a signer of the fleet with this root signed it while its certificate was valid. Needs
 * nothing but the root. Throws `AuditError` `bad-head`.
 */
export const openHead = (jws: string, rootPem: string): TreeHead => {
  const [protectedPart = '', payload = '', signature = ''] = jws.split('.');
  const header = decode(protectedPart);
  const head = decode(payload);
  if (!Check(HEADER, header) || !Check(TREE_HEAD, head)) throw badHead('this is no head of an audit trail');
  const [leaf, issuer] = header.x5c.map(certificateOf);
  const root = new X509Certificate(rootPem);
  if (leaf === undefined || issuer === undefined || !chains(leaf, issuer, root)) {
    throw badHead('its certificates do not lead to this root');
  }
  const time = Date.parse(head.time);
  if (!(Date.parse(leaf.validFrom) <= time && time <= Date.parse(leaf.validTo))) {
    throw badHead('it was signed outside the validity of its certificate');
  }
  const key = { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const signed = Buffer.from(`${protectedPart}.${payload}`);
  if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) {
    throw badHead('its signature is not that of its certificate');
  }
  return head;
};

const chains = (leaf: X509Certificate, issuer: X509Certificate, root: X509Certificate): boolean =>
  issuer.ca &&
  !leaf.ca &&
  // absent, whatever its type says, where a certificate names no usage
  Array.isArray(leaf.keyUsage) &&
  leaf.keyUsage.includes(DOCUMENT_SIGNING) &&
  leaf.verify(issuer.publicKey) &&
  issuer.verify(root.publicKey);

const certificateOf = (der: string): X509Certificate => {
  try {
    return new X509Certificate(Buffer.from(der, 'base64'));
  } catch {
    throw badHead('its certificates cannot be read');
  }
};

const decode = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
};

const badHead = (why: string): AuditError =>
  new AuditError('bad-head', `The head is not to be believed: ${why}.`);
