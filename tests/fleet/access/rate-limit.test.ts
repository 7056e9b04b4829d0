import { describe, expect, test } from 'vitest';
import { createRateLimit } from '../../../fleet/access/rate-limit.js';
import { ANONYMOUS, LOCAL } from '../../../fleet/access/subject.js';
import { PERSON } from './trail-under-test.js';

const RATES = { subject: { burst: 5, perSecond: 1 }, address: { burst: 3, perSecond: 1 } };

const openLimit = () => {
  const clock = { now: 0 };
  const limit = createRateLimit(() => clock.now, RATES);
  /** How many of ten requests are taken. */
  const taken = (subject: Parameters<typeof limit.take>[0], address: string): number =>
    Array.from({ length: 10 }, () => {
      try {
        limit.take(subject, address);
        return 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'too-many-attempts', retryable: true });
        return 0;
      }
    }).filter((one) => one === 1).length;
  return { clock, taken };
};

describe('the limit of requests', () => {
  test('is by subject for who is known, by address for strangers, and regained with time', () => {
    const { clock, taken } = openLimit();
    expect(taken(PERSON, '192.0.2.1')).toBe(5);
    expect(taken(PERSON, '192.0.2.2')).toBe(0);
    expect(taken({ ...PERSON, id: 'q' }, '192.0.2.1')).toBe(5);
    expect(taken(ANONYMOUS, '192.0.2.1')).toBe(3);
    expect(taken(ANONYMOUS, '192.0.2.2')).toBe(3);
    clock.now = 2000;
    expect(taken(PERSON, '192.0.2.1')).toBe(2);
    expect(taken(LOCAL, '127.0.0.1')).toBe(10);
  });

  test('counts an IPv6 address by its network', () => {
    const { taken } = openLimit();
    expect(taken(ANONYMOUS, '2001:db8:1:2::1')).toBe(3);
    expect(taken(ANONYMOUS, '2001:db8:1:2:ffff::7')).toBe(0);
    expect(taken(ANONYMOUS, '2001:db8:1:3::1')).toBe(3);
    expect(taken(ANONYMOUS, '2001:db8::1')).toBe(3);
  });
});
