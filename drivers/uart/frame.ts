import type { Field, Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';

/** Pieces that the sensors' frames have in common. All of them are binary, without an address of the sensor. */

export const uint16 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

export const int16 = (bytes: Uint8Array, at: number): number => (uint16(bytes, at) << 16) >> 16;

export const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte, 0);

export const hex = (...bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Throws where a frame's checksum is not what its bytes make. */
export const checkSum = (name: string, found: number, wanted: number): void => {
  if (found !== wanted)
    throw new TelegramError(
      'checksum',
      `the checksum of a frame of ${name} is ${found.toString(16)}, not ${wanted.toString(16)}`,
    );
};

/** A field of two bytes, high first. */
export const wordField = (bytes: Uint8Array, at: number): Field => ({
  value: uint16(bytes, at),
  raw: bytes.subarray(at, at + 2),
});

/** One sensor on its line has no address. */
export const telegramOf = (fields: Iterable<readonly [string, Field]>): Telegram => ({
  address: '',
  fields: new Map(fields),
});

/** Where frames that begin with a mark end: finds them in what comes, whatever lies between. */
export interface FrameShape {
  /** Bytes with which each begins. */
  readonly mark: readonly number[];
  /** Length of the frame that begins at 0, once enough has come to tell; 0: none begins here after all. */
  readonly length: (bytes: Uint8Array) => number | undefined;
  /** No frame is longer. */
  readonly most: number;
  /** Whether a whole frame is sound; one that is not may hide the beginning of another. */
  readonly sound: (frame: Uint8Array) => boolean;
}

/** One step through received bytes: a frame at their head, or bytes that belong to none. */
type Cut =
  | { readonly kind: 'frame' | 'damaged'; readonly frame: Uint8Array; readonly next: number }
  | { readonly kind: 'none'; readonly next: number }
  | { readonly kind: 'more' };

const markAt = (bytes: Uint8Array, mark: readonly number[]): number => {
  for (let at = 0; at < bytes.length; at++)
    if (mark.every((byte, index) => at + index >= bytes.length || bytes[at + index] === byte)) return at;
  return bytes.length;
};

const cut = (bytes: Uint8Array, { mark, length, most, sound }: FrameShape): Cut => {
  const begin = markAt(bytes, mark);
  if (begin > 0) return { kind: 'none', next: begin };
  if (bytes.length < mark.length) return { kind: 'more' };
  const long = length(bytes);
  if (long === undefined) return bytes.length < most ? { kind: 'more' } : { kind: 'none', next: 1 };
  if (long <= 0 || long > most) return { kind: 'none', next: 1 };
  if (bytes.length < long) return { kind: 'more' };
  const frame = bytes.slice(0, long);
  // A frame that is damaged is shown as such; the next may begin inside of it.
  return sound(frame) ? { kind: 'frame', frame, next: long } : { kind: 'damaged', frame, next: 1 };
};

/**
 * Takes bytes as they come, in any pieces; gives frames that have become whole: sound ones, and what looked like one
 * and is damaged. Keeps no more than one frame's bytes.
 */
export const createFramer = (shape: FrameShape): ((bytes: Uint8Array) => readonly Uint8Array[]) => {
  let pending: Uint8Array = new Uint8Array(0);
  return (bytes) => {
    const frames: Uint8Array[] = [];
    let rest: Uint8Array = Buffer.concat([pending, bytes]);
    while (rest.length > 0) {
      const found = cut(rest, shape);
      if (found.kind === 'more') break;
      if (found.kind !== 'none') frames.push(found.frame);
      rest = rest.subarray(found.next);
    }
    pending = Uint8Array.from(rest);
    return frames;
  };
};
