import type { Scope, SharedGrant } from '../sharing/scope.js';

/** Delays that are told apart in one feed; the longer ones count as the longest, so that a cursor has a bounded length. */
const MAX_CLASSES = 8;

/**
 * The delays under which a caller is given readings, ascending. Each is followed by itself: what is given a day later
 * must not hold up what is given at once, nor be passed over by it.
 */
export const delaysOf = ({ shared }: Scope): readonly number[] => {
  const delays = [...new Set([0, ...shared.map(({ delayMs }) => delayMs)])].toSorted((a, b) => a - b);
  if (delays.length <= MAX_CLASSES) return delays;
  return [...delays.slice(0, MAX_CLASSES - 1), ...delays.slice(-1)];
};

/**
 * What is given, sooner or later, under a delay of at most so much, of batches that came at this time. A grant gives what
 * came since it opened; of clauses that limit each other each must.
 */
export const scopeWithin = (scope: Scope, delayMs: number, receivedAt: number): Scope => ({
  ...scope,
  shared: scope.shared.map((grant): SharedGrant =>
    grant.delayMs > delayMs || grant.since > receivedAt ? { ...grant, to: 0 } : { ...grant, delayMs: 0 },
  ),
});
