import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Aggregate, Sums } from '#wire/aggregate/aggregate.js';
import { aggregateReadings, type AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { AggregateKindError, mergeAggregates } from '#wire/aggregate/merge.js';
import { entersAggregate, FLAGS, KINDS, type Kind } from '#wire/terms.js';

const END = 1000;

const valueOf: Record<Kind, fc.Arbitrary<AggregateReading['value']>> = {
  gauge: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  counter: fc.integer({ min: 0, max: 999 }),
  interval: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  state: fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constantFrom('open', 'shut')),
  angle: fc.double({ min: 0, max: 360, noNaN: true }),
  decibel: fc.double({ min: 0, max: 140, noNaN: true }),
  extreme: fc.double({ min: -1e6, max: 1e6, noNaN: true }),
  event: fc.integer(),
  text: fc.string({ maxLength: 5 }),
};

const readingsOf = (kind: Kind): fc.Arbitrary<readonly AggregateReading[]> =>
  fc
    .array(
      fc.record({
        time: fc.integer({ min: -200, max: END - 1 }),
        value: fc.option(valueOf[kind], { freq: 9 }),
        flag: fc.constantFrom(...FLAGS),
      }),
      { maxLength: 40 },
    )
    .map((readings) => readings.toSorted((a, b) => a.time - b.time));

const aggregate = (kind: Kind, all: readonly AggregateReading[], start: number, end: number): Aggregate => {
  const before = all.findLast((r) => r.time < start && r.value !== null && entersAggregate(r.flag));
  return aggregateReadings({
    kind,
    start,
    end,
    readings: all.filter((r) => r.time >= start && r.time < end),
    intervalMs: 70,
    maxHoldMs: 150,
    rollover: 1000,
    ...(before === undefined ? {} : { before }),
  });
};

const numbers = (sums: Sums): Readonly<Record<string, number>> => {
  const { kind: _kind, ...rest } = sums;
  return 'durations' in rest ? rest.durations : rest;
};

/** Largest sum that the generated readings can make: what rounding is measured against. */
const SCALE: Partial<Record<Kind, number>> = { gauge: 1e9, interval: 4e7, angle: 40, decibel: 4e15 };

const expectSame = (actual: Aggregate, wanted: Aggregate): void => {
  const { sums: actualSums, ...actualRest } = actual;
  const { sums: wantedSums, ...wantedRest } = wanted;
  expect(actualRest).toEqual(wantedRest);
  expect(actualSums.kind).toBe(wantedSums.kind);
  const a = numbers(actualSums);
  const w = numbers(wantedSums);
  expect(Object.keys(a).toSorted()).toEqual(Object.keys(w).toSorted());
  for (const [key, value] of Object.entries(w)) {
    expect(Math.abs((a[key] ?? NaN) - value), key).toBeLessThanOrEqual(1e-12 * (SCALE[actualSums.kind] ?? 0));
  }
};

describe.each(KINDS)('merging %s', (kind) => {
  test('two adjacent periods give the aggregate of both together', () => {
    fc.assert(
      fc.property(readingsOf(kind), fc.integer({ min: 0, max: END }), (all, middle) => {
        const parts = mergeAggregates(
          kind,
          aggregate(kind, all, 0, middle),
          aggregate(kind, all, middle, END),
        );
        expectSame(parts, aggregate(kind, all, 0, END));
      }),
      { numRuns: 300 },
    );
  });

  test('is associative', () => {
    fc.assert(
      fc.property(readingsOf(kind), fc.integer({ min: 1, max: 499 }), (all, cut) => {
        const a = aggregate(kind, all, 0, cut);
        const b = aggregate(kind, all, cut, 2 * cut);
        const c = aggregate(kind, all, 2 * cut, END);
        expectSame(
          mergeAggregates(kind, mergeAggregates(kind, a, b), c),
          mergeAggregates(kind, a, mergeAggregates(kind, b, c)),
        );
      }),
      { numRuns: 100 },
    );
  });
});

test('aggregates of different kinds are refused', () => {
  const gauge = aggregate('gauge', [], 0, END);
  const counter = aggregate('counter', [], 0, END);
  expect(() => mergeAggregates('gauge', gauge, counter)).toThrow(AggregateKindError);
  expect(() => mergeAggregates('counter', gauge, gauge)).toThrow(AggregateKindError);
});
