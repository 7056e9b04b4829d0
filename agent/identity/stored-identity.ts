import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { isSourceId } from '#wire/topics.js';
import { isCode, replaceFile } from './durable-file.js';
import { IdentityError } from './errors.js';
import { loadKey } from './gateway-key.js';
import type { Identity } from './identity.js';

/** What `identity.json` keeps of an enrolment; the key stays in its own file. */
const StoredIdentity = Type.Object({
  gatewayId: Type.String(),
  certificate: Type.String(),
  issuer: Type.String(),
  root: Type.String(),
  broker: Type.Object({
    host: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    serverName: Type.String({ minLength: 1 }),
  }),
  /** File of its key. */
  key: Type.String({ pattern: '^key(-[0-9a-f]{16})?\\.pem$' }),
  /** Where its certificate is renewed. */
  fleetUrl: Type.String(),
});
export type StoredIdentity = Static<typeof StoredIdentity>;

/** Two slots: what is in use, and what follows it once the fleet has taken it. */
export type Slot = 'identity.json' | 'next.json';

/** An identity with all that its renewal takes. */
export interface HeldIdentity extends Identity {
  readonly keyFile: string;
  readonly fleetUrl: string;
  /** UTC ms. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const holdsKey = (certificate: X509Certificate, key: KeyObject): boolean => certificate.checkPrivateKey(key);

/** Stores an enrolment whose certificates were verified. */
export const storeIdentity = (
  dataFolder: string,
  identity: StoredIdentity,
  slot: Slot = 'identity.json',
): void => replaceFile(join(dataFolder, slot), `${JSON.stringify(identity, null, 2)}\n`);

const parse = (path: string, text: string): StoredIdentity => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new IdentityError('damaged', `${path} is no JSON; remove it and enrol anew`, { cause });
  }
  if (!Value.Check(StoredIdentity, document) || !isSourceId(document.gatewayId)) {
    throw new IdentityError('damaged', `${path} is no identity; remove it and enrol anew`);
  }
  return document;
};

/** Who this gateway is, or `undefined` before its enrolment. Throws `IdentityError` 'damaged'. */
export const loadIdentity = (dataFolder: string, slot: Slot = 'identity.json'): HeldIdentity | undefined => {
  const path = join(dataFolder, slot);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return undefined;
    throw new IdentityError('damaged', `cannot read ${path}; check its owner and mode`, { cause });
  }
  const stored = parse(path, text);
  const key = loadKey(dataFolder, stored.key);
  const leaf = readCertificate(path, stored.certificate);
  if (!holdsKey(leaf, key)) {
    throw new IdentityError(
      'damaged',
      `${path} belongs to another key than ${stored.key}; remove it and enrol anew`,
    );
  }
  return {
    gatewayId: stored.gatewayId,
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificateChain: `${stored.certificate.trimEnd()}\n${stored.issuer.trimEnd()}\n`,
    root: stored.root,
    thumbprint: createHash('sha256').update(leaf.raw).digest(),
    broker: stored.broker,
    keyFile: stored.key,
    fleetUrl: stored.fleetUrl,
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
  };
};

const readCertificate = (path: string, pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new IdentityError('damaged', `${path} holds no certificate; remove it and enrol anew`, { cause });
  }
};
