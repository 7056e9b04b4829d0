import type { Log } from '../local/log.js';
import { IdentityError, type IdentityErrorCode } from './errors.js';
import type { postToFleet } from './fleet-request.js';
import { openIdentitySlots } from './identity-slots.js';
import { renewOnce } from './renewal.js';
import type { HeldIdentity } from './stored-identity.js';

/** How often it is asked whether a renewal is due, ms. */
const LOOK_EVERY_MS = 10_000;
const FIRST_BACK_OFF_MS = 60_000;
const MAX_BACK_OFF_MS = 6 * 3_600_000;
/** Gateways that were enrolled on one day are not to come back at one moment, ms. */
const SPREAD_MS = 12 * 3_600_000;

export interface CertificateKeeperDeps {
  readonly dataFolder: string;
  readonly post: typeof postToFleet;
  readonly log: Log;
  /** UTC ms, or `undefined` while the clock is not synced: then nothing is decided on it. */
  readonly knownTime: () => number | undefined;
  readonly monotonic: () => number;
  /** Gives [0, 1). */
  readonly random: () => number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
  /** There is another certificate to show to the fleet. */
  readonly renewed: () => void;
  /** This identity is in use from now on. */
  readonly adopted: (identity: HeldIdentity) => Promise<void>;
}

/** Keeps the gateway's certificate good: renews at two thirds of its time, and changes over without a gap. */
export interface CertificateKeeper {
  readonly inUse: HeldIdentity;
  /** What the next connection shows. */
  forAttempt(): HeldIdentity;
  /** The fleet welcomed a session of this identity. */
  welcomed(identity: HeldIdentity): void;
  /** The fleet did not take this identity. */
  refused(identity: HeldIdentity): void;
  view(): {
    readonly certificateEnds: number;
    /** Why the last renewal failed, and its name. */
    readonly lastError: string | undefined;
    readonly cause: IdentityErrorCode | 'unexpected' | undefined;
  };
  /** Renews when it is time, until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Whether a certificate is to be renewed: beyond two thirds of its time on a clock that is synced, or, whatever the
 * clock, once the fleet has refused it (it may have expired, and only the fleet knows the time).
 */
export const isRenewalDue = (
  { notBefore, notAfter }: Pick<HeldIdentity, 'notBefore' | 'notAfter'>,
  now: { readonly time: number | undefined; readonly refused: boolean; readonly spreadMs: number },
): boolean => {
  if (now.refused) return true;
  return now.time !== undefined && now.time >= notBefore + ((notAfter - notBefore) * 2) / 3 + now.spreadMs;
};

/** Opens the identity of a data folder. Throws `IdentityError` 'damaged'. */
export const openCertificateKeeper = (deps: CertificateKeeperDeps): CertificateKeeper => {
  const { dataFolder, log } = deps;
  const slots = openIdentitySlots(dataFolder);
  const spreadMs = deps.random() * SPREAD_MS;
  let refused = false;
  let lastError: string | undefined;
  let cause: IdentityErrorCode | 'unexpected' | undefined;
  let failures = 0;
  let tryAt = 0;

  const renew = async (identity: HeldIdentity, signal: AbortSignal): Promise<void> => {
    try {
      await renewOnce({ dataFolder, post: deps.post }, identity, signal);
      slots.lookForNext();
      failures = 0;
      tryAt = 0;
      lastError = undefined;
      cause = undefined;
      log.info('certificate-renewed');
      deps.renewed();
    } catch (error) {
      if (signal.aborted) return;
      const step = Math.min(MAX_BACK_OFF_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures, 16));
      failures += 1;
      tryAt = deps.monotonic() + (step * (1 + deps.random())) / 2;
      lastError = error instanceof Error ? error.message : String(error);
      cause = error instanceof IdentityError ? error.code : 'unexpected';
      log.warn('renewal-failed', { code: cause, error: lastError });
    }
  };

  return {
    get inUse() {
      return slots.inUse;
    },
    forAttempt: () => slots.forAttempt(),
    welcomed: (identity) => {
      refused = false;
      if (!slots.welcomed(identity)) return;
      log.info('certificate-in-use', { ends: identity.notAfter });
      deps.adopted(identity).catch((error: unknown) => {
        log.error('certificate-not-adopted', { error: String(error) });
      });
    },
    refused: (identity) => {
      slots.refused(identity);
      refused = true;
    },
    view: () => ({ certificateEnds: slots.inUse.notAfter, lastError, cause }),
    run: async (signal) => {
      while (!signal.aborted) {
        const due = isRenewalDue(slots.inUse, { time: deps.knownTime(), refused, spreadMs });
        const identity = due ? slots.renewable(failures) : undefined;
        if (identity !== undefined && deps.monotonic() >= tryAt) await renew(identity, signal);
        await deps.pause(LOOK_EVERY_MS, signal);
      }
    },
  };
};
