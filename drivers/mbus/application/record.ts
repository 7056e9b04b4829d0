import { TelegramError } from '../../telegram/telegram-error.js';
import { readLvar } from './variable-length.js';
import { readValueInformation, type ValueInformation } from './value-information.js';

/** EN 13757-3: no more than ten DIFEs. */
const MOST_DIFES = 10;

/** What kind of value a record has (function field of the DIF). */
export const FUNCTIONS = ['instantaneous', 'max', 'min', 'error'] as const;
export type DataFunction = (typeof FUNCTIONS)[number];

export interface DataInformation {
  /** Data field: how long the data are, and how a number is coded. */
  readonly field: number;
  readonly function: DataFunction;
  readonly storage: number;
  readonly tariff: number;
  readonly subunit: number;
}

/** What stands before a record's data. */
export interface RecordHeader {
  readonly data: DataInformation;
  readonly value: ValueInformation;
  /** Of its field: quantity, what says it more exactly, then function, storage, tariff, subunit. */
  readonly name: string;
}

/** One record: what it says, and its data, the least significant byte first whatever the telegram's order. */
export interface DataRecord {
  readonly header: RecordHeader;
  /** Without the length of data of variable length. */
  readonly bytes: Uint8Array;
  /** Of data of variable length: their form. */
  readonly form: NonNullable<ReturnType<typeof readLvar>>['form'] | undefined;
  /** The whole record as it came. */
  readonly raw: Uint8Array;
}

/** What the rest of a telegram is, where it is not records. */
export interface RecordList {
  readonly records: readonly DataRecord[];
  /** Behind DIF 0F or 1F, up to the end. */
  readonly manufacturerData?: Uint8Array;
  /** DIF 1F: the device has more records, in its next telegram. */
  readonly moreFollow: boolean;
}

/** Bytes of data by data field; variable and special ones are not here. */
const LENGTHS: Readonly<Record<number, number>> = {
  0x0: 0,
  0x1: 1,
  0x2: 2,
  0x3: 3,
  0x4: 4,
  0x5: 4,
  0x6: 6,
  0x7: 8,
  0x8: 0,
  0x9: 1,
  0xa: 2,
  0xb: 3,
  0xc: 4,
  0xe: 6,
};
/** Bytes of data of a data field; 0 where it does not say. */
export const fixedLength = (field: number): number => LENGTHS[field] ?? 0;
export const VARIABLE_FIELD = 0xd;
const SPECIAL_FIELD = 0xf;
const MANUFACTURER_DATA = 0x0f;
const MANUFACTURER_DATA_AND_MORE = 0x1f;
const IDLE_FILLER = 0x2f;

const ended = (what: string, at: number): TelegramError =>
  new TelegramError('decode', `the telegram ends within ${what} of the record at byte ${at}`);

/** DIF and DIFEs (EN 13757-3, "Data information block"); gives where they end. */
const readDataInformation = (
  bytes: Uint8Array,
  start: number,
): { readonly data: DataInformation; readonly next: number } => {
  const dif = bytes[start] ?? 0;
  let storage = (dif >> 6) & 1;
  let tariff = 0;
  let subunit = 0;
  let next = start + 1;
  let more = (dif & 0x80) !== 0;
  for (let index = 0; more; index++) {
    const dife = bytes[next];
    if (dife === undefined) throw ended('the DIFEs', start);
    if (index === MOST_DIFES)
      throw new TelegramError('decode', `the record at byte ${start} has more than ${MOST_DIFES} DIFEs`);
    storage += (dife & 0x0f) * 2 ** (1 + 4 * index);
    tariff += ((dife >> 4) & 3) * 4 ** index;
    subunit += ((dife >> 6) & 1) * 2 ** index;
    more = (dife & 0x80) !== 0;
    next++;
  }
  const data: DataInformation = {
    field: dif & 0x0f,
    function: FUNCTIONS[(dif >> 4) & 3] ?? 'instantaneous',
    storage,
    tariff,
    subunit,
  };
  return { data, next };
};

export const recordName = (data: DataInformation, value: ValueInformation): string => {
  let { name } = value;
  if (data.function !== 'instantaneous') name += ` ${data.function}`;
  if (data.storage > 0) name += ` storage ${data.storage}`;
  if (data.tariff > 0) name += ` tariff ${data.tariff}`;
  if (data.subunit > 0) name += ` subunit ${data.subunit}`;
  return name;
};

interface HeaderRead {
  readonly header: RecordHeader;
  /** Where the data begin. */
  readonly next: number;
}

const parseHeader = (bytes: Uint8Array, start: number, msbFirst: boolean): HeaderRead => {
  const { data, next } = readDataInformation(bytes, start);
  if (next >= bytes.length) throw ended('the VIF', start);
  const read = readValueInformation(bytes, next, start, msbFirst);
  return { header: { data, value: read.value, name: recordName(data, read.value) }, next: read.next };
};

/** Headers by their bytes: devices send the same ones for years. */
const KNOWN = new Map<string, RecordHeader>();
const MOST_KNOWN = 2048;
const EXTENSION = 0x80;
const PLAIN_TEXT = 0x7c;

/** Where a chain of bytes that each say whether another follows ends. */
const chainEnd = (bytes: Uint8Array, at: number): number => {
  let end = at;
  while (((bytes[end] ?? 0) & EXTENSION) !== 0) end++;
  return end + 1;
};

const readRecordHeader = (bytes: Uint8Array, start: number, msbFirst: boolean): HeaderRead => {
  const vifAt = chainEnd(bytes, start);
  // The text of a unit stands among its bytes.
  if (((bytes[vifAt] ?? 0) & 0x7f) === PLAIN_TEXT) return parseHeader(bytes, start, msbFirst);
  const next = chainEnd(bytes, vifAt);
  let key = '';
  for (let at = start; at < next; at++) key += String.fromCharCode(bytes[at] ?? 0);
  const known = KNOWN.get(key);
  if (known !== undefined && next <= bytes.length) return { header: known, next };
  const read = parseHeader(bytes, start, msbFirst);
  // Noise must not fill the memory: what is forgotten is only read again.
  if (KNOWN.size >= MOST_KNOWN) KNOWN.clear();
  KNOWN.set(key, read.header);
  return read;
};

/** Bytes in the order in which the least significant comes first. */
const ordered = (bytes: Uint8Array, msbFirst: boolean): Uint8Array => (msbFirst ? bytes.toReversed() : bytes);

const dataSpan = (
  bytes: Uint8Array,
  { field }: DataInformation,
  at: number,
  start: number,
): { readonly from: number; readonly length: number; readonly form: DataRecord['form'] } => {
  if (field !== VARIABLE_FIELD) return { from: at, length: fixedLength(field), form: undefined };
  const lvar = bytes[at];
  if (lvar === undefined) throw ended('the length', start);
  const read = readLvar(lvar);
  if (read === undefined)
    throw new TelegramError(
      'decode',
      `the record at byte ${start} has the reserved length code ${lvar.toString(16).toUpperCase()}`,
    );
  return { from: at + 1, length: read.length, form: read.form };
};

/** What stands before the data of each record, one behind the other. */
export const headersOf = ({ records }: RecordList): Uint8Array =>
  Buffer.concat(
    records.map(({ raw, bytes, form }) =>
      raw.subarray(0, raw.length - bytes.length - (form === undefined ? 0 : 1)),
    ),
  );

/** Puts data behind record headers that stand behind each other. Throws a `TelegramError` where they do not fit. */
export const recordsWithData = (headers: Uint8Array, data: Uint8Array): Uint8Array => {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at < headers.length;) {
    const { header, next } = readRecordHeader(headers, at, false);
    const span = dataSpan(data, header.data, from, at);
    const end = span.from + span.length;
    if (end > data.length) throw ended('the data', at);
    parts.push(headers.subarray(at, next), data.subarray(from, end));
    at = next;
    from = end;
  }
  // Whatever is left is of fillers, or of nobody: the CRC of the whole tells.
  return Buffer.concat([...parts, data.subarray(from)]);
};

/** Reads records up to the end of `bytes`. Throws a `TelegramError` that says which record is broken, and where. */
export const readRecords = (bytes: Uint8Array, msbFirst: boolean): RecordList => {
  const records: DataRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const dif = bytes[at] ?? 0;
    if (dif === IDLE_FILLER) {
      at++;
      continue;
    }
    if (dif === MANUFACTURER_DATA || dif === MANUFACTURER_DATA_AND_MORE)
      return {
        records,
        manufacturerData: bytes.subarray(at + 1),
        moreFollow: dif === MANUFACTURER_DATA_AND_MORE,
      };
    if ((dif & 0x0f) === SPECIAL_FIELD)
      throw new TelegramError(
        'decode',
        `the record at byte ${at} has the reserved DIF ${dif.toString(16).toUpperCase()}`,
      );
    const start = at;
    const { header, next } = readRecordHeader(bytes, start, msbFirst);
    const { from, length, form } = dataSpan(bytes, header.data, next, start);
    at = from + length;
    if (at > bytes.length) throw ended('the data', start);
    records.push({
      header,
      bytes: ordered(bytes.subarray(from, at), msbFirst),
      raw: bytes.subarray(start, at),
      form,
    });
  }
  return { records, moreFollow: false };
};
