import type { Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { checkSum, hex, sumOf, telegramOf, wordField, type FrameShape } from './frame.js';

/** Winsen MH-Z19, MH-Z19B, MH-Z19C: user's manuals, "UART output". Nine bytes both ways, `FF ... checksum`. */
const HEAD = 0xff;
const SENSOR = 0x01;
const LENGTH = 9;
export const READ = 0x86;

/** All between the first byte and the last, negated. */
const checksum = (frame: Uint8Array): number => -sumOf(frame.subarray(1, LENGTH - 1)) & 0xff;
const isSound = (frame: Uint8Array): boolean => frame[LENGTH - 1] === checksum(frame);

export const mhZ19Shape: FrameShape = {
  mark: [HEAD, READ],
  length: () => LENGTH,
  most: LENGTH,
  sound: isSound,
};
export const mhZ19CommandShape: FrameShape = {
  mark: [HEAD, SENSOR],
  length: () => LENGTH,
  most: LENGTH,
  sound: isSound,
};

const sealed = (bytes: readonly number[]): Uint8Array => {
  const frame = Uint8Array.from(Array.from({ length: LENGTH }, (_, index) => bytes[index] ?? 0));
  frame[LENGTH - 1] = checksum(frame);
  return frame;
};

export const readMhZ19 = (): Uint8Array => sealed([HEAD, SENSOR, READ]);

export const encodeMhZ19 = (co2: number): Uint8Array => sealed([HEAD, READ, (co2 >> 8) & 0xff, co2 & 0xff]);

/** `co2` in ppm, the one value that the manuals give; the bytes behind it are undocumented. Throws a `TelegramError`. */
export const decodeMhZ19 = (frame: Uint8Array): Telegram => {
  if (frame.length !== LENGTH || frame[0] !== HEAD)
    throw new TelegramError('frame', `${frame.length} bytes are no answer of an MH-Z19: ff and eight more`);
  checkSum('an MH-Z19', frame[LENGTH - 1] ?? 0, checksum(frame));
  if (frame[1] !== READ)
    throw new TelegramError(
      'decode',
      `the frame answers command ${hex(frame[1] ?? 0)}, not ${hex(READ)}: no value`,
    );
  return telegramOf([['co2', wordField(frame, 2)]]);
};
