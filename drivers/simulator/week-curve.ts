import { hashed } from './random.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const WEEK_MINUTES = 7 * 24 * 60;
const WEEK_MS = WEEK_MINUTES * MINUTE_MS;
/** A Monday, 00:00 of French winter time; counters stood near 0 then. */
const ORIGIN_MS = Date.UTC(2019, 11, 29, 23);

/** What a curve is made from. */
export interface Shape {
  /** Level at each hour of the day, 24 of them; linear in between. */
  readonly hours: readonly number[];
  /** Factor of Saturdays and Sundays. */
  readonly weekend: number;
  /** Each minute is that share, at random, above or below. */
  readonly noise: number;
}

/** A rate and its exact integral, the same every week. */
export interface WeekCurve {
  at(timeMs: number): number;
  /** Integral of the rate, per hour, since the end of 2019. */
  total(timeMs: number): number;
}

const levelAt = ({ hours, weekend, noise }: Shape, seed: number, minute: number): number => {
  const hour = Math.floor(minute / 60);
  const from = hours[hour % 24] ?? 0;
  const to = hours[(hour + 1) % 24] ?? 0;
  const level = from + ((to - from) * (minute % 60)) / 60;
  const day = Math.floor(minute / 1440);
  return level * (day >= 5 ? weekend : 1) * (1 + noise * (2 * hashed(seed, minute) - 1));
};

/**
 * Makes a curve from (shape, seed) alone: linear between minutes, so that `total` is its exact integral and a
 * counter agrees with its power at every moment, after every restart.
 */
export const createWeekCurve = (shape: Shape, seed: number): WeekCurve => {
  const levels = Float64Array.from({ length: WEEK_MINUTES + 1 }, (_, minute) =>
    levelAt(shape, seed, minute % WEEK_MINUTES),
  );
  const sums = new Float64Array(WEEK_MINUTES + 1);
  for (let minute = 1; minute <= WEEK_MINUTES; minute++)
    sums[minute] = (sums[minute - 1] ?? 0) + ((levels[minute - 1] ?? 0) + (levels[minute] ?? 0)) / 2;
  const place = (timeMs: number) => {
    const weeks = Math.floor((timeMs - ORIGIN_MS) / WEEK_MS);
    const within = (timeMs - ORIGIN_MS - weeks * WEEK_MS) / MINUTE_MS;
    const minute = Math.floor(within);
    const part = within - minute;
    const from = levels[minute] ?? 0;
    return { weeks, minute, part, from, at: from + ((levels[minute + 1] ?? 0) - from) * part };
  };
  return {
    at: (timeMs) => place(timeMs).at,
    total: (timeMs) => {
      const { weeks, minute, part, from, at } = place(timeMs);
      const minutes = weeks * (sums[WEEK_MINUTES] ?? 0) + (sums[minute] ?? 0) + ((from + at) / 2) * part;
      return (minutes * MINUTE_MS) / HOUR_MS;
    },
  };
};
