import { TelegramError } from '../../telegram/telegram-error.js';
import { manufacturerName } from './manufacturer.js';
import { bcdDigits } from './numbers.js';

/** Who sent a telegram (EN 13757-3, long header). */
export interface DeviceIdentity {
  /** Eight digits; a device that breaks the rule has other hexadecimal ones. */
  readonly identification: string;
  readonly manufacturer: string;
  readonly version: number;
  /** Device type (medium). */
  readonly medium: number;
}

export interface Header {
  /** Absent in the short header. */
  readonly identity?: DeviceIdentity;
  readonly accessNumber: number;
  readonly status: number;
  /** Configuration field (once: signature). */
  readonly configuration: number;
}

const SHORT_BYTES = 4;
const IDENTITY_BYTES = 8;
export const LONG_HEADER_BYTES = IDENTITY_BYTES + SHORT_BYTES;

const littleEndian = (low = 0, high = 0): number => low | (high << 8);

/** Reads a short header (4 bytes) or a long one (12); `msbFirst` as the CI field says. */
export const readHeader = (data: Uint8Array, long: boolean, msbFirst: boolean): Header => {
  const length = long ? LONG_HEADER_BYTES : SHORT_BYTES;
  if (data.length < length)
    throw new TelegramError('decode', `the header has ${data.length} bytes where it needs ${length}`);
  const order = (from: number, to: number): Uint8Array => {
    const bytes = data.subarray(from, to);
    return msbFirst ? bytes.toReversed() : bytes;
  };
  const short = long ? IDENTITY_BYTES : 0;
  const [accessNumber = 0, status = 0] = data.subarray(short);
  const configuration = littleEndian(...order(short + 2, short + 4));
  if (!long) return { accessNumber, status, configuration };
  return {
    identity: {
      identification: bcdDigits(order(0, 4)).toUpperCase(),
      manufacturer: manufacturerName(littleEndian(...order(4, 6))),
      version: data[6] ?? 0,
      medium: data[7] ?? 0,
    },
    accessNumber,
    status,
    configuration,
  };
};

const APPLICATION_STATES = [
  undefined,
  'application busy',
  'application error',
  'abnormal condition',
] as const;

/** What the standard's bits of the status byte say is wrong; those above bit 4 are the manufacturer's. */
export const statusProblems = (status: number): readonly string[] => {
  const application = APPLICATION_STATES[status & 0x03];
  return [
    ...(application === undefined ? [] : [application]),
    ...((status & 0x04) === 0 ? [] : ['power low']),
    ...((status & 0x08) === 0 ? [] : ['permanent error']),
    ...((status & 0x10) === 0 ? [] : ['temporary error']),
  ];
};

/** Of the fixed structure (EN 13757-3, annex on it): bits 2 to 4 as above. */
export const fixedStatusProblems = (status: number): readonly string[] => statusProblems(status & 0x1c);

/** How the data are encrypted (configuration field), and how many bytes from where they begin. */
export interface Encryption {
  readonly mode: number;
  readonly name: string;
  readonly bytes: number;
}

const BLOCK_BYTES = 16;
const MODE_NAMES: Readonly<Record<number, string>> = {
  2: 'DES-CBC',
  3: 'DES-CBC',
  5: 'AES-128-CBC',
  7: 'AES-128-CBC with a derived key',
  8: 'AES-128-CTR',
  9: 'AES-128-GCM',
  10: 'AES-128-CCM',
  13: 'TLS',
};

const modeOf = ({ configuration }: Header): number => (configuration >> 8) & 0x1f;

/** Data of an encryption mode that begin with two fillers were decrypted on their way. */
export const isDecrypted = (header: Header, data: Uint8Array): boolean =>
  modeOf(header) !== 0 && data[0] === 0x2f && data[1] === 0x2f;

/** Whether a mode is one of the standard's; devices older than encryption send anything in the field. */
export const isNamed = ({ mode }: Encryption): boolean => MODE_NAMES[mode] !== undefined;

/** Whether the data behind a header are encrypted, by its configuration field. */
export const encryptionOf = (header: Header, data: Uint8Array): Encryption | undefined => {
  const { configuration } = header;
  const mode = modeOf(header);
  if (mode === 0 || data.length === 0 || isDecrypted(header, data)) return undefined;
  // Of a mode that has no name, nobody knows how much it covers.
  const name = MODE_NAMES[mode] ?? 'which the standard does not name';
  const low = configuration & 0xff;
  const stated =
    mode === 5 || mode === 7 ? (low >> 4) * BLOCK_BYTES : mode === 2 || mode === 3 ? low : data.length;
  return { mode, name, bytes: Math.min(stated === 0 ? data.length : stated, data.length) };
};
