import { AccessError } from './errors.js';

export interface BucketSettings {
  /** Taken at once. */
  readonly capacity: number;
  /** Time in which one comes back, ms. */
  readonly refillMs: number;
  /** Keys remembered; beyond, the one that was used least recently is forgotten. */
  readonly maxKeys: number;
  readonly now: () => number;
}

/** Token buckets by key. */
export interface Buckets {
  /** Throws `AccessError` `too-many-attempts` where nothing is left; takes nothing. */
  check(key: string, message: string): void;
  isEmpty(key: string): boolean;
  take(key: string): void;
  /** Fills it again. */
  clear(key: string): void;
}

export const createBuckets = ({ capacity, refillMs, maxKeys, now }: BucketSettings): Buckets => {
  const buckets = new Map<string, { left: number; at: number }>();
  const leftOf = (key: string): number => {
    const known = buckets.get(key);
    return known === undefined ? capacity : Math.min(capacity, known.left + (now() - known.at) / refillMs);
  };
  return {
    check: (key, message) => {
      const left = leftOf(key);
      if (left >= 1) return;
      throw new AccessError('too-many-attempts', message, Math.ceil((1 - left) * refillMs));
    },
    isEmpty: (key) => leftOf(key) < 1,
    take: (key) => {
      const left = leftOf(key) - 1;
      buckets.delete(key);
      buckets.set(key, { left, at: now() });
      if (buckets.size > maxKeys) buckets.delete(buckets.keys().next().value ?? key);
    },
    clear: (key) => void buckets.delete(key),
  };
};
