import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyInstallation } from '../../../agent/acquisition/installation.js';

const written = ([whole, places]: readonly [number, number]): number => Number(`${whole}e-${places}`);

test('decimals come out as people write them', () => {
  expect(applyInstallation(0.1, { ratio: 3, offset: 0 })).toBe(0.3);
  expect(applyInstallation(123.45, { ratio: 40, offset: 0 })).toBe(4938);
  expect(applyInstallation(1.1, { ratio: 1.1, offset: 0.1 })).toBe(1.31);
  expect(applyInstallation(-7.5, { ratio: 0.01, offset: -0.3 })).toBe(-0.375);
});

test('what needs no scaling stays what it is', () => {
  for (const value of [0.30000000000000004, -0, 2n ** 62n, 'closed']) {
    expect(applyInstallation(value, { ratio: 1, offset: 0 })).toBe(value);
  }
});

test('integers stay exact integers, as bigint only beyond 2^53', () => {
  expect(applyInstallation(2n ** 60n, { ratio: 10, offset: 5 })).toBe(2n ** 60n * 10n + 5n);
  expect(applyInstallation(2 ** 53 - 1, { ratio: 3, offset: 0 })).toBe((2n ** 53n - 1n) * 3n);
  expect(applyInstallation(2n ** 53n, { ratio: 1, offset: -1 })).toBe(2 ** 53 - 1);
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      fc.maxSafeInteger(),
      fc.maxSafeInteger(),
      (value, ratio, offset) => {
        const scaled = applyInstallation(value, { ratio, offset });
        const wanted = value * BigInt(ratio) + BigInt(offset);
        expect(typeof scaled === 'string' ? undefined : BigInt(scaled)).toBe(
          ratio === 1 && offset === 0 ? value : wanted,
        );
      },
    ),
  );
});

test('is the nearest float64 to the decimal result', () => {
  const decimal = fc.tuple(fc.integer({ min: -99_999, max: 99_999 }), fc.integer({ min: 0, max: 3 }));
  fc.assert(
    fc.property(decimal, decimal, decimal, (v, r, o) => {
      const exact =
        BigInt(v[0]) * BigInt(r[0]) * 10n ** BigInt(9 - v[1] - r[1]) + BigInt(o[0]) * 10n ** BigInt(9 - o[1]);
      const scaled = applyInstallation(written(v), { ratio: written(r), offset: written(o) });
      expect(Number(scaled) + 0).toBe(Number(`${exact}e-9`) + 0);
    }),
  );
});
