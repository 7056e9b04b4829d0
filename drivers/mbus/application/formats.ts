import { TelegramError } from '../../telegram/telegram-error.js';
import { crcOfMeters } from './crc.js';
import { headersOf, recordsWithData, type RecordList } from './record.js';

/**
 * What compact frames leave out (EN 13757-3, "Compact M-Bus frame"): the record headers, which a full or a format frame of
 * the same device said before, by their signature.
 */
export interface Formats {
  /** Keeps the headers of a full frame. */
  learn(list: RecordList): void;
  /** Keeps headers that stand behind each other. */
  keep(headers: Uint8Array): void;
  find(signature: number): Uint8Array | undefined;
}

/** Devices of one line; a format that was forgotten is only learned again. */
const MOST_FORMATS = 512;
const CRC_BYTES = 2;

export const createFormats = (): Formats => {
  const bySignature = new Map<number, Uint8Array>();
  const keep = (headers: Uint8Array): void => {
    if (headers.length === 0) return;
    if (bySignature.size >= MOST_FORMATS) bySignature.clear();
    bySignature.set(crcOfMeters(headers), headers);
  };
  return { keep, learn: (list) => keep(headersOf(list)), find: (signature) => bySignature.get(signature) };
};

export const signatureText = (signature: number): string =>
  signature.toString(16).toUpperCase().padStart(4, '0');

const wordAt = (data: Uint8Array, at: number): number => (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);

/** A format frame: length, signature, record headers; fillers may follow. */
export interface Format {
  readonly signature: number;
  readonly headers: Uint8Array;
}

/** Reads a format frame behind its header. Throws a `TelegramError` where its signature is not that of its headers. */
export const readFormat = (data: Uint8Array): Format => {
  const [length = 0] = data;
  const signature = wordAt(data, 1);
  const behind = data.subarray(1 + CRC_BYTES);
  // The length may count the signature or not: the signature itself says which.
  const headers = [length - CRC_BYTES, length, behind.length]
    .filter((size) => size > 0 && size <= behind.length)
    .map((size) => behind.subarray(0, size))
    .find((some) => crcOfMeters(some) === signature);
  if (headers === undefined)
    throw new TelegramError(
      'checksum',
      `the format's signature ${signatureText(signature)} is not that of its record headers`,
    );
  return { signature, headers };
};

/**
 * The records of a compact frame behind its header, as the full frame would bear them. Throws a `TelegramError`: where
 * nobody knows the format, where the data are not as long as it says, and where the CRC of the full frame is another.
 */
export const expandCompact = (data: Uint8Array, formats: Formats | undefined): Uint8Array => {
  if (data.length < 2 * CRC_BYTES)
    throw new TelegramError('decode', `a compact frame of ${data.length} bytes has no signature and CRC`);
  const signature = wordAt(data, 0);
  const headers = formats?.find(signature);
  if (headers === undefined)
    throw new TelegramError(
      'decode',
      `the compact frame's format ${signatureText(signature)} is not known: a full or a format frame of the device must come first`,
    );
  const full = recordsWithData(headers, data.subarray(2 * CRC_BYTES));
  const said = wordAt(data, CRC_BYTES);
  const is = crcOfMeters(full);
  if (is !== said)
    throw new TelegramError(
      'checksum',
      `the compact frame says CRC ${signatureText(said)} where its full frame has ${signatureText(is)}`,
    );
  return full;
};
