import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BackOff } from '../../../agent/uplink/back-off.js';

describe('the wait before the next attempt', () => {
  it('is anything up to a step that doubles from 5 s to 60 s', () => {
    const backOff = new BackOff(() => 1, 5_000);
    expect(Array.from({ length: 6 }, () => backOff.next(undefined))).toEqual([
      5_000, 10_000, 20_000, 40_000, 60_000, 60_000,
    ]);
  });

  it('begins anew after a session that lasted, and not after one that fell over at once', () => {
    const backOff = new BackOff(() => 1, 5_000);
    for (let attempt = 0; attempt < 5; attempt += 1) backOff.next(undefined);
    expect(backOff.next(2_000)).toBe(60_000);
    expect(backOff.next(3_600_000)).toBe(5_000);
  });

  it('spreads a crowd: of a thousand that lose one broker, no second sees more than a third', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_147_483_646 }), (start) => {
        const seconds = new Map<number, number>();
        let seed = start;
        for (let gateway = 0; gateway < 1_000; gateway += 1) {
          seed = (seed * 16_807) % 2_147_483_647;
          const second = Math.floor(new BackOff(() => seed / 2_147_483_647, 5_000).next(3_600_000) / 1_000);
          seconds.set(second, (seconds.get(second) ?? 0) + 1);
        }
        expect(Math.max(...seconds.values())).toBeLessThan(333);
      }),
      { numRuns: 20 },
    );
  });
});
