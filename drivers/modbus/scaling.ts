/** Stored value = raw × scale + offset. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
  /** Digits after the point that a float is rounded to: 230.2 sent as float32 is not 230.19999694824219. */
  readonly decimals?: number;
}

interface Decimal {
  readonly digits: bigint;
  /** value = digits / 10^places */
  readonly places: number;
}

/** Powers of ten up to this one are exact as float64, so that one division rounds once. */
const MAX_PLACES = 15;

const decimalOf = (value: number): Decimal | undefined => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const places = fraction.length - Number(exponent);
  if (whole === '' || places > MAX_PLACES || places < -MAX_PLACES) return undefined;
  const digits = BigInt(`${sign}${whole}${fraction}`);
  return places < 0 ? { digits: digits * 10n ** BigInt(-places), places: 0 } : { digits, places };
};

const LOWEST_EXACT = BigInt(Number.MIN_SAFE_INTEGER);
const HIGHEST_EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** An integer as `number` where that is exact, else as `bigint`. */
export const narrow = (value: bigint): number | bigint =>
  value >= LOWEST_EXACT && value <= HIGHEST_EXACT ? Number(value) : value;

const divisorOf = (scale: number): number | undefined => {
  const divisor = Math.round(1 / scale);
  return divisor !== 0 && 1 / divisor === scale ? divisor : undefined;
};

const multiply = (raw: number, scale: number): number => {
  const divisor = divisorOf(scale);
  return divisor === undefined ? raw * scale : raw / divisor;
};

/** Stored value = (raw × factor + addend) / divisor, all whole and the divisor a power of ten. */
interface WholeScaling {
  readonly factor: bigint;
  readonly addend: bigint;
  readonly divisor: number;
}

const wholeScaling = ({ scale, offset }: Scaling): WholeScaling | undefined => {
  const factor = decimalOf(scale);
  const addend = decimalOf(offset);
  if (factor === undefined || addend === undefined) return undefined;
  const places = Math.max(factor.places, addend.places);
  return {
    factor: factor.digits * 10n ** BigInt(places - factor.places),
    addend: addend.digits * 10n ** BigInt(places - addend.places),
    divisor: 10 ** places,
  };
};

/** Points keep their scaling for as long as they live: it is taken apart once. */
const known = new WeakMap<Scaling, WholeScaling | 'inexact'>();

const wholeOf = (scaling: Scaling): WholeScaling | 'inexact' => {
  const found = known.get(scaling);
  if (found !== undefined) return found;
  const whole = wholeScaling(scaling) ?? 'inexact';
  known.set(scaling, whole);
  return whole;
};

/**
 * Scales an integer in decimal arithmetic, so that 12345 × 0.01 is 123.45 and not its neighbour: one rounding,
 * at the last division. Whole results stay exact to 64 bits.
 */
export const scaleInteger = (raw: bigint, scaling: Scaling): number | bigint => {
  const whole = wholeOf(scaling);
  if (whole === 'inexact') return multiply(Number(raw), scaling.scale) + scaling.offset;
  const numerator = raw * whole.factor + whole.addend;
  return whole.divisor === 1 ? narrow(numerator) : Number(numerator) / whole.divisor;
};

/** Beyond this, `toFixed` no longer gives plain digits. */
const MAX_FIXED = 1e21;

/** Scales a float, and rounds it to the digits that mean something where the profile says how many. */
export const scaleFloat = (raw: number, { scale, offset, decimals }: Scaling): number => {
  const value = multiply(raw, scale) + offset;
  return decimals === undefined || Math.abs(value) >= MAX_FIXED ? value : Number(value.toFixed(decimals));
};

/** Scaling by another power of ten: exact where `scale` is written without an exponent. */
export const raised = <S extends Scaling>(scaling: S, exponent: number): S => {
  const scale = String(scaling.scale);
  return {
    ...scaling,
    scale: scale.includes('e') ? scaling.scale * 10 ** exponent : Number(`${scale}e${exponent}`),
  };
};

/** The integer nearest to what scales to `value`. */
export const unscaleInteger = (value: number | bigint, { scale, offset }: Scaling): bigint => {
  if (scale === 1 && Number.isSafeInteger(offset) && (typeof value === 'bigint' || Number.isInteger(value)))
    return BigInt(value) - BigInt(offset);
  const divisor = divisorOf(scale);
  const distance = Number(value) - offset;
  return BigInt(Math.round(divisor === undefined ? distance / scale : distance * divisor));
};

export const unscaleFloat = (value: number, { scale, offset }: Scaling): number => (value - offset) / scale;
