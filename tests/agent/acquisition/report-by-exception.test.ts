import { expect, test } from 'vitest';
import { isHeld, type Reported } from '../../../agent/acquisition/report-by-exception.js';
import type { ConfiguredPoint } from '../../../agent/twin/configuration.js';
import { point } from './support.js';

const reading = (second: number, value: Reported['value'], more: Partial<Reported> = {}): Reported => ({
  value,
  flag: 1,
  reason: 'none',
  at: second * 1000,
  ...more,
});

/** Which of the readings are held back. */
const held = (rule: ConfiguredPoint, readings: readonly Reported[]): readonly boolean[] => {
  let last: Reported | undefined;
  return readings.map((each) => {
    const isOne = isHeld(rule, last, each);
    if (!isOne) last = each;
    return isOne;
  });
};

const rule = point('p', { deadband: { absolute: 0.5 }, heartbeatMs: 10_000 });

test('without a deadband everything is sent', () => {
  expect(held(point('p'), [reading(0, 1), reading(1, 1)])).toEqual([false, false]);
});

test('a value is held while it stays near the last one sent, so that a slow drift is seen', () => {
  const drift = [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5].map((value, second) => reading(second, value));
  expect(held(rule, drift)).toEqual([false, true, true, false, true, true, false]);
});

test('the heartbeat is sent at least as often as it says, though polls jitter', () => {
  const still = Array.from({ length: 22 }, (_, second) => reading(second - 0.001 * (second % 2), 3));
  const sent = held(rule, still).flatMap((isOne, second) => (isOne ? [] : [second]));
  expect(sent).toEqual([0, 10, 20]);
});

test('a change of flag or reason is always sent', () => {
  const missing = (second: number, reason: Reported['reason']) => reading(second, null, { flag: 9, reason });
  expect(
    held(rule, [
      reading(0, 1),
      reading(1, 1, { flag: 3, reason: 'rate' }),
      missing(2, 'no-answer'),
      missing(3, 'no-answer'),
      missing(4, 'bus-error'),
      reading(5, 1),
    ]),
  ).toEqual([false, false, false, true, false, false]);
});

test('int64 and angles are compared as what they are', () => {
  const big = 2n ** 60n;
  expect(
    held(point('p', { ...rule, deadband: { absolute: 1 } }), [
      reading(0, big),
      reading(1, big + 1n),
      reading(2, big + 2n),
    ]),
  ).toEqual([false, true, false]);
  expect(
    held(point('p', { ...rule, kind: 'angle', deadband: { absolute: 5 } }), [reading(0, 359), reading(1, 2)]),
  ).toEqual([false, true]);
  expect(held(point('p', { ...rule, kind: 'state' }), [reading(0, 1), reading(1, 1), reading(2, 2)])).toEqual(
    [false, true, false],
  );
});

test('a deadband may be a share of the last value sent', () => {
  const share = point('p', { deadband: { percent: 10 }, heartbeatMs: 60_000 });
  const values = [100, 109, 91, 111, 121, 123].map((value, second) => reading(second, value));
  expect(held(share, values)).toEqual([false, true, true, false, true, false]);
  expect(held(share, [reading(0, 0), reading(1, 0), reading(2, 0.001)])).toEqual([false, true, false]);
});

test('readings go out no closer than the shortest time between two, but a change of flag does', () => {
  const calm = point('p', { minReportMs: 3000, heartbeatMs: 60_000 });
  const values = [1, 2, 3, 4, 5, 6].map((value, second) => reading(second, value));
  expect(held(calm, values)).toEqual([false, true, true, false, true, true]);
  expect(held(calm, [reading(0, 1), reading(1, 9, { flag: 4, reason: 'range' })])).toEqual([false, false]);
});
