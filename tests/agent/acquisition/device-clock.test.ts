import { expect, test } from 'vitest';
import { judgeSample } from '../../../agent/acquisition/acquired-point.js';
import { believed, datedAhead } from '../../../agent/acquisition/device-clock.js';
import { point } from './support.js';

const DAY_MS = 86_400_000;
const time = Date.UTC(2026, 5, 1, 12);
const synced = { time, state: 'synced' } as const;

const judged = (deviceTime: number, state: 'synced' | 'unsynced') => {
  const rules = { coefficients: { ratio: 1, offset: 0 }, tests: point('p', { range: [0, 100] }) };
  const sample = { point: 'p', value: 5, raw: new Uint8Array(0), at: 0, deviceTime };
  const { value, flag, reason } = judgeSample(rules, undefined, sample, { time, state });
  return `${String(value)}: ${flag} ${reason}`;
};

test('a value that its device dates after its own reading is suspect, measured by the time of the reading', () => {
  expect(judged(time + 2 * DAY_MS, 'synced')).toBe('5: 3 clock');
  expect(judged(time + DAY_MS, 'synced')).toBe('5: 1 none');
  expect(judged(time - 400 * DAY_MS, 'synced')).toBe('5: 1 none');
  expect(datedAhead({ deviceTime: time + 2 * DAY_MS }, synced)?.detail).toContain('2026-06-03');
});

test('where the gateway does not know the time, no date of a device is to come', () => {
  expect(judged(time + 2 * DAY_MS, 'unsynced')).toBe('5: 1 none');
});

test('a clock that calls itself sound and says a date of 1024 weeks ago is degraded', () => {
  const clock = (deviceTime: number, state: 'synced' | 'unsynced') =>
    believed({ deviceTime, deviceClock: 'sound' }, { time, state }).deviceClock;
  expect(clock(time - 1024 * 7 * DAY_MS, 'synced')).toBe('degraded');
  expect(clock(Date.UTC(1994, 10, 19), 'synced')).toBe('degraded');
  expect(clock(time + 2 * DAY_MS, 'synced')).toBe('degraded');
  expect(clock(time - 1024 * 7 * DAY_MS, 'unsynced')).toBe('sound');
  expect(clock(time - 400 * DAY_MS, 'synced')).toBe('sound');
  expect(believed({ deviceTime: 0 }, synced)).toEqual({});
});
