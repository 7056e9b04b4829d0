import { TelegramError } from '../telegram/telegram-error.js';

const hasEvenParity = (byte: number): boolean => {
  let ones = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) ones += rest & 1;
  return ones % 2 === 0;
};

/**
 * Bytes without the parity that a port set to 8N1 shows as their eighth bit (the line is 7E1); as they are where not all
 * of them have it.
 */
export const withoutParity = (bytes: Uint8Array): Uint8Array =>
  bytes.some((byte) => byte > 0x7f) && bytes.every(hasEvenParity) ? bytes.map((byte) => byte & 0x7f) : bytes;

const DEL = 0x7f;

/**
 * Whether a byte is what a port reads of a break, or of the line's turning: no response begins with one. A CRC may end with the
 * second.
 */
export const isLineNoise = (byte: number): boolean => byte === 0 || (byte & DEL) === DEL;

/** Characters of a response. Throws a `TelegramError` where bytes are none. */
export const asciiOf = (bytes: Uint8Array): string => {
  const plain = withoutParity(bytes);
  const wrong = plain.find((byte) => byte > 0x7f);
  if (wrong !== undefined)
    throw new TelegramError(
      'frame',
      `byte ${wrong.toString(16)} is no ASCII: damaged, or another format than the line's (7E1)`,
    );
  return Buffer.from(plain).toString('latin1');
};
