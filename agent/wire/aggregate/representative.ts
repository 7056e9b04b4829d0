import type { Value } from '../terms.js';
import type { Aggregate } from './aggregate.js';

/** Shorter than this share of the readings, the resultant is rounding noise and points nowhere. */
const NO_DIRECTION = 1e-9;

const meanDirection = (sine: number, cosine: number, count: number): number | null => {
  if (Math.hypot(sine, cosine) <= NO_DIRECTION * count) return null;
  const degrees = (Math.atan2(sine, cosine) * 180) / Math.PI;
  return (degrees + 360) % 360;
};

const stateCode = (text: string): Value => {
  const code = Number(text);
  return String(code) === text ? code : text;
};

const longest = (durations: Readonly<Record<string, number>>): Value | null => {
  const [first, ...rest] = Object.entries(durations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (first === undefined) return null;
  return stateCode(rest.reduce((best, entry) => (entry[1] > best[1] ? entry : best), first)[0]);
};

/**
 * The one number that a reader expects of an aggregate, in the point's unit: gauge, time-weighted mean; counter,
 * what it advanced; interval, total; state, the code held longest; angle, mean direction in [0, 360); decibel,
 * level of the mean energy; extreme, maximum; event, how many; text, the last. `null` where nothing is known
 * (a counter without a reading is not a consumption of 0).
 */
export const representative = (aggregate: Aggregate): Value | null => {
  const { sums, count } = aggregate;
  switch (sums.kind) {
    case 'gauge':
      return sums.heldMs === 0 ? null : sums.weighted / sums.heldMs;
    case 'counter':
      return count === 0 ? null : sums.delta;
    case 'interval':
      return count === 0 ? null : sums.total;
    case 'state':
      return longest(sums.durations);
    case 'angle':
      return meanDirection(sums.sine, sums.cosine, count);
    case 'decibel':
      return count === 0 ? null : 10 * Math.log10(sums.energy / count);
    case 'extreme':
      return aggregate.max;
    case 'event':
      return count;
    default:
      return aggregate.last?.value ?? null;
  }
};
