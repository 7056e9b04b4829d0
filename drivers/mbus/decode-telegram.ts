import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { fieldsOf } from './application/fields.js';
import { createFormats } from './application/formats.js';
import { readUserData, type UserData } from './application/user-data.js';
import { readFrame, type LongFrame } from './link/frame.js';
import { mbusSection, utcOffsetMin } from './section.js';

/** All frames of a readout, one behind the other. */
const framesIn = (raw: Uint8Array): readonly LongFrame[] => {
  const frames: LongFrame[] = [];
  let rest = raw;
  while (rest.length > 0) {
    const read = readFrame(rest);
    if (read.kind === 'fault') throw new TelegramError(read.code, read.detail);
    if (read.kind === 'more') throw new TelegramError('frame', 'the frame is not whole');
    if (read.kind === 'none')
      throw new TelegramError(
        'frame',
        `no frame begins with ${Buffer.from(rest.subarray(0, 4)).toString('hex').toUpperCase()}`,
      );
    if (read.frame.kind !== 'long')
      throw new TelegramError('frame', `a frame without data (${read.frame.kind}) says nothing`);
    frames.push(read.frame);
    rest = rest.subarray(read.end);
  }
  return frames;
};

/** One readout as a telegram; `address` is the sender's on the link layer. Throws a `TelegramError`. */
export const telegramOf = (address: number, parts: readonly UserData[], section: unknown): Telegram => ({
  address: String(address),
  ...fieldsOf(parts, { utcOffsetMin: utcOffsetMin(mbusSection(section)) }),
});

/**
 * Decodes a telegram as the line carries it, or all telegrams of one readout behind each other. Throws a
 * `TelegramError`, nothing else.
 */
export const decodeTelegram = (raw: Uint8Array, section: unknown): Telegram => {
  const frames = framesIn(raw);
  const [first] = frames;
  if (first === undefined) throw new TelegramError('frame', 'there is no frame');
  // What one frame says of the format is needed where another one follows.
  const formats = frames.length > 1 ? createFormats() : undefined;
  const parts = frames.map(({ ci, data }) => readUserData(ci, data, formats));
  return telegramOf(first.address, parts, section);
};
