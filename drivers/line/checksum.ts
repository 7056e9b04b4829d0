import { crc16 } from '../modbus/crc16.js';
import { crcCcitt } from '../telegram/crc-ccitt.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { showText, unescapeText } from './escapes.js';
import type { CHECKSUM_TYPES, ChecksumSection } from './section.js';

const CCITT_START = 0xffff;
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

const SUMS: Readonly<
  Record<
    (typeof CHECKSUM_TYPES)[number],
    { readonly bytes: number; readonly of: (bytes: Uint8Array) => number }
  >
> = {
  xor: { bytes: 1, of: (bytes) => bytes.reduce((total, byte) => total ^ byte, 0) },
  sum8: { bytes: 1, of: sum },
  'sum8-complement': { bytes: 1, of: (bytes) => -sum(bytes) & 0xff },
  'crc16-modbus': { bytes: 2, of: crc16 },
  'crc16-xmodem': { bytes: 2, of: (bytes) => crcCcitt(bytes) },
  'crc16-ccitt': { bytes: 2, of: (bytes) => crcCcitt(bytes, CCITT_START) },
};

/** The checksum of an instrument's lines. */
export interface LineChecksum {
  /** What the sum vouches for, which patterns and columns read. Throws a `TelegramError` where it does not. */
  readonly body: (line: string) => string;
  /** The line that carries a body. */
  readonly line: (body: string) => string;
}

/** Throws a `LineError` where a text of the section has an escape that is not known. */
export const createChecksum = (section: ChecksumSection): LineChecksum => {
  const after = unescapeText(section.after ?? '');
  const before = unescapeText(section.before ?? '');
  const trailer = unescapeText(section.trailer ?? '');
  const { bytes, of } = SUMS[section.type];
  const hex = section.digits !== 'decimal';
  const width = hex ? 2 * bytes : String(2 ** (8 * bytes) - 1).length;
  const written = (value: number): string =>
    value
      .toString(hex ? 16 : 10)
      .toUpperCase()
      .padStart(width, '0');
  const includes = section.includes ?? 'neither';
  const covered = (body: string): string =>
    (includes === 'after' || includes === 'both' ? after : '') +
    body +
    (includes === 'before' || includes === 'both' ? before : '') +
    trailer;
  const sumOf = (body: string): number => of(Buffer.from(covered(body), 'latin1'));

  const body = (whole: string): string => {
    const line = whole.trimEnd();
    const from = line.indexOf(after);
    const to = before === '' ? line.length - width : line.lastIndexOf(before);
    if (from < 0 || to < from + after.length)
      throw new TelegramError('frame', `has no checksum where it should be: "${showText(line)}"`);
    const inside = line.slice(from + after.length, to);
    const digits = line.slice(to + before.length).trim();
    const valid = (hex ? /^[0-9a-fA-F]{1,4}$/ : /^[0-9]{1,5}$/).test(digits);
    const expected = sumOf(inside);
    if (!valid || Number.parseInt(digits, hex ? 16 : 10) !== expected) {
      const message = `its checksum is "${showText(digits)}", and ${written(expected)} is right for "${showText(inside)}"`;
      throw new TelegramError('checksum', message);
    }
    return inside;
  };
  return { body, line: (inside) => after + inside + before + written(sumOf(inside)) };
};
