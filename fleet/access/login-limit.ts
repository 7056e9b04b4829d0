import { isIPv6 } from 'node:net';
import { createBuckets } from './buckets.js';

/** Failed logins that one place may have at once, and the time in which it gets one back, ms. */
export const ATTEMPTS = 10;
export const REFILL_MS = 6000;
/** The same for all places together from which this login never succeeded (NIST SP 800-63B-4, section 3.2.2: 100). */
export const STRANGERS_ATTEMPTS = 100;
export const STRANGERS_REFILL_MS = 60_000;
/** Wrong second factors after the right password, from such places. */
export const CODE_ATTEMPTS = 20;
export const CODE_REFILL_MS = 600_000;
/** Places remembered; beyond, the one used least recently is forgotten. */
export const MAX_PLACES = 50_000;
/** Logins of nobody that are remembered. */
const MAX_NOBODIES = 10_000;

/** One attempt at one login. */
export interface Attempt {
  readonly login: string;
  readonly address: string;
  /** A device that this login succeeded from; its cookie was checked. */
  readonly device?: string | undefined;
  /** Whether the login is somebody's. */
  readonly exists: boolean;
}

export interface LoginLimit {
  /**
   * Takes one attempt, before the password is checked, so that many at the same time are counted too. Throws
   * `AccessError` `too-many-attempts` where this place has failed too often. Gives `open`, or `guarded` where
   * strangers have failed at this login too often: then only password and second factor together let in a stranger.
   */
  take(attempt: Attempt): 'open' | 'guarded';
  /** Takes one attempt at the second factor, after the right password. Throws `too-many-attempts`. */
  takeCode(attempt: Attempt): void;
  /** Takes one attempt of somebody signed in, from this place. Throws `too-many-attempts`. */
  takeAgain(attempt: Attempt): void;
  /** It succeeded: the place's attempts are given back, and it is no stranger any more. */
  succeeded(attempt: Attempt): void;
}

const WAIT = 'Too many failed logins from here: wait a moment and try again.';
const WAIT_CODES = 'Too many wrong codes: wait, or use a device on which you signed in before.';

/**
 * Slows down the guessing of passwords without a lock that strangers could shut: an attempt counts for one place and
 * one login together; many places against one login share an allowance that those never draw on who signed in there
 * before, by their device's cookie or their address.
 */
export const createLoginLimit = (now: () => number): LoginLimit => {
  const places = createBuckets({ capacity: ATTEMPTS, refillMs: REFILL_MS, maxKeys: MAX_PLACES, now });
  const strangersOf = (maxKeys: number) =>
    createBuckets({ capacity: STRANGERS_ATTEMPTS, refillMs: STRANGERS_REFILL_MS, maxKeys, now });
  // apart, so that attempts at logins of nobody push out none of somebody's
  const strangers = { some: strangersOf(Number.POSITIVE_INFINITY), none: strangersOf(MAX_NOBODIES) };
  const codes = createBuckets({
    capacity: CODE_ATTEMPTS,
    refillMs: CODE_REFILL_MS,
    maxKeys: Number.POSITIVE_INFINITY,
    now,
  });
  const known = new Set<string>();
  const isStranger = (attempt: Attempt): boolean =>
    attempt.device === undefined && !known.has(placeOf(attempt));
  return {
    take: (attempt) => {
      const place = placeOf(attempt);
      places.check(place, WAIT);
      places.take(place);
      if (!isStranger(attempt)) return 'open';
      const shared = attempt.exists ? strangers.some : strangers.none;
      if (shared.isEmpty(attempt.login)) return 'guarded';
      shared.take(attempt.login);
      return 'open';
    },
    takeAgain: (attempt) => {
      const place = placeOf(attempt);
      places.check(place, WAIT);
      places.take(place);
    },
    takeCode: (attempt) => {
      const place = placeOf(attempt);
      places.check(place, WAIT_CODES);
      places.take(place);
      if (!isStranger(attempt)) return;
      codes.check(attempt.login, WAIT_CODES);
      codes.take(attempt.login);
    },
    succeeded: (attempt) => {
      const place = placeOf(attempt);
      places.clear(place);
      const address = placeOf({ ...attempt, device: undefined });
      known.delete(address);
      known.add(address);
      if (known.size > MAX_PLACES) known.delete(known.values().next().value ?? address);
    },
  };
};

const placeOf = ({ login, address, device }: Attempt): string =>
  JSON.stringify([login, device === undefined ? networkOf(address) : `device ${device}`]);

/** One subscriber has a whole /64 of IPv6. */
const networkOf = (address: string): string => {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  return [...groups, ...zeros, ...rest]
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':');
};
