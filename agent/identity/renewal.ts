import { randomBytes, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { renewalStatement, type RenewRequest } from '#wire/enrolment.js';
import { makeCertificateRequest } from './certificate-request.js';
import { fingerprintOfPem } from './certificate-chain.js';
import { removeFile, replaceFile } from './durable-file.js';
import { IdentityError } from './errors.js';
import { parseAnswer, verifyAnswer } from './fleet-answer.js';
import { fleetAddress, type postToFleet } from './fleet-request.js';
import { loadKey, loadOrMakeKey } from './gateway-key.js';
import { storeIdentity, type HeldIdentity } from './stored-identity.js';

/** A renewal that waits for its answer: asked again, the same request gets the same certificate. */
const PendingRenewal = Type.Object({
  /** Thumbprint, hex, of the certificate that it follows. */
  certificate: Type.String(),
  csr: Type.String(),
  /** File of the next key. */
  key: Type.String({ pattern: '^key-[0-9a-f]{16}\\.pem$' }),
});
type PendingRenewal = Static<typeof PendingRenewal>;

const pathOf = (dataFolder: string): string => join(dataFolder, 'renewal.json');

/** The renewal that waits; one that is damaged or follows another certificate is as good as none. */
export const loadPendingRenewal = (dataFolder: string): PendingRenewal | undefined => {
  try {
    const document: unknown = JSON.parse(readFileSync(pathOf(dataFolder), 'utf8'));
    return Value.Check(PendingRenewal, document) ? document : undefined;
  } catch {
    return undefined;
  }
};

export interface RenewalDeps {
  readonly dataFolder: string;
  readonly post: typeof postToFleet;
}

/** Key first, then the request that names it: whatever ends between them leaves an unused key at most. */
const prepare = async (dataFolder: string, identity: HeldIdentity): Promise<PendingRenewal> => {
  const certificate = Buffer.from(identity.thumbprint).toString('hex');
  const waiting = loadPendingRenewal(dataFolder);
  if (waiting?.certificate === certificate) {
    try {
      loadKey(dataFolder, waiting.key);
      return waiting;
    } catch (error) {
      // without its key the request is of no use: another one
      if (!(error instanceof IdentityError)) throw error;
    }
  }
  const key = `key-${randomBytes(8).toString('hex')}.pem`;
  const csr = await makeCertificateRequest(loadOrMakeKey(dataFolder, key), identity.gatewayId);
  const pending = { certificate, csr, key };
  replaceFile(pathOf(dataFolder), `${JSON.stringify(pending, null, 2)}\n`);
  return pending;
};

const requestOf = ({ certificate, csr }: PendingRenewal, privateKey: string): RenewRequest => {
  const statement = Buffer.from(renewalStatement({ certificate, csr }));
  const proof = sign('sha256', statement, { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return { certificate, csr, proof: proof.toString('base64url') };
};

/**
 * Asks the fleet for the certificate that follows `identity`, for a new key, and puts it into the slot `next.json`;
 * the identity in use stays as it is. Ended anywhere, it is done again. Rejects with `IdentityError`.
 */
export const renewOnce = async (
  { dataFolder, post }: RenewalDeps,
  identity: HeldIdentity,
  signal: AbortSignal,
): Promise<void> => {
  const { url } = fleetAddress(identity.fleetUrl, 'renew');
  const pending = await prepare(dataFolder, identity);
  const rootFingerprint = fingerprintOfPem(identity.root);
  const body = JSON.stringify(requestOf(pending, identity.privateKey));
  const response = parseAnswer(await post(url, body, { rootFingerprint, signal }));
  verifyAnswer(response, rootFingerprint, loadKey(dataFolder, pending.key));
  if (response.gatewayId !== identity.gatewayId) {
    throw new IdentityError('untrusted', 'the fleet answered the certificate of another gateway', {
      retryable: true,
    });
  }
  const { gatewayId, certificate, issuer, root, broker } = response;
  const host = broker.host ?? identity.broker.host;
  const { fleetUrl } = identity;
  const { key } = pending;
  storeIdentity(
    dataFolder,
    { gatewayId, certificate, issuer, root, broker: { ...broker, host }, key, fleetUrl },
    'next.json',
  );
  dropPendingRenewal(dataFolder);
};

export const dropPendingRenewal = (dataFolder: string): void => removeFile(pathOf(dataFolder));
