import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { missingRanges, toRanges, unionRanges } from '../../../fleet/log/seq-ranges.js';

const numbers = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 40 });
const listOf = (ranges: readonly (readonly [number, number])[]): number[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => first + index));

describe('ranges of batch numbers', () => {
  test('hold exactly the numbers given, as few ranges as can be', () => {
    fc.assert(
      fc.property(numbers, (given) => {
        const ranges = toRanges(given);
        expect(listOf(ranges)).toEqual([...new Set(given)].toSorted((a, b) => a - b));
        for (const [index, range] of ranges.entries()) {
          const before = ranges[index - 1];
          if (before !== undefined) expect(range[0]).toBeGreaterThan(before[1] + 1);
        }
      }),
    );
  });

  test('any ranges become the fewest that hold the same', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat({ max: 8 }));
    fc.assert(
      fc.property(fc.array(range), (given) => {
        const ranges = given.map(([first, more]) => [first, first + more] as const);
        expect(unionRanges(ranges)).toEqual(toRanges(listOf(ranges)));
      }),
    );
  });

  test('present and missing together are the whole, and share nothing', () => {
    fc.assert(
      fc.property(
        numbers,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        (given, first, last) => {
          const present = toRanges(given);
          const missing = listOf(missingRanges(present, first, last));
          const inside = given.filter((seq) => seq >= first && seq <= last);
          const whole = Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
          expect([...missing, ...new Set(inside)].toSorted((a, b) => a - b)).toEqual(whole);
        },
      ),
    );
  });
});
