import { verify } from 'node:crypto';
import { renewalStatement, type EnrolResponse, type RenewRequest } from '#wire/enrolment.js';
import type { GatewayCertificate } from '../store/identity-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { publicKeyOf, type Authority } from './authority/authority.js';
import { readGatewayRequest } from './authority/certificate-request.js';
import { AuthorityError } from './authority/errors.js';
import { responseFor, type BrokerAddress } from './claim-answer.js';
import { RenewalError } from './errors.js';

const DAY_MS = 86_400_000;
/** How long after its end a certificate may still be renewed, and nothing else, days. */
export const DEFAULT_GRACE_DAYS = 400;

export interface RenewalDeps {
  readonly store: Pick<
    RegistryStore,
    'certificate' | 'certificatesOf' | 'addRenewed' | 'revocation' | 'noteEvent'
  >;
  readonly authority: Pick<Authority, 'rootPem' | 'issuerOf' | 'issueGateway'>;
  /** UTC ms. */
  readonly now: () => number;
  readonly broker: BrokerAddress;
  readonly graceDays: number;
}

export interface Renewal {
  /**
   * Gives the holder of a certificate's key the next certificate, for the key of `csr`. The old one stays good until
   * the new one is used; one that has expired is good for this alone. The same request again gets the same answer.
   * Rejects with `RenewalError`.
   */
  renew(request: RenewRequest): Promise<{ readonly created: boolean; readonly response: EnrolResponse }>;
}

export const createRenewal = (deps: RenewalDeps): Renewal => ({
  renew: async (request) => {
    const csrHash = await requestHash(request.csr);
    const old = proven(deps, request);
    refuseEnded(deps, old);
    const known = answerTo(deps, old.gatewayId, csrHash);
    if (known !== undefined) return { created: false, response: responseFor(deps, known) };
    refuseByDate(deps, old);
    const next = await issue(deps, old.gatewayId, request.csr, csrHash);
    if (!deps.store.addRenewed(next, old.thumbprint, deps.now())) {
      const stored = answerTo(deps, old.gatewayId, csrHash) ?? next;
      return { created: false, response: responseFor(deps, stored) };
    }
    noteRenewed(deps, old, next);
    return { created: true, response: responseFor(deps, next) };
  },
});

const requestHash = async (csrPem: string): Promise<string> => {
  try {
    return (await readGatewayRequest(csrPem)).hash;
  } catch (cause) {
    if (cause instanceof AuthorityError) throw new RenewalError('bad-request', cause.message, { cause });
    throw cause;
  }
};

/** The certificate whose key signed the request. */
const proven = (deps: RenewalDeps, request: RenewRequest): GatewayCertificate => {
  const old = deps.store.certificate(request.certificate);
  const holds =
    old !== undefined &&
    verify(
      'sha256',
      Buffer.from(renewalStatement(request)),
      { key: publicKeyOf(old.pem), dsaEncoding: 'ieee-p1363' },
      Buffer.from(request.proof, 'base64url'),
    );
  if (holds) return old;
  throw new RenewalError(
    'unproven',
    'This certificate is not known here, or the request is not signed by its key.',
  );
};

const refuseEnded = (deps: RenewalDeps, { gatewayId, revokedAt, supersededAt }: GatewayCertificate): void => {
  const revocation = deps.store.revocation(gatewayId);
  if (revocation !== undefined || revokedAt !== undefined) {
    refuse(deps, gatewayId, 'revoked', 'This gateway is revoked; it has to be enrolled anew.');
  }
  if (supersededAt !== undefined) {
    const text = 'A newer certificate of this gateway is in use; is this an older copy of its card?';
    refuse(deps, gatewayId, 'superseded', text);
  }
};

const refuseByDate = (deps: RenewalDeps, { gatewayId, notBefore, notAfter }: GatewayCertificate): void => {
  const now = deps.now();
  if (now < notBefore) {
    refuse(deps, gatewayId, 'not-yet-valid', 'This certificate is not valid yet, by the clock of the fleet.');
  }
  if (now > notAfter + deps.graceDays * DAY_MS) {
    const days = Math.floor((now - notAfter) / DAY_MS);
    const text = `This certificate expired ${days} days ago; up to ${deps.graceDays} are tolerated. Enrol anew.`;
    refuse(deps, gatewayId, 'grace-over', text);
  }
};

/** Its key is proven, so that an operator should know. */
const refuse = (deps: RenewalDeps, gatewayId: string, code: RenewalError['code'], text: string): never => {
  deps.store.noteEvent({ gatewayId, kind: 'renewal-refused', detail: code, at: deps.now() });
  throw new RenewalError(code, text);
};

/** A certificate that this request got before, and that is still good. */
const answerTo = (deps: RenewalDeps, gatewayId: string, csrHash: string): GatewayCertificate | undefined =>
  deps.store
    .certificatesOf(gatewayId)
    .find((each) => each.csrHash === csrHash && each.supersededAt === undefined);

const issue = async (
  { authority }: RenewalDeps,
  gatewayId: string,
  csrPem: string,
  csrHash: string,
): Promise<GatewayCertificate> => {
  const { pem, thumbprint, notBefore, notAfter } = await authority.issueGateway({ csrPem, gatewayId });
  return { thumbprint, gatewayId, pem, notBefore, notAfter, csrHash };
};

const noteRenewed = (deps: RenewalDeps, old: GatewayCertificate, next: GatewayCertificate): void => {
  const at = deps.now();
  const late = at > old.notAfter;
  const days = Math.ceil((at - old.notAfter) / DAY_MS);
  const detail = `${next.thumbprint.slice(0, 16)} follows ${old.thumbprint.slice(0, 16)}`;
  deps.store.noteEvent({
    gatewayId: old.gatewayId,
    kind: late ? 'renewed-late' : 'renewed',
    detail: late ? `${detail}, which expired ${days} days before` : detail,
    at,
  });
};
