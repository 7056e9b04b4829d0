import { formatClaimToken } from '#wire/enrolment.js';
import { makeSingleUse, singleUseState, type SingleUseState } from '../access/single-use.js';
import type { EnrolmentToken } from '../store/identity-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { EnrolmentError } from './errors.js';
import { normalSerial } from './serial.js';

/** How long a token may be used, hours: more than 0. */
export const TOKEN_HOURS = { byDefault: 72, atMost: 24 * 90 } as const;

export interface TokenDeps {
  readonly store: Pick<RegistryStore, 'addEnrolmentToken' | 'gateway' | 'successorOf'>;
  /** SHA-256 of the root's DER, hex. */
  readonly rootFingerprint: string;
  /** UTC ms. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

export interface TokenOrder {
  readonly organisationId: string;
  readonly createdBy: string;
  /** See `TOKEN_HOURS`. */
  readonly hours?: number | undefined;
  /** Only the box with this serial number may use it. */
  readonly serial?: string | undefined;
  /** The claim waits for an operator. */
  readonly approval?: boolean | undefined;
  /** Id of a gateway whose devices the new one takes over. */
  readonly replaces?: string | undefined;
  /** Site at which the new gateway stands. */
  readonly siteId?: string | undefined;
  /** It ends then at the latest, UTC ms. */
  readonly until?: number | undefined;
}

export interface IssuedToken {
  readonly id: string;
  /** As people copy it; never shown again. */
  readonly token: string;
  /** UTC ms. */
  readonly expires: number;
}

/** Makes a token for one gateway; its secret is kept as a hash only. Throws `EnrolmentError`. */
export const issueToken = (deps: TokenDeps, order: TokenOrder): IssuedToken => {
  const { organisationId, createdBy, hours = TOKEN_HOURS.byDefault, until = Infinity, ...rest } = order;
  const { approval, replaces, siteId } = rest;
  if (replaces !== undefined) requireReplaceable(deps.store, replaces);
  const serial = order.serial === undefined ? undefined : normalSerial(order.serial);
  if (serial === '') throw new EnrolmentError('bad-request', 'This is no serial number.');
  const made = makeSingleUse(deps, {
    hours,
    atMostHours: TOKEN_HOURS.atMost,
    write: (secret) => Buffer.from(secret).toString('base64url'),
    refused: (detail) => new EnrolmentError('bad-request', `hours: ${detail}`),
  });
  const id = deps.newId();
  const expires = Math.min(until, made.expires);
  const bounds = { serial, approval, replaces, siteId };
  deps.store.addEnrolmentToken({ id, secretHash: made.hash, organisationId, createdBy, expires, ...bounds });
  const token = formatClaimToken({ secret: made.text, rootFingerprint: deps.rootFingerprint });
  return { id, token, expires };
};

/** A claim that waits for an operator has used its token. */
export const stateOfToken = (
  { expires, used, revokedAt }: Pick<EnrolmentToken, 'used' | 'revokedAt' | 'expires'>,
  now: number,
): SingleUseState => singleUseState({ expires, usedAt: used?.at ?? null, revokedAt: revokedAt ?? null }, now);

/** Throws unless this gateway is there and has no successor yet. */
export const requireReplaceable = (
  store: Pick<RegistryStore, 'gateway' | 'successorOf'>,
  gatewayId: string,
): void => {
  if (store.gateway(gatewayId) === undefined) {
    throw new EnrolmentError('bad-request', 'There is no gateway of this id to replace.');
  }
  const successor = store.successorOf(gatewayId);
  if (successor !== undefined) {
    throw new EnrolmentError('replaced', `Gateway ${gatewayId} was replaced by ${successor} already.`);
  }
};
