import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reading } from '#wire/readings.js';
import { readingsOf } from '../../../fleet/simulation/readings-of.js';
import { DEFAULT_SHAPE, type Shape } from '../../../fleet/simulation/settings.js';
import { SIGNALS } from '../../../fleet/simulation/signals.js';

const shape: Shape = { ...DEFAULT_SHAPE, devices: 2, points: 3, kinds: ['gauge', 'counter', 'state'] };

/** All that a run from `first` to before `end` brings, by point. */
const run = (
  seed: number,
  first: number,
  end: number,
  late: { share: number; ticks: number },
): Reading[][] => {
  const readings = readingsOf({ ...shape, seed }, 4, late);
  const columns = Array.from({ length: readings.points }, (): Reading[] => []);
  let ordinal = 1;
  for (let tick = first; tick < end; tick += 1) ordinal = readings.at(tick, first, ordinal, columns);
  for (let tick = Math.max(first, end - late.ticks); tick < end; tick += 1) {
    ordinal = readings.late(tick, ordinal, columns);
  }
  return columns;
};

/** Values of the same half minute, of a run that begins at `first`. */
const laterValues = (seed: number, first: number) =>
  run(seed, first, 1_060, { share: 0, ticks: 1 }).map((readings) =>
    readings.filter(({ time }) => time >= 1_030 * shape.intervalMs).map(({ time, value }) => [time, value]),
  );

const runs = fc.record({
  seed: fc.nat(1_000_000),
  first: fc.integer({ min: 1, max: 200_000_000 }),
  ticks: fc.integer({ min: 1, max: 60 }),
  share: fc.constantFrom(0, 0.1, 0.9),
  late: fc.integer({ min: 1, max: 80 }),
});

describe('readings of a simulated gateway', () => {
  it('come once each, late or not, under ordinals without a hole', () => {
    fc.assert(
      fc.property(runs, ({ seed, first, ticks, share, late }) => {
        const columns = run(seed, first, first + ticks, { share, ticks: late });
        for (const readings of columns) {
          const at = readings
            .map(({ time }) => Math.floor(time / shape.intervalMs))
            .toSorted((a, b) => a - b);
          expect(at).toEqual(Array.from({ length: ticks }, (_, index) => first + index));
          const ordinals = readings.map(({ ordinal }) => ordinal);
          expect(ordinals).toEqual(ordinals.toSorted((a, b) => a - b));
        }
        const all = columns.flat().map(({ ordinal }) => ordinal);
        expect(all.toSorted((a, b) => a - b)).toEqual(all.map((_, index) => index + 1));
      }),
      { numRuns: 50 },
    );
  });

  it('have the same values whatever run makes them, and others by another seed', () => {
    expect(laterValues(7, 1_000)).toEqual(laterValues(7, 1_030));
    expect(laterValues(8, 1_000)).not.toEqual(laterValues(7, 1_000));
  });

  it('count upwards, wander within their bounds and keep their states for a while', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 0, max: 200_000_000 }), (seed, first) => {
        const ticks = Array.from({ length: 300 }, (_, index) => first + index);
        const valuesOf = (kind: keyof typeof SIGNALS) =>
          ticks.map((tick) => SIGNALS[kind].valueAt(seed, 12, tick));
        const counter = valuesOf('counter');
        expect(counter.every((value, index) => value >= (counter[index - 1] ?? 0))).toBe(true);
        expect(counter.at(-1)).toBeGreaterThan(counter[0] ?? 0);
        const gauge = valuesOf('gauge');
        expect(gauge.every((value) => value > 0 && value < 30)).toBe(true);
        expect(gauge.every((value, index) => Math.abs(value - (gauge[index - 1] ?? value)) < 2)).toBe(true);
        const changes = valuesOf('state').filter(
          (value, index, all) => index > 0 && value !== all[index - 1],
        );
        expect(changes.length).toBeLessThan(10);
        expect(valuesOf('angle').every((value) => value >= 0 && value < 360)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });
});
