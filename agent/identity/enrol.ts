import { parseClaimToken, type EnrolRequest, type EnrolResponse } from '#wire/enrolment.js';
import { makeCertificateRequest } from './certificate-request.js';
import { checkClaim, dropClaim, loadClaim, storeClaim, type Claim } from './claim.js';
import { IdentityError } from './errors.js';
import { parseAnswer, verifyAnswer } from './fleet-answer.js';
import { fleetAddress, postToFleet } from './fleet-request.js';
import { FIRST_KEY, loadOrMakeKey } from './gateway-key.js';
import type { Identity } from './identity.js';
import { loadIdentity, storeIdentity } from './stored-identity.js';

/** A damaged claim must not stand in the way of a new one. */
const readableClaim = (dataFolder: string): Claim | undefined => {
  try {
    return loadClaim(dataFolder);
  } catch {
    return undefined;
  }
};

/** Writes the claim down, so that it outlives a power cut. Throws `IdentityError` on a bad token or address. */
export const queueClaim = async (
  claim: {
    readonly fleetUrl: string;
    readonly token: string;
    readonly name: string;
    /** Serial number of the box, where it tells one. */
    readonly serial?: string;
  },
  dataFolder: string,
): Promise<Claim> => {
  checkClaim(claim.fleetUrl, claim.token);
  const waiting = readableClaim(dataFolder);
  const same = waiting?.token === claim.token && waiting.fleetUrl === claim.fleetUrl ? waiting : undefined;
  const csr = same?.csr ?? (await makeCertificateRequest(loadOrMakeKey(dataFolder), claim.name));
  const queued = { ...claim, csr };
  storeClaim(dataFolder, queued);
  return queued;
};

/**
 * Claims once: gives the identity, now stored, with the claim gone. Rejects with `IdentityError`; where that is
 * not retryable the claim is gone too, else it stays queued.
 */
export const claimOnce = async (claim: Claim, dataFolder: string, signal: AbortSignal): Promise<Identity> => {
  try {
    const { response, host } = await ask(claim, signal);
    const { rootFingerprint = '' } = parseClaimToken(claim.token) ?? {};
    verifyAnswer(response, rootFingerprint, loadOrMakeKey(dataFolder));
    const { gatewayId, certificate, issuer, root, broker } = response;
    storeIdentity(dataFolder, {
      gatewayId,
      certificate,
      issuer,
      root,
      broker: { ...broker, host: broker.host ?? host },
      key: FIRST_KEY,
      fleetUrl: claim.fleetUrl,
    });
    dropClaim(dataFolder);
  } catch (error) {
    if (error instanceof IdentityError && !error.retryable) dropClaim(dataFolder);
    throw error;
  }
  const identity = loadIdentity(dataFolder);
  if (identity === undefined)
    throw new IdentityError('damaged', 'the identity went away while it was stored');
  return identity;
};

const ask = async (
  claim: Claim,
  signal: AbortSignal,
): Promise<{ readonly response: EnrolResponse; readonly host: string }> => {
  const { url, host } = fleetAddress(claim.fleetUrl, 'enrol');
  const { token, csr, name, serial } = claim;
  const body: EnrolRequest = { token, csr, name, ...(serial === undefined ? {} : { serial }) };
  const { rootFingerprint = '' } = parseClaimToken(claim.token) ?? {};
  const answer = await postToFleet(url, JSON.stringify(body), { rootFingerprint, signal });
  return { response: parseAnswer(answer), host };
};
