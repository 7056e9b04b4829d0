import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextMidnight, watchMidnight } from '../../../agent/acquisition/local-midnight.js';

const HOUR_MS = 3_600_000;
const PARIS = 'Europe/Paris';
const inParis = (time: number): string =>
  new Date(time).toLocaleTimeString('fr-FR', { timeZone: PARIS, hour12: false });

test('the next midnight is one of civil time, within the 25 hours of the longest day', () => {
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2040, 0) }), (time) => {
      const next = nextMidnight(time, PARIS);
      expect(next).toBeGreaterThan(time);
      expect(next - time).toBeLessThanOrEqual(25 * HOUR_MS);
      expect(inParis(next)).toBe('00:00:00');
    }),
  );
});

test('days of 23 and 25 hours end when they do', () => {
  const [shortest, longest] = [Date.UTC(2026, 2, 28, 23), Date.UTC(2026, 9, 24, 22)];
  expect(nextMidnight(shortest, PARIS) - shortest).toBe(23 * HOUR_MS);
  expect(nextMidnight(longest, PARIS) - longest).toBe(25 * HOUR_MS);
});

/** A watch over a clock that each wait moves; `states` says from when on it is synced. */
const watched = async (start: number, until: number, syncedFrom: number, jump = 0): Promise<number[]> => {
  const seen: number[] = [];
  const stop = new AbortController();
  let time = start;
  let jumped = false;
  const clock = {
    now: () => ({
      boot: 'b',
      monotonic: 0,
      time,
      state: time >= syncedFrom ? ('synced' as const) : ('unsynced' as const),
      uncertaintyMs: 0,
    }),
  };
  const delay = async (ms: number): Promise<void> => {
    time += ms + (jumped ? 0 : jump);
    jumped = true;
    if (time >= until) stop.abort();
  };
  await watchMidnight({ clock, delay, zone: PARIS, onMidnight: () => seen.push(time) }, stop.signal);
  return seen;
};

test('each midnight is told once, at it', async () => {
  const noon = Date.UTC(2026, 5, 1, 10);
  const midnight = Date.UTC(2026, 5, 1, 22);
  const seen = await watched(noon, noon + 50 * HOUR_MS, 0);
  expect(seen).toEqual([midnight, midnight + 24 * HOUR_MS]);
});

test('while the clock does not know the time no midnight comes', async () => {
  const noon = Date.UTC(2026, 5, 1, 10);
  expect(await watched(noon, noon + 20 * HOUR_MS, noon + 100 * HOUR_MS)).toEqual([]);
});

test('a clock set past midnight tells one midnight, not one a day', async () => {
  const noon = Date.UTC(2026, 5, 1, 10);
  expect(await watched(noon, noon + 75 * HOUR_MS, 0, 72 * HOUR_MS)).toHaveLength(1);
});
