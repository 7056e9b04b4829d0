import { hashOfSecret } from './secret-hash.js';

/**
 * Secrets that work once, and until they end: invitations, links for a new password, claim tokens. Each is shown when
 * it is made and never again; the store keeps its hash, and uses it up in the transaction that does what it is for.
 */

const SECRET_BYTES = 32;
const HOUR_MS = 3_600_000;

export interface SingleUseDeps {
  /** UTC ms. */
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export interface SingleUseOrder {
  readonly hours: number;
  readonly atMostHours: number;
  /** As people copy it. */
  readonly write: (secret: Uint8Array) => string;
  /** The error of an order that cannot be. */
  readonly refused: (detail: string) => Error;
}

export interface SingleUseSecret {
  readonly text: string;
  readonly hash: string;
  /** UTC ms. */
  readonly createdAt: number;
  readonly expires: number;
}

export const makeSingleUse = (
  { now, random }: SingleUseDeps,
  { hours, atMostHours, write, refused }: SingleUseOrder,
): SingleUseSecret => {
  if (!(hours > 0 && hours <= atMostHours)) {
    throw refused(`It is valid for more than 0 and at most ${atMostHours} hours.`);
  }
  const text = write(random(SECRET_BYTES));
  const createdAt = now();
  return { text, hash: hashOfSecret(text), createdAt, expires: createdAt + Math.round(hours * HOUR_MS) };
};

/** How far the life of a single-use secret has come. Times are UTC ms. */
export interface SingleUseLife {
  readonly expires: number;
  readonly usedAt: number | null;
  readonly revokedAt: number | null;
}

export const SINGLE_USE_STATES = ['open', 'used', 'revoked', 'expired'] as const;
export type SingleUseState = (typeof SINGLE_USE_STATES)[number];

/** Used and revoked ones stay so; any other ends with its time. */
export const singleUseState = (
  { expires, usedAt, revokedAt }: SingleUseLife,
  now: number,
): SingleUseState => {
  if (usedAt !== null) return 'used';
  if (revokedAt !== null) return 'revoked';
  return expires <= now ? 'expired' : 'open';
};
