import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isoTime } from '../../../fleet/http/time.js';

/** As far as a Date goes, ms either way. */
const FARTHEST = 8_640_000_000_000_000;

test('a time is written as Date writes it, whatever was written before', () => {
  const near = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 0, 4) });
  const any = fc.integer({ min: -FARTHEST, max: FARTHEST });
  fc.assert(
    fc.property(fc.array(fc.oneof(near, any), { maxLength: 20 }), (times) => {
      expect(times.map(isoTime)).toEqual(times.map((time) => new Date(time).toISOString()));
    }),
    { numRuns: 500, examples: [[[0, -1, 86_399_999, 86_400_000, FARTHEST, -FARTHEST]]] },
  );
});

test('what is no time is refused', () => {
  for (const time of [NaN, Infinity, FARTHEST * 2]) expect(() => isoTime(time)).toThrow(RangeError);
});
