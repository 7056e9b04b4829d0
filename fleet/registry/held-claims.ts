import type { HeldClaim, IdentityStore } from '../store/identity-store.js';
import type { Reach } from '../store/reach.js';
import type { Page } from '../store/views-store.js';

/** How long a claim waits for an operator; then its token is used up, and nobody gets a certificate by it. */
export const CLAIM_WAITS_DAYS = 7;
const DAY_MS = 86_400_000;

/** UTC ms from which on nobody can decide a claim any more. */
export const endOfClaim = ({ askedAt }: Pick<HeldClaim, 'askedAt'>): number =>
  askedAt + CLAIM_WAITS_DAYS * DAY_MS;

/** Nobody decided it in time. */
export const isForgotten = (claim: HeldClaim, now: number): boolean =>
  claim.decision === undefined && endOfClaim(claim) <= now;

/** Claims that an operator can decide now, oldest first. */
export const waitingClaims = (store: Pick<IdentityStore, 'heldClaims'>, now: number): readonly HeldClaim[] =>
  store.heldClaims().filter((claim) => !isForgotten(claim, now));

/** The same within somebody's reach, by the id of the gateway. */
export const waitingClaimsIn = (
  store: Pick<IdentityStore, 'heldClaimsIn'>,
  reach: Reach,
  now: number,
  page: Page,
): readonly HeldClaim[] => store.heldClaimsIn(reach, now - CLAIM_WAITS_DAYS * DAY_MS, page);
