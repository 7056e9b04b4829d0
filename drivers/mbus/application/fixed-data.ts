import { TelegramError } from '../../telegram/telegram-error.js';
import type { Field } from '../../telegram/telegram.js';
import { measure, whole, type Meaning } from './meaning.js';
import { bcdDigits, decodeBcd, decodeUnsigned, scaled } from './numbers.js';

/** A telegram of the fixed structure (EN 13757-3, CI 73 and 77): two counters. */
export interface FixedData {
  readonly identification: string;
  readonly accessNumber: number;
  readonly status: number;
  readonly medium: number;
  /** By name, in the units of the variable structure. */
  readonly fields: ReadonlyMap<string, Field>;
}

export const FIXED_BYTES = 16;
const BINARY_COUNTERS = 0x01;
const STORED_COUNTERS = 0x02;
const SAME_BUT_HISTORIC = 0x3e;
const HEAT_COST = 0x39;

/** Units of counters, three decades each: from this code on. */
const DECADES: readonly (readonly [number, (n: number) => Meaning])[] = [
  [0x02, (n) => measure('energy', 'kW.h', { exponent: n - 3 })],
  [0x0b, (n) => measure('energy', 'kW.h', { exponent: n + 3, over: 3_600_000 })],
  [0x14, (n) => measure('power', 'W', { exponent: n })],
  [0x1d, (n) => measure('power', 'W', { exponent: n + 3, over: 3600 })],
  [0x26, (n) => measure('volume', 'm3', { exponent: n - 6 })],
  [0x2f, (n) => measure('volume flow', 'm3/h', { exponent: n - 6 })],
];
const DECADE_CODES = 9;

const meaningOf = (unit: number): Meaning => {
  for (const [first, make] of DECADES)
    if (unit >= first && unit < first + DECADE_CODES) return make(unit - first);
  if (unit === 0x38) return measure('temperature', 'Cel', { exponent: -3 });
  if (unit === HEAT_COST) return measure('heat cost', '1');
  return whole('counter', 'bits');
};

/** Units that are no count: hours and minutes, a date. */
const NO_COUNT: Readonly<Record<number, string>> = { 0x00: 'time', 0x01: 'date' };

/**
 * Reads the 16 bytes. The medium's two lowest bits are the highest of the first unit byte, the next two those of the
 * second. Throws a `TelegramError`.
 */
export const readFixedData = (data: Uint8Array, msbFirst: boolean): FixedData => {
  if (data.length !== FIXED_BYTES)
    throw new TelegramError('decode', `the fixed structure has ${FIXED_BYTES} bytes, not ${data.length}`);
  const order = (from: number): Uint8Array => {
    const bytes = data.subarray(from, from + 4);
    return msbFirst ? bytes.toReversed() : bytes;
  };
  const [accessNumber = 0, status = 0, first = 0, second = 0] = data.subarray(4);
  const units = [first & 0x3f, second & 0x3f];
  const fields = new Map<string, Field>();
  const counted = { binary: (status & BINARY_COUNTERS) !== 0, stored: (status & STORED_COUNTERS) !== 0 };
  for (const [index, unit] of units.entries()) {
    const historic = unit === SAME_BUT_HISTORIC;
    const meant = historic && index === 1 ? (units[0] ?? 0) : unit;
    const field = counterField(order(8 + 4 * index), meant, counted.binary);
    const stored = historic || counted.stored ? ' storage 1' : '';
    const name = `${NO_COUNT[meant] ?? meaningOf(meant).quantity.name}${stored}`;
    fields.set(fields.has(name) ? `${name} #2` : name, field);
  }
  return {
    identification: bcdDigits(order(0)).toUpperCase(),
    accessNumber,
    status,
    medium: (first >> 6) | ((second >> 6) << 2),
    fields,
  };
};

const counterField = (bytes: Uint8Array, unit: number, binary: boolean): Field => {
  const noCount = NO_COUNT[unit];
  if (noCount !== undefined) return { value: bcdDigits(bytes), raw: bytes };
  const read = binary ? { value: decodeUnsigned(bytes) } : decodeBcd(bytes);
  if ('problem' in read) return { value: null, raw: bytes, fault: { code: read.code, detail: read.problem } };
  return { value: scaled(read.value, meaningOf(unit)), raw: bytes };
};
