import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { RateQuota } from '../../../fleet/broker/rate-quota.js';

const RATES = { packetsPerSecond: 100, bytesPerSecond: 10_000 };

it('lets two seconds worth pass at once, then asks to wait', () => {
  const quota = new RateQuota(RATES, () => 0);
  expect(quota.take(200, 0)).toBe(0);
  expect(quota.take(50, 0)).toBe(500);
});

it('holds the sustained rate of one that waits as told', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ packets: fc.nat(50), bytes: fc.nat(20_000) }), { minLength: 50, maxLength: 200 }),
      (sent) => {
        let now = 0;
        const quota = new RateQuota(RATES, () => now);
        let bytes = 0;
        let packets = 0;
        for (const step of sent) {
          now += quota.take(step.packets, step.bytes);
          bytes += step.bytes;
          packets += step.packets;
          expect(packets).toBeLessThanOrEqual(RATES.packetsPerSecond * (now / 1000 + 2) + 1e-6);
          expect(bytes).toBeLessThanOrEqual(RATES.bytesPerSecond * (now / 1000 + 2) + 1e-6);
        }
      },
    ),
  );
});

it('asks for no more than before when the clock is set back', () => {
  let now = 1_000_000;
  const quota = new RateQuota(RATES, () => now);
  quota.take(200, 0);
  now = 0;
  expect(quota.take(100, 0)).toBe(1000);
  now = 2000;
  expect(quota.take(0, 0)).toBe(0);
});
