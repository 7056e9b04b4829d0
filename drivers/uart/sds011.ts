import type { Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { checkSum, hex, sumOf, telegramOf, type FrameShape } from './frame.js';

/**
 * Nova SDS011: "Laser Dust Sensor Control Protocol V1.3". From the sensor ten bytes, `AA C0 ... AB` (values) or
 * `AA C5 ... AB` (answer to a setting); to it nineteen, `AA B4 ... AB`.
 */
const HEAD = 0xaa;
const TAIL = 0xab;
const COMMANDER = 0xb4;
export const VALUES = 0xc0;
export const ANSWER = 0xc5;
const VALUES_OF_AN_SDS198 = 0xcf;
const LENGTH = 10;
const COMMAND_LENGTH = 19;

export const REPORTING = 2;
export const QUERY = 4;
export const SLEEP = 6;

/** Data bytes 1 to 6 or 1 to 15, added up modulo 256. */
const checksum = (frame: Uint8Array): number => sumOf(frame.subarray(2, frame.length - 2)) & 0xff;

const isSound = (frame: Uint8Array): boolean => frame.at(-1) === TAIL && frame.at(-2) === checksum(frame);

export const sds011Shape: FrameShape = {
  mark: [HEAD],
  length: ([, kind]) => (kind === undefined ? undefined : kind === VALUES || kind === ANSWER ? LENGTH : 0),
  most: LENGTH,
  sound: isSound,
};

const refuse = (why: string): never => {
  throw new TelegramError('frame', `no frame of an SDS011, which is ten bytes from aa to ab: ${why}`);
};

/** Checks a frame of the sensor. Throws a `TelegramError`. */
export const checkSds011 = (frame: Uint8Array): void => {
  if (frame.length !== LENGTH) refuse(`${frame.length} bytes`);
  if (frame[0] !== HEAD) refuse(`begins with ${hex(frame[0] ?? 0)}`);
  if (frame.at(-1) !== TAIL) refuse(`ends in ${hex(frame.at(-1) ?? 0)}`);
  checkSum('an SDS011', frame.at(-2) ?? 0, checksum(frame));
};

const withoutValues = (kind: number): string => {
  if (kind === ANSWER) return 'of an SDS011 answers a setting: it has no values';
  return kind === VALUES_OF_AN_SDS198 ? 'is of an SDS198, which is not read' : 'is none of an SDS011';
};

/**
 * Values in tenths of µg/m³, low byte first: `pm2_5`, `pm10`; `id` of the sensor in hexadecimal. Throws a
 * `TelegramError`, also for the answer to a setting, which has no values.
 */
export const decodeSds011 = (frame: Uint8Array): Telegram => {
  checkSds011(frame);
  const [, kind = 0] = frame;
  if (kind !== VALUES) throw new TelegramError('decode', `frame ${hex(kind)} ${withoutValues(kind)}`);
  const word = (at: number) => ({
    value: (frame[at] ?? 0) | ((frame[at + 1] ?? 0) << 8),
    raw: frame.subarray(at, at + 2),
  });
  const id = frame.subarray(6, 8);
  return telegramOf([
    ['pm2_5', word(2)],
    ['pm10', word(4)],
    ['id', { value: Buffer.from(id).toString('hex').toUpperCase(), raw: id }],
  ]);
};

export const encodeSds011 = (kind: number, data: readonly number[]): Uint8Array => {
  const frame = Uint8Array.from([HEAD, kind, ...data, 0, TAIL]);
  frame[frame.length - 2] = checksum(frame);
  return frame;
};

/** A command to any sensor that hears it: setting `what` to `value`, or `QUERY` for one frame of values. */
export const commandSds011 = (what: number, value?: number): Uint8Array => {
  const data = [what, ...(value === undefined ? [] : [1, value])];
  const rest = COMMAND_LENGTH - 6 - data.length;
  return encodeSds011(COMMANDER, [...data, ...Array.from({ length: rest }, () => 0), 0xff, 0xff]);
};

/** What a command asks for, as the sensor reads it; `undefined` where it is none. */
export const parseSds011Command = (
  frame: Uint8Array,
): { readonly what: number; readonly set: boolean; readonly value: number } | undefined =>
  frame.length === COMMAND_LENGTH && frame[1] === COMMANDER && isSound(frame)
    ? { what: frame[2] ?? 0, set: frame[3] === 1, value: frame[4] ?? 0 }
    : undefined;

export const sds011CommandShape: FrameShape = {
  mark: [HEAD, COMMANDER],
  length: () => COMMAND_LENGTH,
  most: COMMAND_LENGTH,
  sound: isSound,
};
