import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allowedBytes, wantsRoom } from '../../../agent/buffer/space.js';
import { outlives, replacementOf, THINNING_STEPS } from '../../../agent/buffer/thinning-steps.js';
import { KINDS } from '#wire/terms.js';

const facts = fc.record({
  usedBytes: fc.nat(1e9),
  fileBytes: fc.nat(1e9),
  freeBytes: fc.option(fc.nat(1e9), { nil: undefined }),
});
const limits = fc.record({ capBytes: fc.nat(1e9), floorBytes: fc.nat(1e9), reserveBytes: fc.nat(1e8) });

describe('the plan for room', () => {
  it('never allows more than the cap, nor growth into what must stay free', () => {
    fc.assert(
      fc.property(facts, limits, (known, limit) => {
        const allowed = allowedBytes(known, limit);
        expect(allowed).toBeLessThanOrEqual(limit.capBytes);
        const growth = allowed - Math.max(known.fileBytes, limit.reserveBytes);
        if (known.freeBytes !== undefined && growth > 0)
          expect(known.freeBytes - growth).toBeGreaterThanOrEqual(limit.floorBytes - limit.reserveBytes);
        if (wantsRoom(known.usedBytes, allowed, false))
          expect(wantsRoom(known.usedBytes, allowed, true)).toBe(true);
      }),
    );
  });

  it('takes in each step what the one before left, and nothing without a window before the third', () => {
    const windows = fc.subarray([10_000, 60_000, 300_000, 900_000, 3_600_000]);
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        windows,
        fc.constantFrom(0, 10_000, 60_000, 900_000),
        (kind, made, period) => {
          const known = { kind, windows: made };
          let alive = true;
          for (const step of THINNING_STEPS) {
            const lives = outlives(step, known, period);
            if (!alive)
              expect(lives && period >= 900_000 && step === 'all-but-counters' && kind !== 'counter').toBe(
                false,
              );
            if (!lives && (step === 'raw' || step === 'short-windows')) {
              const replacement = replacementOf(step, known);
              expect(replacement).toBeGreaterThan(period);
              expect(made).toContain(replacement);
            }
            alive &&= lives;
          }
          expect(outlives('all', known, period)).toBe(false);
          expect(outlives('all-but-alarms', known, period)).toBe(kind === 'event');
        },
      ),
    );
  });
});
