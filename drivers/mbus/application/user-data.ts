import { TelegramError } from '../../telegram/telegram-error.js';
import { applicationErrorName } from './application-error.js';
import { readFixedData, FIXED_BYTES, type FixedData } from './fixed-data.js';
import { expandCompact, readFormat, type Format, type Formats } from './formats.js';
import {
  encryptionOf,
  isDecrypted,
  isNamed,
  LONG_HEADER_BYTES,
  readHeader,
  type Encryption,
  type Header,
} from './header.js';
import { readRecords, type RecordList } from './record.js';

/** What one telegram carries above its link layer. */
export type UserData =
  | {
      readonly kind: 'variable';
      /** Absent where a telegram has no header. */
      readonly header?: Header;
      readonly list: RecordList;
      /** Bytes that nobody can read without a key, as they came. */
      readonly encrypted?: { readonly encryption: Encryption; readonly bytes: Uint8Array };
    }
  | { readonly kind: 'fixed'; readonly fixed: FixedData }
  /** The record headers of compact frames to come. */
  | { readonly kind: 'format'; readonly header?: Header; readonly format: Format }
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'alarm'; readonly alarm: number };

/** A configuration field extended by a byte, of these modes. */
const EXTENDED_MODES = [7, 13];
const FIXED = 0x73;
const FIXED_MSB = 0x77;
const NO_RECORDS: RecordList = { records: [], moreFollow: false };

type HeaderBytes = 0 | 4 | 12;
type Body = 'full' | 'compact' | 'format' | 'nothing' | 'error' | 'alarm';

/** What a device sends, by its CI field (EN 13757-7, table "CI field codes"): its header, and what is behind it. */
const LAYOUTS: Readonly<Record<number, readonly [HeaderBytes, Body, 'msb'?]>> = {
  0x69: [0, 'format'],
  0x6a: [4, 'format'],
  0x6b: [12, 'format'],
  0x6e: [4, 'error'],
  0x6f: [12, 'error'],
  0x70: [0, 'error'],
  0x71: [0, 'alarm'],
  0x72: [12, 'full'],
  0x73: [12, 'compact'],
  0x74: [4, 'alarm'],
  0x75: [12, 'alarm'],
  // Of the first edition: the most significant byte first.
  0x76: [12, 'full', 'msb'],
  0x78: [0, 'full'],
  0x79: [0, 'compact'],
  0x7a: [4, 'full'],
  0x7b: [4, 'compact'],
  0x8a: [4, 'nothing'],
  0x8b: [12, 'nothing'],
};

/** What is no reading, from this CI field to that. */
const OTHERS: readonly (readonly [first: number, last: number, name: string])[] = [
  [0x00, 0x1f, 'data of the DLMS/COSEM application'],
  [0x50, 0x50, 'application reset, which a master sends'],
  [0x51, 0x51, 'data for a device, which a master sends'],
  [0x52, 0x52, 'a selection, which a master sends'],
  [0x53, 0x55, 'application reset or selection, which a master sends'],
  [0x5a, 0x5b, 'data for a device, which a master sends'],
  [0x5c, 0x5c, 'synchronisation, which a master sends'],
  [0x5f, 0x5f, 'of a use of its own'],
  [0x60, 0x61, 'data of the DLMS/COSEM application, which a master sends'],
  [0x64, 0x65, 'data by OBIS codes, which a master sends'],
  [0x66, 0x68, 'the name of the selected application, and no data'],
  [0x6c, 0x6d, 'the time, which a master sends'],
  [0x7c, 0x7d, 'data of the DLMS/COSEM application'],
  [0x7e, 0x7f, 'data by OBIS codes'],
  [0x80, 0x80, 'a transport layer without data, which a master sends'],
  [0x81, 0x83, 'of a network layer'],
  [0x84, 0x85, 'a compact or format frame, which a master sends'],
  [0x86, 0x86, 'an extended link layer'],
  [0x87, 0x89, 'of a network layer'],
  [0x8c, 0x8f, 'an extended link layer'],
  [0x90, 0x90, 'an authentication and fragmentation layer'],
  [0xa0, 0xb7, 'of the manufacturer alone'],
  [0xb8, 0xbf, 'a change of the baud rate, which a master sends'],
  [0xc0, 0xc5, 'a transfer of images or keys'],
];

const unread = (ci: number): TelegramError => {
  const name = ci.toString(16).toUpperCase().padStart(2, '0');
  const other = OTHERS.find(([first, last]) => ci >= first && ci <= last)?.[2];
  return new TelegramError('decode', `CI ${name} is ${other ?? 'none of a reply that is read here'}`);
};

/** Records in the clear under a mode that is none: where they can be read, the field says nothing of encryption. */
const unlessNamed = (
  encryption: Encryption,
  behind: Uint8Array,
  records: (bytes: Uint8Array) => RecordList,
): RecordList | undefined => {
  if (isNamed(encryption)) return undefined;
  try {
    return records(behind);
  } catch (error) {
    if (error instanceof TelegramError) return undefined;
    throw error;
  }
};

const variable = (
  header: Header | undefined,
  behind: Uint8Array,
  records: (bytes: Uint8Array) => RecordList,
): UserData => {
  const encryption = header === undefined ? undefined : encryptionOf(header, behind);
  const headed = header === undefined ? {} : { header };
  const clear = encryption === undefined ? records(behind) : unlessNamed(encryption, behind, records);
  if (encryption === undefined || clear !== undefined)
    return { kind: 'variable', ...headed, list: clear ?? NO_RECORDS };
  const skipped = EXTENDED_MODES.includes(encryption.mode) ? 1 : 0;
  const end = Math.min(behind.length, skipped + encryption.bytes);
  const rest = behind.subarray(end);
  return {
    kind: 'variable',
    ...headed,
    list: rest.length === 0 ? NO_RECORDS : records(rest),
    encrypted: { encryption, bytes: behind.subarray(0, end) },
  };
};

/** Without the two fillers by which a telegram says that it was decrypted on its way. */
const plainOf = (header: Header | undefined, behind: Uint8Array): Uint8Array =>
  header !== undefined && isDecrypted(header, behind) ? behind.subarray(2) : behind;

const bodyOf = (
  body: Body,
  header: Header | undefined,
  behind: Uint8Array,
  msbFirst: boolean,
  formats: Formats | undefined,
): UserData => {
  switch (body) {
    case 'full': {
      const read = variable(header, behind, (bytes) => readRecords(bytes, msbFirst));
      if (read.kind === 'variable') formats?.learn(read.list);
      return read;
    }
    case 'compact':
      return variable(header, behind, (bytes) =>
        readRecords(expandCompact(plainOf(header, bytes), formats), false),
      );
    case 'format': {
      const format = readFormat(plainOf(header, behind));
      formats?.keep(format.headers);
      return { kind: 'format', ...(header === undefined ? {} : { header }), format };
    }
    case 'nothing':
      return { kind: 'variable', ...(header === undefined ? {} : { header }), list: NO_RECORDS };
    case 'error':
      return { kind: 'error', error: applicationErrorName(behind) };
    case 'alarm':
      return { kind: 'alarm', alarm: behind[0] ?? 0 };
  }
};

/**
 * Reads what a device sent, by its CI field (EN 13757-3 and -7). `formats` is what is known of the device's line: full and
 * format frames add to it, compact frames need it. Throws a `TelegramError` that says what is wrong, on any bytes.
 */
export const readUserData = (ci: number, data: Uint8Array, formats?: Formats): UserData => {
  // The first edition's fixed structure has the code that longer compact frames have now.
  if ((ci === FIXED && data.length <= FIXED_BYTES) || ci === FIXED_MSB)
    return { kind: 'fixed', fixed: readFixedData(data, ci === FIXED_MSB) };
  const layout = LAYOUTS[ci];
  if (layout === undefined) throw unread(ci);
  const [headerBytes, body, order] = layout;
  const msbFirst = order === 'msb';
  const header =
    headerBytes === 0 ? undefined : readHeader(data, headerBytes === LONG_HEADER_BYTES, msbFirst);
  return bodyOf(body, header, data.subarray(headerBytes), msbFirst, formats);
};
