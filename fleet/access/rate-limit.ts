import { AccessError } from './errors.js';
import { isMember, subjectKey, type Subject } from './subject.js';

/** Requests at once, and regained a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface Rates {
  /** Of whoever is known, wherever they are. */
  readonly subject: Rate;
  /** Of strangers, by address. */
  readonly address: Rate;
}

export const DEFAULT_RATES: Rates = {
  subject: { burst: 2000, perSecond: 200 },
  address: { burst: 400, perSecond: 20 },
};

/** Buckets remembered; beyond, the one that was used longest ago is forgotten. */
const MAX_BUCKETS = 20_000;

export interface RateLimit {
  /** Takes one request. Throws `AccessError` `too-many-attempts` that says when the next one is taken. */
  take(subject: Subject, address: string): void;
}

/**
 * A token bucket for each known subject, and for each address of strangers: one of them who asks without end slows
 * nobody else. An IPv6 address counts by its /64, which one subscriber has whole. The machine itself is not limited.
 */
export const createRateLimit = (now: () => number, rates: Rates = DEFAULT_RATES): RateLimit => {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take: (subject, address) => {
      if (subject.type === 'local') return;
      const known = isMember(subject);
      const { burst, perSecond } = known ? rates.subject : rates.address;
      const key = known ? subjectKey(subject) : networkOf(address);
      const at = now();
      const bucket = buckets.get(key) ?? { left: burst, at };
      const left = Math.min(burst, bucket.left + (Math.max(0, at - bucket.at) * perSecond) / 1000);
      buckets.delete(key);
      buckets.set(key, { left: left < 1 ? left : left - 1, at });
      if (buckets.size > MAX_BUCKETS) buckets.delete(buckets.keys().next().value ?? key);
      if (left >= 1) return;
      throw new AccessError(
        'too-many-attempts',
        'Too many requests: slow down.',
        Math.ceil(((1 - left) * 1000) / perSecond),
      );
    },
  };
};

const networkOf = (address: string): string => {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const first = head.split(':').filter(Boolean);
  const last = tail.split(':').filter(Boolean);
  const zeros = address.includes('::')
    ? Array.from({ length: 8 - first.length - last.length }, () => '0')
    : [];
  return [...first, ...zeros, ...last].slice(0, 4).join(':');
};
