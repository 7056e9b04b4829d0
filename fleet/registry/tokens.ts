import { createHash } from 'node:crypto';
import { formatClaimToken } from '#wire/enrolment.js';
import type { RegistryStore } from '../store/registry-store.js';
import { EnrolmentError } from './errors.js';
import { normalSerial } from './serial.js';

const SECRET_BYTES = 32;
const HOUR_MS = 3_600_000;
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
  if (!(hours > 0 && hours <= TOKEN_HOURS.atMost)) {
    throw new EnrolmentError(
      'bad-request',
      `A token is valid for more than 0 and at most ${TOKEN_HOURS.atMost} hours.`,
    );
  }
  if (replaces !== undefined) requireReplaceable(deps.store, replaces);
  const serial = order.serial === undefined ? undefined : normalSerial(order.serial);
  if (serial === '') throw new EnrolmentError('bad-request', 'This is no serial number.');
  const secret = Buffer.from(deps.random(SECRET_BYTES)).toString('base64url');
  const id = deps.newId();
  const expires = Math.min(until, deps.now() + Math.round(hours * HOUR_MS));
  const bounds = { serial, approval, replaces, siteId };
  deps.store.addEnrolmentToken({
    id,
    secretHash: hashOfSecret(secret),
    organisationId,
    createdBy,
    expires,
    ...bounds,
  });
  return { id, token: formatClaimToken({ secret, rootFingerprint: deps.rootFingerprint }), expires };
};

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

/** What the store keeps of a secret. */
export const hashOfSecret = (secret: string): string => createHash('sha256').update(secret).digest('hex');
