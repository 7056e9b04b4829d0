import { isUtf8 } from 'node:buffer';
import { WireError } from '../errors.js';
import { MAX_PACKED, MAX_VALUE_BYTES } from '../limits.js';
import type { Value } from '../terms.js';
import type { ByteReader } from './byte-reader.js';
import type { ByteWriter } from './byte-writer.js';
import { readIntegers, writeIntegers } from './integers.js';
import { findRuns, readRuns, writeRuns } from './runs.js';

/** How the values that are not null are written. The numbers are the wire's: append only. */
const DECIMAL = 0;
const FLOAT32 = 1;
const FLOAT64 = 2;
const INT64 = 3;
const TEXT = 4;
const MIXED = 5;

const MAX_DECIMALS = 9;

const isText = (value: Value): value is string => typeof value === 'string';
const isNumber = (value: Value): value is number => typeof value === 'number';
const isWhole = (value: Value): value is number | bigint =>
  typeof value === 'bigint' || (Number.isSafeInteger(value) && !Object.is(value, -0));

const refuse = (value: Value): void => {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new WireError('unencodable', `${value} is not a value; store null with flag 9`);
  }
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) !== value) {
    throw new WireError('unencodable', `${value} does not fit 64 bits`);
  }
};

/** Least number of decimals (from `least`) at which `value` is int / 10^decimals exactly, or −1. */
const decimalsOf = (value: number, least: number): number => {
  if (Object.is(value, -0)) return -1;
  for (let decimals = least; decimals <= MAX_DECIMALS; decimals += 1) {
    const scale = 10 ** decimals;
    const scaled = Math.round(value * scale);
    if (Math.abs(scaled) > MAX_PACKED) return -1;
    if (scaled / scale === value) return decimals;
  }
  return -1;
};

/** The numbers as integers of 10^−decimals, or `undefined` where not all are exact. */
const decimalForm = (values: readonly number[]): { decimals: number; scaled: Float64Array } | undefined => {
  let decimals = 0;
  for (const value of values) {
    decimals = decimalsOf(value, decimals);
    if (decimals < 0) return undefined;
  }
  const scale = 10 ** decimals;
  const scaled = new Float64Array(values.length);
  for (const [index, value] of values.entries()) {
    const integer = Math.round(value * scale);
    if (integer / scale !== value || Math.abs(integer) > MAX_PACKED) return undefined;
    scaled[index] = integer;
  }
  return { decimals, scaled };
};

const writeNumbers = (writer: ByteWriter, values: readonly number[]): void => {
  const decimal = decimalForm(values);
  if (decimal !== undefined) {
    writer.byte(DECIMAL);
    writer.byte(decimal.decimals);
    writeIntegers(writer, decimal.scaled);
  } else if (values.every(isWhole)) {
    writeWhole(writer, values);
  } else if (values.every((value) => Math.fround(value) === value)) {
    writer.byte(FLOAT32);
    for (const value of values) writer.float32(value);
  } else {
    writer.byte(FLOAT64);
    for (const value of values) writer.float64(value);
  }
};

const writeWhole = (writer: ByteWriter, values: readonly (number | bigint)[]): void => {
  writer.byte(INT64);
  let previous = 0n;
  for (const value of values) {
    const whole = BigInt(value);
    writer.zigzag64(BigInt.asIntN(64, whole - previous));
    previous = whole;
  }
};

const writeText = (writer: ByteWriter, value: string): void => {
  const bytes = Buffer.from(value);
  if (bytes.length > MAX_VALUE_BYTES) {
    throw new WireError('unencodable', `a text of ${bytes.length} bytes; the limit is ${MAX_VALUE_BYTES}`);
  }
  if (bytes.toString() !== value) throw new WireError('unencodable', 'a text with half a surrogate pair');
  writer.string(bytes);
};

const writeMixed = (writer: ByteWriter, values: readonly Value[]): void => {
  writer.byte(MIXED);
  for (const value of values) {
    if (typeof value === 'string') {
      writer.byte(TEXT);
      writeText(writer, value);
    } else if (isWhole(value)) {
      writer.byte(INT64);
      writer.zigzag64(BigInt(value));
    } else {
      writer.byte(FLOAT64);
      writer.float64(value);
    }
  }
};

/**
 * Writes where the nulls are, then the values in the smallest encoding that is exact for all of them.
 * Throws `WireError` 'unencodable' for NaN, ±Infinity, integers beyond 64 bits and overlong text.
 */
export const writeValues = (writer: ByteWriter, values: readonly (Value | null)[]): void => {
  const nulls = findRuns(
    values.length,
    (index) => (values[index] === null ? true : undefined),
    () => true,
  );
  writeRuns(writer, nulls, () => undefined);
  const present = values.filter((value) => value !== null);
  if (present.length === 0) return;
  present.forEach(refuse);
  if (present.every(isNumber)) writeNumbers(writer, present);
  else if (present.every(isWhole)) writeWhole(writer, present);
  else if (present.every(isText)) {
    writer.byte(TEXT);
    for (const value of present) writeText(writer, value);
  } else writeMixed(writer, present);
};

const finite = (value: number): number => {
  if (!Number.isFinite(value)) throw new WireError('malformed', 'a value is not finite');
  return value;
};

const wholeValue = (value: bigint): Value => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const textValue = (reader: ByteReader): string => {
  const bytes = reader.string();
  if (bytes.length > MAX_VALUE_BYTES) throw new WireError('malformed', 'a text value is too long');
  if (!isUtf8(bytes)) throw new WireError('malformed', 'a text value is not UTF-8');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
};

const readMixed = (reader: ByteReader): Value => {
  const encoding = reader.byte();
  if (encoding === TEXT) return textValue(reader);
  if (encoding === INT64) return wholeValue(reader.zigzag64());
  if (encoding === FLOAT64) return finite(reader.float64());
  throw new WireError('unknown-content', `a value has the unknown encoding ${encoding}`);
};

const readDecimals = (reader: ByteReader, count: number): ((index: number) => number) => {
  const decimals = reader.byte();
  if (decimals > MAX_DECIMALS)
    throw new WireError('malformed', `${decimals} decimals; the limit is ${MAX_DECIMALS}`);
  const scaled = readIntegers(reader, count);
  const scale = 10 ** decimals;
  return (index) => (scaled[index] ?? 0) / scale;
};

/** What gives the values that are not null, one after the other. */
const readEncoded = (reader: ByteReader, count: number): ((index: number) => Value) => {
  const encoding = reader.byte();
  if (encoding === DECIMAL) return readDecimals(reader, count);
  if (encoding === FLOAT32) return () => finite(reader.float32());
  if (encoding === FLOAT64) return () => finite(reader.float64());
  if (encoding === TEXT) return () => textValue(reader);
  if (encoding === MIXED) return () => readMixed(reader);
  if (encoding !== INT64)
    throw new WireError('unknown-content', `values have the unknown encoding ${encoding}`);
  let previous = 0n;
  return () => {
    previous = BigInt.asIntN(64, previous + reader.zigzag64());
    return wholeValue(previous);
  };
};

/** Reads `count` values. Integers within ±(2^53 − 1) are numbers, beyond bigints. Throws `WireError`. */
export const readValues = (reader: ByteReader, count: number): (Value | null)[] => {
  const nulls = readRuns(reader, count, () => null);
  let present = count;
  for (const run of nulls) present -= run.end - run.start;
  reader.reserve(count);
  if (present === 0) return Array.from({ length: count }, () => null);
  const next = readEncoded(reader, present);
  const values: (Value | null)[] = [];
  let done = 0;
  const take = (until: number): void => {
    while (values.length < until) {
      values.push(next(done));
      done += 1;
    }
  };
  for (const run of nulls) {
    take(run.start);
    while (values.length < run.end) values.push(null);
  }
  take(count);
  return values;
};
