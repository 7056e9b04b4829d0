import type { Value } from '#wire/terms.js';
import type { Coefficients } from '../twin/coefficients.js';

const MOST_DECIMALS = 9;

/** A decimal number as a whole number over a power of ten. */
interface Decimal {
  readonly whole: number;
  readonly decimals: number;
}

const decimalOf = (value: number): Decimal | undefined => {
  for (let decimals = 0; decimals <= MOST_DECIMALS; decimals += 1) {
    const whole = Math.round(value * 10 ** decimals);
    if (!Number.isSafeInteger(whole)) return undefined;
    if (whole / 10 ** decimals === value) return { whole, decimals };
  }
  return undefined;
};

/** `value × ratio + offset` in whole numbers, so that 0.1 × 3 is 0.3; `undefined` where they do not suffice. */
const inDecimals = (value: number, ratio: number, offset: number): number | undefined => {
  const [v, r, o] = [decimalOf(value), decimalOf(ratio), decimalOf(offset)];
  if (v === undefined || r === undefined || o === undefined) return undefined;
  const decimals = Math.max(v.decimals + r.decimals, o.decimals);
  const product = v.whole * r.whole * 10 ** (decimals - v.decimals - r.decimals);
  const sum = product + o.whole * 10 ** (decimals - o.decimals);
  const divisor = 10 ** decimals;
  return [v.whole * r.whole, product, sum, divisor].every(Number.isSafeInteger) ? sum / divisor : undefined;
};

const narrowed = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value;

const scaledBigint = (value: bigint, ratio: number, offset: number): number | bigint =>
  Number.isSafeInteger(ratio) && Number.isSafeInteger(offset)
    ? narrowed(value * BigInt(ratio) + BigInt(offset))
    : Number(value) * ratio + offset;

/**
 * A device's value as its installation makes it: `value × ratio + offset` (transformer ratio, pulse weight),
 * in the point's unit. Exact for decimals and integers as far as float64 and int64 can carry them; text and
 * values with ratio 1 and offset 0 stay as they are.
 */
export const applyInstallation = (value: Value, { ratio, offset }: Coefficients): Value => {
  if (typeof value === 'string' || (ratio === 1 && offset === 0)) return value;
  if (typeof value === 'bigint') return scaledBigint(value, ratio, offset);
  if (Number.isSafeInteger(value) && Number.isSafeInteger(ratio) && Number.isSafeInteger(offset)) {
    return narrowed(BigInt(value) * BigInt(ratio) + BigInt(offset));
  }
  return inDecimals(value, ratio, offset) ?? value * ratio + offset;
};
