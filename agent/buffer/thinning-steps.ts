import type { Kind } from '#wire/terms.js';
import type { StorageState } from './buffer.js';

/** What is given up for want of space, each step from the oldest to the newest before the next one begins. */
export const THINNING_STEPS = [
  'raw',
  'short-windows',
  'all-but-counters',
  'all-but-alarms',
  'all',
] as const satisfies readonly StorageState['thinned'][];
export type ThinningStep = (typeof THINNING_STEPS)[number];

/** What thinning must know of a point. */
export interface ThinnedPoint {
  readonly kind: Kind;
  readonly windows: readonly number[];
}

/** What stands for data of a step, ms. */
const REPLACED_BY: Readonly<Partial<Record<ThinningStep, number>>> = {
  raw: 60_000,
  'short-windows': 900_000,
};

/** Period of the shortest windows that stand for what a step takes of a point, ms; `undefined` where none do. */
export const replacementOf = (step: ThinningStep, point: ThinnedPoint | undefined): number | undefined => {
  const least = REPLACED_BY[step];
  const longer = least === undefined ? [] : (point?.windows ?? []).filter((period) => period >= least);
  return longer.length === 0 ? undefined : Math.min(...longer);
};

/**
 * Whether data of a point outlives a step; `periodMs` is 0 for raw readings. The first two steps take only what
 * longer windows of the same point stand for; a point that is not known goes with the third. Events are the alarms.
 */
export const outlives = (step: ThinningStep, point: ThinnedPoint | undefined, periodMs: number): boolean => {
  if (step === 'all') return false;
  if (point?.kind === 'event') return true;
  if (step === 'all-but-alarms') return false;
  if (step === 'all-but-counters') return point?.kind === 'counter';
  const replacement = replacementOf(step, point);
  return replacement === undefined || periodMs >= (REPLACED_BY[step] ?? 0);
};
