import { describe, expect, test } from 'vitest';
import {
  aggregateReadings,
  type AggregateInput,
  type AggregateReading,
} from '#wire/aggregate/aggregate-readings.js';
import { representative } from '#wire/aggregate/representative.js';
import type { Flag, Kind, Value } from '#wire/terms.js';

const at = (time: number, value: Value | null, flag: Flag = 1): AggregateReading => ({ time, value, flag });

const over = (kind: Kind, readings: readonly AggregateReading[], more: Partial<AggregateInput> = {}) =>
  aggregateReadings({
    kind,
    start: 0,
    end: 60_000,
    readings,
    intervalMs: 10_000,
    maxHoldMs: 30_000,
    ...more,
  });

const expected = (start: number, end: number): number =>
  over('gauge', [], { start, end, intervalMs: 300_000 }).expected;

describe('common part', () => {
  test('counts every flag and lets 4, 9 and nothing enter nowhere', () => {
    const result = over('gauge', [
      at(0, 1),
      at(1, 2, 2),
      at(2, 3, 3),
      at(3, 99, 4),
      at(4, null, 9),
      at(5, null),
    ]);
    expect(result.flags).toEqual([2, 1, 1, 1, 1]);
    expect(result).toMatchObject({ count: 3, min: 1, max: 3, expected: 6 });
    expect(result.first).toEqual({ time: 0, value: 1 });
    expect(result.last).toEqual({ time: 2, value: 3 });
  });

  test('sorts by time, keeps the given order at equal times, leaves out what lies outside', () => {
    const result = over('text', [at(20, 'c'), at(10, 'a'), at(20, 'd'), at(60_000, 'late'), at(-1, 'early')]);
    expect(result).toMatchObject({ count: 3, first: { value: 'a' }, last: { value: 'd' } });
  });

  test('a value that is no number spoils no sum', () => {
    const result = over('interval', [at(0, NaN), at(1, 2), at(2, Infinity), at(3, 'x')]);
    expect(result).toMatchObject({ count: 1, min: 2, max: 2, sums: { total: 2 } });
    expect(result.flags).toEqual([4, 0, 0, 0, 0]);
  });

  test('expected readings of the parts add up where the interval is longer than the part', () => {
    const minutes = Array.from({ length: 15 }, (_, i) => expected(i * 60_000, (i + 1) * 60_000));
    expect(minutes.reduce((a, b) => a + b)).toBe(3);
    expect(expected(0, 900_000)).toBe(3);
  });
});

describe('gauge', () => {
  test('weighs by the time each value stood, not by how often it was read', () => {
    const result = over('gauge', [at(0, 10), at(30_000, 20), at(30_001, 20), at(45_000, 0)]);
    expect(representative(result)).toBeCloseTo((10 * 30 + 20 * 15) / 60, 9);
  });

  test('carries the value before the period in, and holds no value longer than allowed', () => {
    const carried = over('gauge', [], { before: at(-10_000, 5) });
    expect(carried.sums).toEqual({ kind: 'gauge', weighted: 5 * 20_000, heldMs: 20_000 });
    expect(carried.count).toBe(0);
    expect(representative(carried)).toBe(5);
    expect(representative(over('gauge', [], { before: at(-30_000, 5) }))).toBeNull();
    expect(over('gauge', [], { before: at(-1, 5, 4) }).sums).toMatchObject({ heldMs: 0 });
  });

  test('a long sum of unequal magnitudes keeps its small terms', () => {
    const readings = [at(0, 1e16), ...Array.from({ length: 1000 }, (_, i) => at(1 + i, 1)), at(2000, -1e16)];
    const { sums } = over('interval', readings);
    expect(sums).toEqual({ kind: 'interval', total: 1000 });
  });
});

describe('counter', () => {
  test('adds the steps, the first from the reading before the period', () => {
    const result = over('counter', [at(0, 105), at(10, 110)], { before: at(-86_400_000, 100) });
    expect(result.sums).toEqual({ kind: 'counter', delta: 10, resets: 0 });
  });

  test('a replaced meter adds what each counted and nothing between them', () => {
    const result = over('counter', [at(0, 98_760), at(1, 98_765), at(2, 12), at(3, 20)], { rollover: 1e8 });
    expect(result.sums).toEqual({ kind: 'counter', delta: 13, resets: 1 });
  });

  test('wraps only where the wrapped step is plausible', () => {
    const near = over('counter', [at(0, 99_990), at(1, 5)], { rollover: 100_000 });
    expect(near.sums).toEqual({ kind: 'counter', delta: 15, resets: 0 });
    const far = over('counter', [at(0, 60_000), at(1, 50_000)], { rollover: 100_000 });
    expect(far.sums).toEqual({ kind: 'counter', delta: 0, resets: 1 });
    const unknown = over('counter', [at(0, 99_990), at(1, 5)]);
    expect(unknown.sums).toEqual({ kind: 'counter', delta: 0, resets: 1 });
  });

  test('int64 steps are exact where float64 no longer counts', () => {
    const base = 2n ** 60n;
    const result = over('counter', [at(0, base), at(1, base + 1n), at(2, base + 4n)]);
    expect(result.sums).toMatchObject({ delta: 4 });
    const across = over('counter', [at(0, 2 ** 53 - 1), at(1, 2n ** 53n + 2n)]);
    expect(across.sums).toMatchObject({ delta: 3 });
    const mixed = over('counter', [at(0, 2n ** 53n), at(1, 1.5)]);
    expect(mixed.sums).toMatchObject({ delta: 0, resets: 1 });
  });

  test('a bad reading makes no reset', () => {
    const result = over('counter', [at(0, 100), at(1, 0, 4), at(2, 101)]);
    expect(result.sums).toEqual({ kind: 'counter', delta: 1, resets: 0 });
  });
});

describe('other kinds', () => {
  test('state: time in each code, no minimum or maximum', () => {
    const result = over('state', [at(10_000, 1), at(40_000, 2)], { before: at(-1000, 0) });
    expect(result.sums).toEqual({ kind: 'state', durations: { 0: 10_000, 1: 30_000, 2: 20_000 } });
    expect(result).toMatchObject({ min: null, max: null });
    expect(representative(result)).toBe(1);
    expect(representative(over('state', [at(0, '__proto__')]))).toBe('__proto__');
  });

  test('angle: 350 and 10 are north, opposite winds are no direction', () => {
    expect(representative(over('angle', [at(0, 350), at(1, 10)]))).toBeCloseTo(0, 9);
    expect(representative(over('angle', [at(0, 90), at(1, 270)]))).toBeNull();
    expect(representative(over('angle', [at(0, 270)]))).toBeCloseTo(270, 9);
  });

  test('decibel: the mean of the energy', () => {
    expect(representative(over('decibel', [at(0, 50), at(1, 80)]))).toBeCloseTo(77.0, 1);
  });

  test('extreme, event, text and interval', () => {
    expect(representative(over('extreme', [at(0, 3), at(1, 9), at(2, 4)]))).toBe(9);
    expect(representative(over('event', [at(0, 'car'), at(1, 'lorry')]))).toBe(2);
    expect(representative(over('text', [at(0, 'a'), at(1, 'b')]))).toBe('b');
    expect(representative(over('interval', [at(0, 0.1), at(1, 0.2)]))).toBeCloseTo(0.3, 12);
  });

  test('nothing known is null, and no events are 0', () => {
    const kinds: readonly Kind[] = [
      'gauge',
      'counter',
      'interval',
      'state',
      'angle',
      'decibel',
      'extreme',
      'text',
    ];
    for (const kind of kinds) expect(representative(over(kind, [])), kind).toBeNull();
    expect(representative(over('event', []))).toBe(0);
  });
});
