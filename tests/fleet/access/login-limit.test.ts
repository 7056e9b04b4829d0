import { describe, expect, test } from 'vitest';
import {
  ATTEMPTS,
  CODE_ATTEMPTS,
  createLoginLimit,
  MAX_PLACES,
  REFILL_MS,
  STRANGERS_ATTEMPTS,
  STRANGERS_REFILL_MS,
} from '../../../fleet/access/login-limit.js';

const attempt = (address: string, login = 'me', device?: string) => ({
  address,
  login,
  device,
  exists: true,
});

const open = () => {
  const clock = { now: 0 };
  const limit = createLoginLimit(() => clock.now);
  const takes = (count: number, address = 'here', login = 'me'): number => {
    let taken = 0;
    for (let turn = 0; turn < count; turn += 1) {
      try {
        limit.take(attempt(address, login));
        taken += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'too-many-attempts', retryable: true });
      }
    }
    return taken;
  };
  /** So many addresses fail once each. */
  const strangers = (count: number, login = 'me', from = 0): ('open' | 'guarded')[] =>
    Array.from({ length: count }, (_, index) => limit.take(attempt(`stranger ${from + index}`, login)));
  return { clock, limit, attempt, takes, strangers };
};

describe('the limit of failed logins', () => {
  test('gives a place a few at once, then one in a while', () => {
    const { clock, takes } = open();
    expect(takes(100)).toBe(ATTEMPTS);
    clock.now += REFILL_MS - 1;
    expect(takes(5)).toBe(0);
    clock.now += 1;
    expect(takes(5)).toBe(1);
    clock.now += 1000 * REFILL_MS;
    expect(takes(100)).toBe(ATTEMPTS);
  });

  test('says when the next is taken', () => {
    const { clock, limit, attempt, takes } = open();
    takes(ATTEMPTS);
    clock.now += 1000;
    expect(() => limit.take(attempt('here'))).toThrow(
      expect.objectContaining({ retryAfterMs: REFILL_MS - 1000 }),
    );
  });

  test('keeps nobody out who is elsewhere or is somebody else, nor after the right password', () => {
    const { limit, attempt, takes } = open();
    takes(ATTEMPTS);
    expect(takes(1, 'elsewhere')).toBe(1);
    expect(takes(1, 'here', 'you')).toBe(1);
    limit.succeeded(attempt('here'));
    expect(takes(100)).toBe(ATTEMPTS);
  });

  test('takes a whole network of IPv6 for one place', () => {
    const { takes } = open();
    const total = Array.from({ length: 30 }, (_, index) => takes(1, `2001:db8:0:1::${index.toString(16)}`));
    expect(total.filter((taken) => taken === 1)).toHaveLength(ATTEMPTS);
    expect(takes(1, '2001:0db8::1:ffff:0:0:1')).toBe(0);
    expect(takes(1, '2001:db8:0:2::1')).toBe(1);
    expect(takes(1, '::ffff:10.0.0.1')).toBe(1);
    expect(takes(1, '::ffff:10.0.0.2')).toBe(1);
  });

  test('lets strangers from many addresses fail together so often, then asks them for both factors at once', () => {
    const { clock, strangers } = open();
    expect(strangers(STRANGERS_ATTEMPTS)).not.toContain('guarded');
    expect(strangers(20, 'me', 1000)).not.toContain('open');
    expect(strangers(1, 'you', 2000)).toEqual(['open']);
    clock.now += STRANGERS_REFILL_MS;
    expect(strangers(2, 'me', 3000)).toEqual(['open', 'guarded']);
  });

  test('is not shut by strangers to those who signed in there before', () => {
    const { limit, attempt, strangers } = open();
    limit.succeeded(attempt('office'));
    strangers(STRANGERS_ATTEMPTS + 500);
    expect(limit.take(attempt('office'))).toBe('open');
    expect(limit.take(attempt('train', 'me', 'my phone'))).toBe('open');
    expect(limit.take(attempt('train'))).toBe('guarded');
  });

  test('counts wrong codes of strangers who know the password, and lets known devices pass them by', () => {
    const { limit, attempt } = open();
    for (let turn = 0; turn < CODE_ATTEMPTS; turn += 1) limit.takeCode(attempt(`stranger ${turn}`));
    expect(() => limit.takeCode(attempt('one more'))).toThrow(/Too many wrong codes/);
    expect(() => limit.takeCode(attempt('train', 'me', 'my phone'))).not.toThrow();
    for (let turn = 1; turn < ATTEMPTS; turn += 1) limit.takeCode(attempt('train', 'me', 'my phone'));
    expect(() => limit.takeCode(attempt('train', 'me', 'my phone'))).toThrow(/Too many wrong codes/);
  });

  test('remembers no more places than it must, and forgets no login of somebody for those of nobody', () => {
    const { limit, takes, strangers } = open();
    takes(ATTEMPTS, 'first');
    strangers(STRANGERS_ATTEMPTS);
    for (let other = 0; other < MAX_PLACES; other += 1) {
      limit.take({ address: 'far', login: `nobody ${other}`, exists: false });
    }
    expect(takes(1, 'first')).toBe(1);
    expect(strangers(1, 'me', 5000)).toEqual(['guarded']);
  });
});
