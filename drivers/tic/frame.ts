import type { Framer } from '../telegram/listening-bus.js';

export const STX = 0x02;
export const ETX = 0x03;
/** The meter breaks a frame off, to answer on the same line (Euridis). */
export const EOT = 0x04;
const LF = 0x0a;
const CR = 0x0d;
/** One Linky begins its groups with this in place of LF (esphome/esphome, issue 17291); no checksum covers either. */
const SI = 0x0f;
const SEVEN_BITS = 0x7f;
const PARITY_BIT = 0x80;
/** Among characters with their parity half have it set; among those without, only damaged ones. */
const PARITY_SHARE = 0.1;
/** What a damaged character becomes: no character of a group. */
const DAMAGED = 0xff;
/** Some frames of ICE meters come near 3 kB. */
const MAX_FRAME = 8192;

const isOdd = (byte: number): boolean => {
  let ones = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
  return ones % 2 === 1;
};

/**
 * Seven bits of each character, whether the parity bit was taken off before or is still there (a port that was set to
 * 8N1); a character with the wrong one becomes `DAMAGED`.
 */
export const sevenBits = (bytes: Uint8Array): Uint8Array => {
  const marked = bytes.reduce((sum, byte) => sum + (byte >= PARITY_BIT ? 1 : 0), 0);
  if (marked === 0) return bytes;
  if (marked < PARITY_SHARE * bytes.length) return bytes.map((byte) => (byte >= PARITY_BIT ? DAMAGED : byte));
  return bytes.map((byte) => (isOdd(byte) ? DAMAGED : byte & SEVEN_BITS));
};

/** What stands between the line ends of a frame: groups, whole or damaged, without the frame's own characters. */
export const splitGroups = (characters: Uint8Array): readonly Uint8Array[] => {
  const groups: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= characters.length; at++) {
    const character = characters[at] ?? CR;
    if (character !== CR && character !== LF && character !== STX && character !== ETX && character !== EOT)
      continue;
    const first = characters[from] === SI ? from + 1 : from;
    if (at > first) groups.push(characters.subarray(first, at));
    from = at + 1;
  }
  return groups;
};

/**
 * Cuts frames out of what a meter sends, `STX` to `ETX`. A frame that is broken off (`EOT`, the next `STX`) is given
 * as far as it came, since its groups stand for themselves. What has no beginning, or no end in 8 kB, is dropped.
 */
export const createTicFramer = (): Framer => {
  let frame: number[] | undefined;
  const end = (frames: Uint8Array[]): void => {
    if (frame !== undefined && frame.some((byte) => (byte & SEVEN_BITS) === CR))
      frames.push(Uint8Array.from(frame));
    frame = undefined;
  };
  return (bytes) => {
    const frames: Uint8Array[] = [];
    for (const byte of bytes) {
      const character = byte & SEVEN_BITS;
      if (character === STX) {
        end(frames);
        frame = [byte];
      } else if (frame !== undefined) {
        frame.push(byte);
        if (character === ETX || character === EOT) end(frames);
        else if (frame.length >= MAX_FRAME) frame = undefined;
      }
    }
    return frames;
  };
};
