import { TelegramError } from '../../telegram/telegram-error.js';
import { applicationErrorName } from './application-error.js';
import { readFixedData, type FixedData } from './fixed-data.js';
import { encryptionOf, LONG_HEADER_BYTES, readHeader, type Encryption, type Header } from './header.js';
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
  | { readonly kind: 'error'; readonly error: string }
  | { readonly kind: 'alarm'; readonly alarm: number };

/** In the CI fields of the first edition this bit says that the most significant byte comes first (mode 2). */
const MSB_FIRST = 0x04;
/** A configuration field extended by a byte, of these modes. */
const EXTENDED_MODES = [7, 13];

const OTHERS: Readonly<Record<number, string>> = {
  0x50: 'application reset, which a master sends',
  0x51: 'data for a device, which a master sends',
  0x52: 'a selection, which a master sends',
  0x66: 'an application selection',
  0x67: 'an application selection',
  0x69: 'a format frame',
  0x6a: 'a format frame',
  0x6b: 'a format frame',
  0x79: 'a compact frame, which needs its format frame',
  0x7b: 'a compact frame, which needs its format frame',
  0x7c: 'data of the DLMS/COSEM application',
  0x7d: 'data of the DLMS/COSEM application',
};

const variable = (data: Uint8Array, headerBytes: 0 | 4 | 12, msbFirst: boolean): UserData => {
  const header =
    headerBytes === 0 ? undefined : readHeader(data, headerBytes === LONG_HEADER_BYTES, msbFirst);
  const behind = data.subarray(headerBytes);
  const encryption = header === undefined ? undefined : encryptionOf(header, behind);
  const headed = header === undefined ? {} : { header };
  if (encryption === undefined) return { kind: 'variable', ...headed, list: readRecords(behind, msbFirst) };
  const skipped = EXTENDED_MODES.includes(encryption.mode) ? 1 : 0;
  const end = Math.min(behind.length, skipped + encryption.bytes);
  return {
    kind: 'variable',
    ...headed,
    list: readRecords(behind.subarray(end), msbFirst),
    encrypted: { encryption, bytes: behind.subarray(0, end) },
  };
};

/**
 * Reads what a device sent, by its CI field (EN 13757-3 and -7). Throws a `TelegramError` that says what is wrong with
 * it, on any bytes.
 */
export const readUserData = (ci: number, data: Uint8Array): UserData => {
  switch (ci) {
    case 0x72:
    case 0x76:
      return variable(data, 12, (ci & MSB_FIRST) !== 0);
    case 0x7a:
      return variable(data, 4, false);
    case 0x78:
      return variable(data, 0, false);
    case 0x73:
    case 0x77:
      return { kind: 'fixed', fixed: readFixedData(data, (ci & MSB_FIRST) !== 0) };
    case 0x70:
    case 0x74:
      return { kind: 'error', error: applicationErrorName(data) };
    case 0x71:
    case 0x75:
      return { kind: 'alarm', alarm: data[0] ?? 0 };
    default: {
      const name = ci.toString(16).toUpperCase().padStart(2, '0');
      throw new TelegramError('decode', `CI ${name} is ${OTHERS[ci] ?? 'none of a reply that is read here'}`);
    }
  }
};
