import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { fieldsOf } from './application/fields.js';
import { createFormats } from './application/formats.js';
import { readUserData, type UserData } from './application/user-data.js';
import { isResponse, readFrame, type FrameReading, type LongFrame } from './link/frame.js';
import { mbusSection, utcOffsetMin } from './section.js';

interface Found {
  readonly frames: readonly LongFrame[];
  /** What else there was, in words. */
  readonly skipped: readonly string[];
}

/** Bytes of garbage that are shown; what is longer is counted. */
const SHOWN = 8;

const hex = (bytes: Uint8Array): string =>
  Buffer.from(bytes.subarray(0, SHOWN))
    .toString('hex')
    .toUpperCase()
    .replaceAll(/(..)(?=.)/g, '$1 ') + (bytes.length > SHOWN ? ' …' : '');

const NAMES = {
  acknowledge: 'an acknowledgement',
  short: 'a short frame',
  long: "a master's frame",
} as const;

const whyNot = (read: FrameReading): TelegramError =>
  read.kind === 'fault'
    ? new TelegramError(read.code, read.detail)
    : new TelegramError('frame', read.kind === 'more' ? 'the frame is not whole' : 'no frame begins there');

/**
 * All frames with data, one behind the other, as a bus takes them: past acknowledgements, short frames, what masters
 * send, and garbage. Throws where none is left, by what was wrong with the first that began.
 */
const framesIn = (raw: Uint8Array): Found => {
  const frames: LongFrame[] = [];
  const skipped: string[] = [];
  let fault: TelegramError | undefined;
  let garbageFrom = 0;
  const endGarbage = (at: number): void => {
    if (at > garbageFrom)
      skipped.push(`${at - garbageFrom} bytes that are no frame: ${hex(raw.subarray(garbageFrom, at))}`);
  };
  for (let at = 0; at < raw.length;) {
    const read = readFrame(raw.subarray(at));
    if (read.kind !== 'frame') {
      if (read.kind !== 'none') fault ??= whyNot(read);
      at++;
      continue;
    }
    endGarbage(at);
    const { frame, end } = read;
    if (frame.kind === 'long') frames.push(frame);
    else skipped.push(`${NAMES[frame.kind]}: ${hex(raw.subarray(at, at + end))}`);
    at += end;
    garbageFrom = at;
  }
  endGarbage(raw.length);
  if (frames.length === 0)
    throw (
      fault ??
      new TelegramError(
        'frame',
        `no frame begins here that has data: ${skipped.join(', ') || 'nothing came'}`,
      )
    );
  if (fault !== undefined) skipped.push(`a damaged frame: ${fault.message}`);
  const replies = frames.filter(({ control }) => isResponse(control));
  if (replies.length === 0 || replies.length === frames.length) return { frames, skipped };
  return { frames: replies, skipped: [...skipped, `${frames.length - replies.length} × ${NAMES.long}`] };
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
  const { frames, skipped } = framesIn(raw);
  const [first] = frames;
  if (first === undefined) throw new TelegramError('frame', 'there is no frame');
  // What one frame says of the format is needed where another one follows.
  const formats = frames.length > 1 ? createFormats() : undefined;
  const parts = frames.map(({ ci, data }) => readUserData(ci, data, formats));
  const telegram = telegramOf(first.address, parts, section);
  return skipped.length === 0 ? telegram : { ...telegram, remarks: skipped.map((what) => `skipped ${what}`) };
};
