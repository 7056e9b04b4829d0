import { describe, expect, test } from 'vitest';
import { combine, combineWithin } from '../../../../fleet/sharing/aggregates/combine.js';

const at = (...values: readonly number[]) =>
  values.map((value, index) => ({ locationId: `l${index}`, value }));
const threshold = { contributors: 3, maxShare: 0.5 };

describe('numbers over several points', () => {
  test('are sums where values add up, and means of energy or of directions where they do not', () => {
    expect(combine('gauge', at(1, 2, 6))).toEqual({
      points: 3,
      locations: 3,
      mean: 3,
      sum: 9,
      min: 1,
      max: 6,
    });
    const level = combine('decibel', at(60, 70));
    expect(level).toMatchObject({ sum: null, min: 60, max: 70 });
    expect(level.mean).toBeCloseTo(67.404, 3);
    const direction = combine('angle', at(350, 10, 20));
    expect(direction).toMatchObject({ sum: null, min: null, max: null });
    expect(direction.mean).toBeCloseTo(6.71, 1);
    expect(combine('angle', at(0, 180)).mean).toBeNull();
    expect(combine('extreme', at(3, 8))).toMatchObject({ mean: null, sum: null, max: 8 });
  });

  test('that stand for others are withheld below the threshold, and never one point’s own', () => {
    expect(combineWithin('counter', at(3, 3, 4), threshold)).toEqual({
      points: 3,
      locations: 3,
      mean: 10 / 3,
      sum: 10,
      min: null,
      max: null,
    });
    expect(combineWithin('counter', at(3, 3), threshold)).toBeNull();
    // two meters of one building are one contributor
    const sameRoof = [...at(3, 3), { locationId: 'l0', value: 3 }];
    expect(combineWithin('counter', sameRoof, { contributors: 3, maxShare: 1 })).toBeNull();
    expect(combineWithin('counter', at(5, 2, 3), threshold)).not.toBeNull();
    expect(combineWithin('counter', at(5.01, 2, 3), threshold)).toBeNull();
    const together = [...at(3, 3, 3, 3), { locationId: 'l0', value: 7 }];
    expect(combineWithin('counter', together, threshold)).toBeNull();
    // what counts is how much, whichever way it flows
    expect(combineWithin('gauge', at(-9, 2, 3), threshold)).toBeNull();
    expect(combineWithin('gauge', at(0, 0, 0), threshold)).toBeNull();
    expect(combineWithin('decibel', at(60, 60, 75), threshold)).toBeNull();
    expect(combineWithin('decibel', at(60, 60, 60), threshold)?.mean).toBeCloseTo(60, 6);
    for (const kind of ['extreme', 'state', 'text', 'angle'] as const) {
      expect(combineWithin(kind, at(1, 1, 1, 1), threshold)).toBeNull();
    }
  });
});
