import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { PollSchedule } from '../../../agent/acquisition/poll-schedule.js';
import { device, point } from './support.js';

const deviceWith = (key: string, intervals: readonly number[]) =>
  device(
    key,
    intervals.map((intervalMs, i) => point(`p${i}`, { intervalMs })),
  );

test('everything is due at the start, then on a grid that does not drift', () => {
  const schedule = new PollSchedule([deviceWith('a', [1000])], 500);
  const polled: number[] = [];
  for (let now = 500; now < 10_000; now += 7) if (schedule.take(now) !== undefined) polled.push(now);
  expect(polled).toHaveLength(10);
  expect(polled.every((now) => (now - 500) % 1000 < 7)).toBe(true);
});

test('devices are spread over their interval', () => {
  const schedule = new PollSchedule(
    ['a', 'b', 'c', 'd'].map((key) => deviceWith(key, [1000])),
    0,
  );
  for (let i = 0; i < 4; i += 1) schedule.take(0);
  const deadlines = new Set<number>();
  while (schedule.nextDue() < 3000) {
    const due = schedule.nextDue();
    deadlines.add(due % 1000);
    schedule.take(due);
  }
  expect([...deadlines].toSorted((a, b) => a - b)).toEqual([0, 250, 500, 750]);
});

test('slow points ride along with the fast ones of their device', () => {
  const schedule = new PollSchedule([deviceWith('x', [1000]), deviceWith('a', [1000, 5000])], 0);
  const sizes: number[] = [];
  for (let now = 0; now < 20_000; now += 1) {
    const due = schedule.take(now);
    if (due?.device.key === 'a') sizes.push(due.points.length);
  }
  expect(sizes.filter((size) => size === 2)).toHaveLength(4);
  expect(sizes.filter((size) => size === 1).length).toBeGreaterThanOrEqual(15);
});

test('after a stall each device is polled once, and what passed is counted', () => {
  const schedule = new PollSchedule([deviceWith('a', [1000])], 0);
  schedule.take(0);
  const late = schedule.take(600_250);
  expect(late).toMatchObject({ missed: 599, lagMs: 250 });
  expect(schedule.take(600_260)).toBeUndefined();
  expect(schedule.nextDue()).toBe(601_000);
});

test('a postponed device keeps its grid', () => {
  const schedule = new PollSchedule([deviceWith('a', [1000])], 0);
  const due = schedule.take(0);
  expect(due === undefined ? 0 : schedule.postpone(due.device, 4500)).toBe(4);
  expect(schedule.nextDue()).toBe(5000);
});

test('every deadline is either polled or counted as missed, and no device starves', () => {
  const intervals = fc.integer({ min: 100, max: 5000 });
  fc.assert(
    fc.property(
      fc.array(fc.array(intervals, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 6 }),
      fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 60, maxLength: 200 }),
      (devices, durations) => {
        const schedule = new PollSchedule(
          devices.map((each, i) => deviceWith(String(i), each)),
          0,
        );
        const polled = new Map<string, number>();
        let now = 0;
        for (const takes of durations) {
          const due = schedule.take(now);
          if (due === undefined) {
            expect(schedule.nextDue()).toBeGreaterThan(now);
            now = schedule.nextDue();
            continue;
          }
          expect(due.lagMs).toBeLessThan(Math.max(...due.points.map(({ intervalMs }) => intervalMs)));
          polled.set(due.device.key, (polled.get(due.device.key) ?? 0) + 1);
          now += takes;
        }
        expect(polled.size).toBe(devices.length);
      },
    ),
    { numRuns: 100 },
  );
});

test('what is wanted beside its deadline is polled at once, and the deadlines stay where they were', () => {
  const schedule = new PollSchedule([deviceWith('a', [1000, 60_000])], 0);
  schedule.take(0);
  const grid = schedule.nextDue();
  schedule.want(({ intervalMs }) => intervalMs === 60_000);
  expect(schedule.nextDue()).toBeLessThanOrEqual(10);
  expect(schedule.take(10)?.points.map(({ intervalMs }) => intervalMs)).toEqual([60_000]);
  expect(schedule.nextDue()).toBe(grid);
});

test('a device that bears no poll yet is not polled before it does, however much it is wanted', () => {
  const [point] = deviceWith('a', [60_000]).points;
  const slow = device('a', point === undefined ? [] : [point]);
  const careful = { ...slow, profile: { ...slow.profile, minIntervalMs: 5000 } };
  const schedule = new PollSchedule([careful], 0);
  schedule.take(0);
  schedule.want(() => true);
  expect(schedule.take(4999)).toBeUndefined();
  expect(schedule.take(5000)?.points).toHaveLength(1);
});
