/** What data are: a number, or why they are none. */
export type Reading =
  { readonly value: number | bigint } | { readonly problem: string; readonly code: 'decode' | 'sentinel' };

const SAFE_BYTES = 6;

/** The least significant byte first. */
const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** A bigint only where a number would not be exact. */
export const compact = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(value)
    : value;

/** Unsigned, the least significant byte first (EN 13757-3, annex A, type C and D). */
export const decodeUnsigned = (bytes: Uint8Array): number | bigint => {
  if (bytes.length > SAFE_BYTES) return compact(littleEndian(bytes));
  let sum = 0;
  for (let index = bytes.length - 1; index >= 0; index--) sum = sum * 256 + (bytes[index] ?? 0);
  return sum;
};

/** Signed, the least significant byte first (type B); the lowest value of its width says that there is none. */
export const decodeSigned = (bytes: Uint8Array): Reading => {
  const negative = ((bytes.at(-1) ?? 0) & 0x80) !== 0;
  const unsigned = decodeUnsigned(bytes);
  if (!negative) return { value: unsigned };
  const lowest = (bytes.at(-1) ?? 0) === 0x80 && bytes.subarray(0, -1).every((byte) => byte === 0);
  if (lowest) return { problem: 'the lowest value of its width, which means invalid', code: 'sentinel' };
  if (typeof unsigned === 'bigint' || bytes.length > SAFE_BYTES)
    return { value: compact(BigInt(unsigned) - (1n << BigInt(8 * bytes.length))) };
  return { value: unsigned - 2 ** (8 * bytes.length) };
};

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Digits of a BCD number, the least significant byte first: as text, the most significant digit first. */
export const bcdDigits = (bytes: Uint8Array): string => {
  let digits = '';
  for (let index = bytes.length - 1; index >= 0; index--) digits += HEX[bytes[index] ?? 0] ?? '';
  return digits;
};

/** Why digits are no number: the letters stand on the display, most often a code of an error. */
export const lettersIn = (digits: string): string =>
  `the digits ${digits.toUpperCase()} are no decimal number: the device says an error or none with them`;

/** BCD (type A): an F in the highest digit is a minus sign; any other digit above 9 says that there is no value. */
export const decodeBcd = (bytes: Uint8Array): Reading => {
  const digits = bcdDigits(bytes);
  const negative = digits.startsWith('f');
  const rest = negative ? digits.slice(1) : digits;
  if (/^f+$/.test(digits))
    return { problem: `the digits ${digits.toUpperCase()} are all F, which means invalid`, code: 'sentinel' };
  if (!/^[0-9]*$/.test(rest)) return { problem: lettersIn(digits), code: 'sentinel' };
  const size = rest.length > 15 ? compact(BigInt(rest)) : Number(rest);
  return { value: negative && size !== 0 && size !== 0n ? -size : size };
};

/** IEEE 754 (type H), 32 or 64 bits, the least significant byte first; NaN says that there is no value. */
export const decodeFloat = (bytes: Uint8Array): Reading => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const value = bytes.length === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
  if (Number.isNaN(value)) return { problem: 'not a number (NaN)', code: 'sentinel' };
  if (!Number.isFinite(value)) return { problem: 'an infinite number', code: 'sentinel' };
  return { value };
};

/** 10^0 to 10^22 are exact as doubles. */
const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);
const powerOfTen = (exponent: number): number => POWERS[exponent] ?? 10 ** exponent;

/** value × times × 10^exponent / over; whole numbers stay exact as long as nothing divides them. */
export const scaled = (
  value: number | bigint,
  { times, exponent, over }: { readonly times: number; readonly exponent: number; readonly over: number },
): number | bigint => {
  if (exponent === 0 && times === 1 && over === 1) return value;
  if (typeof value === 'bigint' && exponent >= 0 && over === 1 && Number.isInteger(times))
    return compact(value * BigInt(times) * 10n ** BigInt(exponent));
  const product = Number(value) * times;
  return exponent < 0 ? product / powerOfTen(-exponent) / over : (product * powerOfTen(exponent)) / over;
};
