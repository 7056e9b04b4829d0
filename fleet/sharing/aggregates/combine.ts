import type { Kind } from '#wire/terms.js';
import type { Effective } from '../conditions.js';

/** What one point adds to a cell. */
export interface Contribution {
  readonly locationId: string | null;
  readonly value: number;
}

/** Numbers over several points; `null` where the kind has no such number, or where it would be one point's own. */
export interface Combined {
  readonly points: number;
  readonly locations: number;
  readonly mean: number | null;
  readonly sum: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

/** Kinds whose values add up: a mean of them is an arithmetic one. */
const ADDING: ReadonlySet<Kind> = new Set(['gauge', 'counter', 'interval', 'event']);

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** Over values that the reader may read one by one. An arithmetic mean of levels or directions would be a wrong number. */
export const combine = (kind: Kind, contributions: readonly Contribution[]): Combined => {
  const values = contributions.map(({ value }) => value);
  const sum = ADDING.has(kind) ? total(values) : null;
  const isDirection = kind === 'angle';
  return {
    points: values.length,
    locations: new Set(contributions.flatMap(({ locationId }) => locationId ?? [])).size,
    mean: meanOf(kind, values),
    sum,
    min: isDirection ? null : Math.min(...values),
    max: isDirection ? null : Math.max(...values),
  };
};

const RADIANS = Math.PI / 180;

const meanOf = (kind: Kind, values: readonly number[]): number | null => {
  if (ADDING.has(kind)) return total(values) / values.length;
  if (kind === 'decibel') return 10 * Math.log10(total(values.map(energyOf)) / values.length);
  if (kind !== 'angle') return null;
  const sine = total(values.map((value) => Math.sin(value * RADIANS)));
  const cosine = total(values.map((value) => Math.cos(value * RADIANS)));
  if (Math.hypot(sine, cosine) <= 1e-9 * values.length) return null;
  return (Math.atan2(sine, cosine) / RADIANS + 360) % 360;
};

const energyOf = (level: number): number => 10 ** (level / 10);

/** What each location adds, so that several meters of one building count as one. */
const locationsOf = (contributions: readonly Contribution[]): ReadonlyMap<string | null, number> => {
  const sums = new Map<string | null, number>();
  for (const { locationId, value } of contributions) {
    sums.set(locationId, (sums.get(locationId) ?? 0) + Math.abs(value));
  }
  return sums;
};

/**
 * The same over values that may not be read one by one; `null` where too few locations contribute or one of them makes
 * too much of it. No least and no largest, which are one point's own; of kinds that neither add up nor are levels, nothing.
 */
export const combineWithin = (
  kind: Kind,
  contributions: readonly Contribution[],
  { contributors, maxShare }: NonNullable<Effective['aggregation']>,
): Combined | null => {
  if (!ADDING.has(kind) && kind !== 'decibel') return null;
  const parts = contributions.map((one) =>
    kind === 'decibel' ? { ...one, value: energyOf(one.value) } : one,
  );
  const shares = [...locationsOf(parts).values()];
  const sum = total(shares);
  // all of them are nothing: that tells each
  if (shares.length < contributors || sum === 0 || Math.max(...shares) / sum > maxShare) return null;
  return { ...combine(kind, contributions), min: null, max: null };
};
