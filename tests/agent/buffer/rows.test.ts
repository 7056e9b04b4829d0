import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundStarts } from '../../../agent/buffer/boots.js';
import type { BufferPoint, NewReading } from '../../../agent/buffer/buffer.js';
import { parseExact, writeExact } from '../../../agent/buffer/exact-json.js';
import { makeWindows, mergeWindows } from '../../../agent/buffer/make-windows.js';
import {
  checkReading,
  clockOf,
  flagOf,
  isHeld,
  packReading,
  reasonOf,
  valueOf,
} from '../../../agent/buffer/reading-row.js';
import { aggregateReadings, type AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { CLOCK_STATES, FLAGS, REASONS } from '#wire/terms.js';
import { point, START } from '../../support/buffer.js';

const values = fc.oneof(
  fc.constant(null),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.string({ maxLength: 60 }),
);

const readings: fc.Arbitrary<NewReading> = fc.record({
  point: fc.integer({ min: 1, max: 2_000 }),
  boot: fc.constant('b'),
  monotonic: fc.nat(),
  time: fc.integer({ min: 0, max: 2 ** 42 }),
  clock: fc.constantFrom(...CLOCK_STATES),
  uncertaintyMs: fc.nat(),
  value: values,
  flag: fc.constantFrom(...FLAGS),
  reason: fc.constantFrom(...REASONS),
  held: fc.boolean(),
});

describe('a row', () => {
  it('gives back what was packed', () => {
    fc.assert(
      fc.property(readings, (given) => {
        checkReading(given);
        const row = packReading(given, 5, 3);
        expect([row.point, row.monotonic, row.time]).toEqual([given.point, given.monotonic, given.time]);
        expect(row.uncertainty ?? 0).toBe(given.uncertaintyMs);
        expect([flagOf(row), reasonOf(row), clockOf(row), isHeld(row)]).toEqual([
          given.flag,
          given.reason,
          given.clock,
          given.held,
        ]);
        expect(valueOf(row)).toBe(given.value);
      }),
    );
  });

  it('keeps int64 values in what is written as JSON', () => {
    fc.assert(
      fc.property(values, (value) => {
        const back = parseExact(writeExact({ value, nested: [value] }));
        expect(back).toEqual({ value: value === 0 ? 0 : value, nested: [value === 0 ? 0 : value] });
      }),
    );
  });
});

describe('bounds of boots that never synced', () => {
  it('hold the true start, whatever the boots around it knew', () => {
    const boot = fc.record({
      off: fc.nat(1e9),
      run: fc.nat(1e9),
      synced: fc.boolean(),
      /** What was told lies so far off the truth, within so much more. */
      error: fc.integer({ min: -5_000, max: 5_000 }),
      slack: fc.nat(5_000),
      toldAt: fc.nat(1e9),
    });
    const boots = fc.array(boot, { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(boots, (given) => {
        let now = START;
        const truth = given.map(({ off, run, synced, error, slack, toldAt }, index) => {
          const start = now + off;
          now = start + run;
          return {
            id: index + 1,
            name: `${index}`,
            offsetMs: synced ? start + error : null,
            uncertaintyMs: synced ? Math.abs(error) + slack : 0,
            toldAt,
            lastMonotonic: run,
            start,
          };
        });
        const bounds = boundStarts(truth);
        const lastSynced = truth.findLast(({ offsetMs }) => offsetMs !== null)?.id ?? 0;
        for (const { id, start, offsetMs } of truth) {
          const bound = bounds.get(id);
          expect(bound !== undefined).toBe(offsetMs === null && id < lastSynced);
          if (bound === undefined) continue;
          expect(bound.earliest).toBeLessThanOrEqual(start);
          expect(bound.latest).toBeGreaterThanOrEqual(start);
        }
      }),
    );
  });
});

const PERIOD = 60_000;
const END = START + 10 * PERIOD;

const series = fc
  .array(
    fc.record({
      time: fc.integer({ min: START, max: END - 1 }),
      value: fc.integer({ min: 0, max: 1_000 }),
      flag: fc.constantFrom(...FLAGS),
    }),
    { maxLength: 40 },
  )
  .map((rows) => rows.toSorted((a, b) => a.time - b.time));

const kinds = fc.constantFrom<BufferPoint['kind']>(
  'gauge',
  'counter',
  'interval',
  'decibel',
  'extreme',
  'event',
);

describe('windows of one point', () => {
  it('are the same however the making was cut in two', () => {
    fc.assert(
      fc.property(kinds, series, fc.integer({ min: 1, max: 9 }), (kind, rows, cut) => {
        const of = point('a/x', { kind, maxHoldMs: 150_000 });
        const middle = START + cut * PERIOD;
        const make = (from: number, end: number, before?: AggregateReading) =>
          makeWindows({
            point: of,
            period: PERIOD,
            from,
            end,
            before,
            readings: rows.filter(({ time }) => time >= from && time < end),
          });
        const whole = make(START, END);
        const first = make(START, middle);
        const second = make(middle, END, first.last);
        expect([...first.windows, ...second.windows]).toEqual(whole.windows);
        expect(second.last).toEqual(whole.last);
      }),
    );
  });

  it('merge into the longer window that the readings themselves give', () => {
    fc.assert(
      fc.property(kinds, series, (kind, rows) => {
        const of = point('a/x', { kind, maxHoldMs: 150_000 });
        const { windows } = makeWindows({
          point: of,
          period: PERIOD,
          from: START,
          end: END,
          readings: rows,
          before: undefined,
        });
        const [merged] = mergeWindows(of, 10 * PERIOD, windows);
        if (rows.length === 0) {
          expect(merged).toBeUndefined();
          return;
        }
        const direct = aggregateReadings({ ...of, start: START, end: END, readings: rows });
        expect(merged?.start).toBe(START);
        const { sums, ...common } = direct;
        expect(merged?.aggregate).toMatchObject(common);
        for (const [key, sum] of Object.entries(sums)) {
          const found = Object.entries(merged?.aggregate.sums ?? {}).find(([name]) => name === key)?.[1];
          if (typeof sum === 'number')
            expect(Math.abs(Number(found) - sum)).toBeLessThanOrEqual(1e-9 * Math.abs(sum));
        }
      }),
    );
  });
});
