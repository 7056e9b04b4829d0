import type { RegistryStore } from '../store/registry-store.js';
import { GatewayError } from './errors.js';
import { CLAIM_WAITS_DAYS, isForgotten } from './held-claims.js';

const MAX_REASON_CHARACTERS = 300;

export interface GatewayControlDeps {
  readonly store: Pick<
    RegistryStore,
    'revokeGateway' | 'revocation' | 'gateway' | 'decideClaim' | 'heldClaim' | 'noteEvent'
  >;
  /** UTC ms. */
  readonly now: () => number;
}

/** What an operator decides of gateways; each throws `GatewayError`. */
export interface GatewayControl {
  /** Refuses it for good: sessions, renewal, batches. */
  revoke(gatewayId: string, order: { readonly by: string; readonly reason: string }): void;
  /** Lets the claim that waits under this id have its certificate when it asks next. */
  approve(gatewayId: string, by: string): void;
  /** Refuses that claim for good; the gateway is told the reason. */
  reject(gatewayId: string, order: { readonly by: string; readonly reason: string }): void;
}

export const createGatewayControl = ({ store, now }: GatewayControlDeps): GatewayControl => {
  const decide = (gatewayId: string, decision: { approved: boolean; by: string; reason: string }): void => {
    const at = now();
    const claim = store.heldClaim(gatewayId);
    if (claim !== undefined && isForgotten(claim, at)) {
      throw new GatewayError('over', `This claim waited for ${CLAIM_WAITS_DAYS} days and has expired.`);
    }
    if (store.decideClaim(gatewayId, { ...decision, at })) return;
    const decided = store.heldClaim(gatewayId)?.decision;
    if (decided === undefined) throw new GatewayError('unknown', `No claim waits under ${gatewayId}.`);
    const word = decided.approved ? 'approved' : 'rejected';
    throw new GatewayError('done-before', `This claim was ${word} already, by ${decided.by}.`);
  };
  return {
    revoke: (gatewayId, order) => {
      const reason = checkedReason(order.reason);
      const at = now();
      if (store.revokeGateway(gatewayId, { at, by: order.by, reason })) {
        store.noteEvent({ gatewayId, kind: 'revoked', detail: `${reason} (by ${order.by})`, at });
        return;
      }
      const before = store.revocation(gatewayId);
      if (before === undefined) throw new GatewayError('unknown', `There is no gateway ${gatewayId}.`);
      throw new GatewayError('done-before', `It is revoked already, by ${before.by}: ${before.reason}`);
    },
    approve: (gatewayId, by) => decide(gatewayId, { approved: true, by, reason: '' }),
    reject: (gatewayId, { by, reason }) =>
      decide(gatewayId, { approved: false, by, reason: checkedReason(reason) }),
  };
};

const checkedReason = (text: string): string => {
  const reason = text.trim();
  if (reason !== '' && reason.length <= MAX_REASON_CHARACTERS && !/\p{Cc}/u.test(reason)) return reason;
  throw new GatewayError(
    'bad-request',
    `Give a reason of 1 to ${MAX_REASON_CHARACTERS} characters, on one line.`,
  );
};
