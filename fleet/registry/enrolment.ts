import {
  parseClaimToken,
  type EnrolRequest,
  type EnrolResponse,
  type EnrolWaiting,
} from '#wire/enrolment.js';
import { hashOfSecret } from '../access/secret-hash.js';
import type { EnrolmentToken, GatewayCertificate, HeldClaim, TokenUse } from '../store/identity-store.js';
import type { Gateway, RegistryStore } from '../store/registry-store.js';
import type { Authority } from './authority/authority.js';
import { readGatewayRequest } from './authority/certificate-request.js';
import { AuthorityError } from './authority/errors.js';
import { responseFor, type BrokerAddress } from './claim-answer.js';
import { EnrolmentError } from './errors.js';
import { CLAIM_WAITS_DAYS, isForgotten } from './held-claims.js';
import { normalSerial } from './serial.js';
import { issueToken, requireReplaceable, stateOfToken, type IssuedToken, type TokenOrder } from './tokens.js';

const MAX_NAME_CHARACTERS = 100;

export interface EnrolmentDeps {
  readonly store: Pick<
    RegistryStore,
    | 'addEnrolmentToken'
    | 'enrolmentToken'
    | 'claim'
    | 'holdClaim'
    | 'heldClaim'
    | 'grantClaim'
    | 'certificatesOf'
    | 'gateway'
    | 'successorOf'
    | 'noteEvent'
  >;
  readonly authority: Pick<Authority, 'rootPem' | 'rootFingerprint' | 'issuerOf' | 'issueGateway'>;
  /** UTC ms. */
  readonly now: () => number;
  /** A new id of a source, `[a-z0-9]{16,32}`. */
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
  readonly broker: BrokerAddress;
}

/** How a gateway becomes known: a token for one claim, a claim for one certificate. */
export interface Enrolment {
  /** See `issueToken` of `tokens.ts`. */
  issueToken(order: TokenOrder): IssuedToken;
  /**
   * Uses a token. The same request again gets the same certificate, since an answer may get lost; a claim that an
   * operator has to approve waits until that is done, or its time is over. Rejects with `EnrolmentError`; then the token is as it was.
   */
  enrol(request: EnrolRequest): Promise<Enrolled>;
}

export type Enrolled =
  | { readonly state: 'created' | 'known'; readonly response: EnrolResponse }
  | { readonly state: 'waiting'; readonly response: EnrolWaiting };

export const createEnrolment = (deps: EnrolmentDeps): Enrolment => ({
  issueToken: (order) => issueToken({ ...deps, rootFingerprint: deps.authority.rootFingerprint }, order),
  enrol: async ({ token, csr, name, serial }) => {
    const gatewayName = checkedName(name);
    const found = findToken(deps, token);
    const csrHash = await requestHash(csr);
    if (found.used !== undefined) return again(deps, found, csr, csrHash);
    requireSerial(found, serial);
    if (found.replaces !== undefined) requireReplaceable(deps.store, found.replaces);
    const use = { gatewayId: deps.newId(), at: deps.now(), csrHash };
    const taken =
      found.approval === true
        ? deps.store.holdClaim(found.secretHash, use, { gatewayId: use.gatewayId, name: gatewayName, serial })
        : await claim(deps, found, use, { csr, name: gatewayName });
    if (taken === true) return waiting(use.gatewayId);
    // where another claim was faster, this certificate was never given out and is forgotten
    return taken === false ? again(deps, found, csr, csrHash) : granted(deps, taken, 'created');
  },
});

/** Issues at once; `false` where another claim used the token meanwhile. */
const claim = async (
  deps: EnrolmentDeps,
  token: EnrolmentToken,
  use: TokenUse,
  { csr, name }: { readonly csr: string; readonly name: string },
): Promise<GatewayCertificate | false> => {
  const certificate = await issue(deps, use, csr);
  const gateway = newGateway(use.gatewayId, token.organisationId, name, use.at);
  return deps.store.claim(token.secretHash, use, gateway, certificate) ? certificate : false;
};

const issue = async (
  { authority }: EnrolmentDeps,
  { gatewayId, csrHash }: Pick<TokenUse, 'gatewayId' | 'csrHash'>,
  csrPem: string,
): Promise<GatewayCertificate> => {
  const { pem, thumbprint, notBefore, notAfter } = await authority.issueGateway({ csrPem, gatewayId });
  return { thumbprint, gatewayId, pem, notBefore, notAfter, csrHash };
};

const waiting = (gatewayId: string): Enrolled => ({
  state: 'waiting',
  response: { gatewayId, waiting: true },
});

const granted = (
  deps: EnrolmentDeps,
  certificate: GatewayCertificate,
  state: 'created' | 'known',
): Enrolled => {
  if (state === 'created') {
    const { gatewayId, thumbprint } = certificate;
    const detail = `got certificate ${thumbprint.slice(0, 16)}`;
    deps.store.noteEvent({ gatewayId, kind: 'enrolled', detail, at: deps.now() });
  }
  return { state, response: responseFor(deps, certificate) };
};

const checkedName = (name: string): string => {
  const trimmed = name.trim();
  if (trimmed === '' || trimmed.length > MAX_NAME_CHARACTERS || /\p{Cc}/u.test(trimmed)) {
    throw new EnrolmentError(
      'bad-request',
      `Name the gateway in 1 to ${MAX_NAME_CHARACTERS} characters on one line.`,
    );
  }
  return trimmed;
};

const requestHash = async (csrPem: string): Promise<string> => {
  try {
    return (await readGatewayRequest(csrPem)).hash;
  } catch (cause) {
    if (cause instanceof AuthorityError) throw new EnrolmentError('bad-request', cause.message, { cause });
    throw cause;
  }
};

const findToken = (deps: EnrolmentDeps, text: string): EnrolmentToken => {
  const parsed = parseClaimToken(text);
  if (parsed === undefined) {
    throw new EnrolmentError('bad-request', 'This is no claim token; copy it whole, from "tt1." on.');
  }
  const found = deps.store.enrolmentToken(hashOfSecret(parsed.secret));
  const known = found !== undefined && parsed.rootFingerprint === deps.authority.rootFingerprint;
  // one that was used gives the same request the same answer again
  if (!known || !['open', 'used'].includes(stateOfToken(found, deps.now()))) {
    throw new EnrolmentError(
      'token-refused',
      'This token is not valid here, or not any more; ask for a new one.',
    );
  }
  return found;
};

const requireSerial = (token: EnrolmentToken, serial: string | undefined): void => {
  if (token.serial === undefined) return;
  if (serial !== undefined && normalSerial(serial) === token.serial) return;
  const told = serial === undefined ? 'which tells no serial number' : `whose serial number is ${serial}`;
  throw new EnrolmentError('serial', `This token is for another box than this one, ${told}.`);
};

/** What a used token still gives: to the same request, the same certificate, once it may have it. */
const again = async (
  deps: EnrolmentDeps,
  { secretHash }: EnrolmentToken,
  csr: string,
  csrHash: string,
): Promise<Enrolled> => {
  const used = deps.store.enrolmentToken(secretHash)?.used;
  if (used === undefined || used.csrHash !== csrHash) throw usedElsewhere();
  const known = (): GatewayCertificate | undefined =>
    deps.store.certificatesOf(used.gatewayId).find((certificate) => certificate.csrHash === csrHash);
  const held = deps.store.heldClaim(used.gatewayId);
  if (known() === undefined && held !== undefined) {
    if (isForgotten(held, deps.now())) throw forgotten();
    if (held.decision === undefined) return waiting(used.gatewayId);
    if (!held.decision.approved) throw rejected(held.decision.reason);
    const created = await grant(deps, held, csr);
    if (created !== undefined) return granted(deps, created, 'created');
  }
  const certificate = known();
  if (certificate === undefined || !isGood(certificate)) throw usedElsewhere();
  return granted(deps, certificate, 'known');
};

const isGood = ({ revokedAt, supersededAt }: GatewayCertificate): boolean =>
  revokedAt === undefined && supersededAt === undefined;

const usedElsewhere = (): EnrolmentError =>
  new EnrolmentError('token-used', 'This token was used for another gateway; ask for a new one.');

const rejected = (reason: string): EnrolmentError =>
  new EnrolmentError('rejected', `An operator rejected this claim${reason === '' ? '' : `: ${reason}`}.`);

const forgotten = (): EnrolmentError =>
  new EnrolmentError(
    'forgotten',
    `No operator decided this claim within ${CLAIM_WAITS_DAYS} days, and it has expired; ask for a new token.`,
  );

/** Issues for an approved claim; `undefined` where that was done meanwhile. */
const grant = async (
  deps: EnrolmentDeps,
  held: HeldClaim,
  csr: string,
): Promise<GatewayCertificate | undefined> => {
  if (held.replaces !== undefined) requireReplaceable(deps.store, held.replaces);
  const certificate = await issue(deps, held, csr);
  const gateway = newGateway(held.gatewayId, held.organisationId, held.name, deps.now());
  return deps.store.grantClaim(gateway, certificate) ? certificate : undefined;
};

const newGateway = (id: string, organisationId: string, name: string, createdAt: number): Gateway => ({
  id,
  organisationId,
  name,
  createdAt,
  connected: false,
  lastSeen: null,
  epoch: null,
  agentVersion: null,
  clockState: null,
  lastError: null,
  health: null,
});
