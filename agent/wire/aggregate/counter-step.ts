import type { Value } from '../terms.js';

const exactDifference = (later: Value, earlier: Value): number => {
  if (typeof later === 'bigint' && typeof earlier === 'bigint') return Number(later - earlier);
  if (typeof later === 'bigint' && Number.isSafeInteger(earlier)) return Number(later - BigInt(earlier));
  if (typeof earlier === 'bigint' && Number.isSafeInteger(later)) return Number(BigInt(later) - earlier);
  return Number(later) - Number(earlier);
};

/**
 * What a counter advanced from one reading to the next, in its unit; `undefined` for a reset.
 *
 * Differences of int64 are exact while they stay within 2^53, whatever the size of the counters. A decrease is
 * a rollover only where the profile names the modulus and the wrapped step is less than half of it: a counter
 * does not run through half its range between two readings, whereas a replaced or restarted meter falls by
 * any amount. All other decreases are resets. What was counted between the last reading before a reset and the
 * restart is unknown, and a replacement's first index is no consumption, so a reset adds nothing.
 */
export const counterStep = (
  earlier: Value,
  later: Value,
  rollover: number | undefined,
): number | undefined => {
  const step = exactDifference(later, earlier);
  if (step >= 0) return step;
  if (rollover === undefined || !(Number(earlier) < rollover)) return undefined;
  const wrapped = step + rollover;
  return Number(later) >= 0 && wrapped < rollover / 2 ? wrapped : undefined;
};
