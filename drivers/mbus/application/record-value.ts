import { decodePointInTime, type PointInTime } from './dates.js';
import { manufacturerName } from './manufacturer.js';
import {
  bcdDigits,
  decodeBcd,
  decodeFloat,
  decodeSigned,
  decodeUnsigned,
  scaled,
  type Reading,
} from './numbers.js';
import { VARIABLE_FIELD, type DataRecord } from './record.js';
import { characters, type ValueInformation } from './value-information.js';

/** What a record's value is: `time` where it is a point in time. */
export type RecordValue =
  | { readonly value: number | bigint | string; readonly time?: Extract<PointInTime, { text: string }> }
  | { readonly problem: string; readonly code: 'decode' | 'sentinel' };

const NO_DATA = 0x0;
const SELECTION = 0x8;
const FLOAT = 0x5;
const FIRST_BCD = 0x9;
/** A number of more bytes is none that anybody calculates with. */
const MOST_NUMBER_BYTES = 8;

const isBcd = ({ header: { data } }: DataRecord): boolean =>
  data.field >= FIRST_BCD && data.field !== VARIABLE_FIELD;

export const hexText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex').toUpperCase();

const pointInTime = (record: DataRecord): RecordValue => {
  if (isBcd(record) || record.header.data.field === FLOAT || (record.form ?? 'binary') !== 'binary')
    return { problem: 'a date or time is neither decimal, a float nor text', code: 'decode' };
  const read = decodePointInTime(record.bytes);
  return 'problem' in read ? read : { value: read.text, time: read };
};

const integer = ({ bytes, header }: DataRecord): Reading => {
  const { coding } = header.value;
  if (bytes.length === 0) return { problem: 'no data', code: 'sentinel' };
  if (coding === 'unsigned') {
    const none = bytes.every((byte) => byte === 0xff);
    return none
      ? { problem: 'all bits are 1, which means invalid', code: 'sentinel' }
      : { value: decodeUnsigned(bytes) };
  }
  return coding === 'signed' ? decodeSigned(bytes) : { value: decodeUnsigned(bytes) };
};

const identity = (record: DataRecord): RecordValue => {
  const { bytes, header } = record;
  if (isBcd(record) || record.form === 'bcd') {
    const digits = bcdDigits(bytes);
    if (/^[0-9]*$/.test(digits)) return { value: digits };
    return { problem: `the digits ${digits.toUpperCase()} are no decimal number`, code: 'decode' };
  }
  if (record.header.data.field === FLOAT) return decodeFloat(bytes);
  if (bytes.length > MOST_NUMBER_BYTES) return { value: hexText(bytes.toReversed()) };
  if (header.value.coding === 'manufacturer' && bytes.length === 2)
    return { value: manufacturerName(Number(decodeUnsigned(bytes))) };
  return { value: String(decodeUnsigned(bytes)) };
};

/** The number that a record's data are, before its unit. */
export const numberOf = (record: DataRecord): Reading => {
  const { bytes, form } = record;
  if (isBcd(record) || form === 'bcd') return decodeBcd(bytes);
  if (record.header.data.field === FLOAT) return decodeFloat(bytes);
  if (form !== 'negative-bcd') return integer(record);
  const read = decodeBcd(bytes);
  return 'problem' in read || read.value === 0 || read.value === 0n ? read : { value: -read.value };
};

/** A number as it came, in the unit of its quantity. */
export const inUnit = (number: number | bigint, information: ValueInformation): number | bigint => {
  const value = scaled(number, information);
  return information.addend === 0 ? value : Number(value) + information.addend;
};

const measured = (record: DataRecord): RecordValue => {
  const read = numberOf(record);
  return 'problem' in read ? read : { value: inUnit(read.value, record.header.value) };
};

const FIRST_PRINTABLE = 0x20;
/** Of ISO 8859-1: from here on up to 9F no character. */
const DELETE = 0x7f;
const FIRST_OF_THE_UPPER = 0xa0;

/** NULs and spaces that devices fill texts up with mean nothing. What is no text is given as its bytes. */
const textOf = (bytes: Uint8Array): string => {
  const isText = bytes.every(
    (byte) => byte === 0 || (byte >= FIRST_PRINTABLE && byte < DELETE) || byte >= FIRST_OF_THE_UPPER,
  );
  return isText ? characters(bytes, false).replaceAll('\0', '').trim() : hexText(bytes.toReversed());
};

/** The value of a record, in the unit of its quantity; pure, throws nothing. */
export const recordValue = (record: DataRecord): RecordValue => {
  const { header, form, bytes } = record;
  const { data, value } = header;
  if (value.problem !== undefined) return { problem: value.problem, code: 'sentinel' };
  if (data.field === NO_DATA || data.field === SELECTION) return { problem: 'no data', code: 'sentinel' };
  if (value.coding === 'opaque') return { value: hexText(bytes.toReversed()) };
  if (form === 'text') return { value: textOf(bytes) };
  if (form === 'binary' && bytes.length > MOST_NUMBER_BYTES) return { value: hexText(bytes.toReversed()) };
  if (value.coding === 'point-in-time') return pointInTime(record);
  if (value.type === 'text') return bytes.length === 0 ? { value: '' } : identity(record);
  return measured(record);
};
