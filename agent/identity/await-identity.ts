import type { Log } from '../local/log.js';
import { loadClaim } from './claim.js';
import { claimOnce } from './enrol.js';
import { IdentityError, type IdentityErrorCode } from './errors.js';
import { loadIdentity, type HeldIdentity } from './stored-identity.js';

const FIRST_BACK_OFF_MS = 2_000;
const MAX_BACK_OFF_MS = 15 * 60_000;
/** An operator stands at the screen: while a claim waits for one, it is asked for this often at least. */
const MAX_WAITING_MS = 60_000;
/** How often the data folder is looked at for a claim or an identity that `enrol` left there. */
const LOOK_EVERY_MS = 2_000;

export interface AwaitIdentityDeps {
  readonly dataFolder: string;
  readonly log: Log;
  readonly monotonic: () => number;
  readonly random: () => number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** What it waits for, for people. */
export interface EnrolmentView {
  readonly state: 'unenrolled' | 'claiming' | 'enrolled';
  readonly lastError: string | undefined;
  /** Its name. */
  readonly cause: IdentityErrorCode | 'unexpected' | undefined;
  /** End of the certificate in use, UTC ms. */
  readonly certificateEnds?: number;
}

export interface AwaitedIdentity {
  readonly identity: Promise<HeldIdentity | undefined>;
  view(): EnrolmentView;
}

/**
 * Waits until this gateway is enrolled: retries a queued claim with full-jitter back-off (2 s doubling to 15 min)
 * until it succeeds or is refused for good, and takes up what another process of the same data folder does.
 * `identity` resolves with `undefined` when `signal` aborts.
 */
export const awaitIdentity = (deps: AwaitIdentityDeps, signal: AbortSignal): AwaitedIdentity => {
  let view: EnrolmentView = { state: 'unenrolled', lastError: undefined, cause: undefined };
  const wait = async (): Promise<HeldIdentity | undefined> => {
    let attempt = 0;
    let claimAt = 0;
    let claimed = '';
    let waiting = false;
    while (!signal.aborted) {
      try {
        const identity = loadIdentity(deps.dataFolder);
        if (identity !== undefined) {
          view = { state: 'enrolled', lastError: undefined, cause: undefined };
          return identity;
        }
        const claim = loadClaim(deps.dataFolder);
        if (claim?.csr !== claimed) {
          claimed = claim?.csr ?? '';
          claimAt = 0;
          attempt = 0;
        }
        if (claim !== undefined && deps.monotonic() >= claimAt) {
          const longest = waiting ? MAX_WAITING_MS : MAX_BACK_OFF_MS;
          const step = Math.min(longest, FIRST_BACK_OFF_MS * 2 ** Math.min(attempt, 16));
          claimAt = deps.monotonic() + deps.random() * step;
          attempt += 1;
          view = { ...view, state: 'claiming' };
          await claimOnce(claim, deps.dataFolder, signal);
          deps.log.info('enrolled');
          continue;
        }
        view = { ...view, state: claim === undefined ? 'unenrolled' : 'claiming' };
      } catch (error) {
        if (signal.aborted) return undefined;
        waiting = error instanceof IdentityError && error.code === 'waiting';
        const text = error instanceof Error ? error.message : String(error);
        const cause = error instanceof IdentityError ? error.code : 'unexpected';
        if (text !== view.lastError) deps.log.warn('enrolment-failed', { code: cause, error: text });
        view = { ...view, lastError: text, cause };
      }
      await deps.pause(LOOK_EVERY_MS, signal);
    }
    return undefined;
  };
  return { identity: wait(), view: () => view };
};
