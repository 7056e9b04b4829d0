import { TelegramError } from '../telegram/telegram-error.js';
import { checkSum, sumOf } from './frame.js';

/**
 * Sensirion SHDLC, as in the SPS30 datasheet (version 1.0, chapter 5): `7E`, address, command, [state,] length, data,
 * checksum, `7E`; between the flags 7E, 7D, 11 and 13 are sent as 7D and the byte with bit 5 turned.
 */
export const FLAG = 0x7e;
const ESCAPE = 0x7d;
const TURN = 0x20;
const ESCAPED: readonly number[] = [FLAG, ESCAPE, 0x11, 0x13];
/** The most that comes between two flags: 255 bytes of data, the header and the checksum, all escaped. */
export const MOST_BYTES = 2 * (255 + 5) + 2;

/** Frames from the sensor have a state, those to it have none. */
export interface ShdlcFrame {
  readonly address: number;
  readonly command: number;
  /** 0: no error. Bit 7: the device has an error of its own. */
  readonly state: number;
  readonly data: Uint8Array;
}

/** Least significant byte of the sum of all between the flags, turned over. */
const checksum = (bytes: Uint8Array): number => ~sumOf(bytes) & 0xff;

const unstuffed = (bytes: Uint8Array): Uint8Array => {
  const plain: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== ESCAPE) {
      plain.push(byte);
      continue;
    }
    const next = (bytes[++at] ?? 0) ^ TURN;
    if (!ESCAPED.includes(next)) throw new TelegramError('frame', 'a byte is escaped that never is');
    plain.push(next);
  }
  return Uint8Array.from(plain);
};

/** Reads one frame, its flags included. `state`: whether it has one. Throws a `TelegramError`. */
export const decodeShdlc = (raw: Uint8Array, { state }: { readonly state: boolean }): ShdlcFrame => {
  if (raw.length < 2 || raw[0] !== FLAG || raw.at(-1) !== FLAG)
    throw new TelegramError('frame', 'a frame of SHDLC begins and ends with 7e');
  const inner = raw.subarray(1, -1);
  if (inner.includes(FLAG)) throw new TelegramError('frame', 'there is a 7e inside the frame');
  const bytes = unstuffed(inner);
  const header = state ? 4 : 3;
  if (bytes.length < header + 1)
    throw new TelegramError('frame', `a frame of ${bytes.length} bytes is too short`);
  checkSum('SHDLC', bytes.at(-1) ?? 0, checksum(bytes.subarray(0, -1)));
  const length = bytes[header - 1] ?? 0;
  const data = bytes.subarray(header, -1);
  if (data.length !== length)
    throw new TelegramError('frame', `${data.length} bytes of data, ${length} announced`);
  return { address: bytes[0] ?? 0, command: bytes[1] ?? 0, state: state ? (bytes[2] ?? 0) : 0, data };
};

/** Makes a frame; with a `state` as the sensor does, without as it is asked. */
export const encodeShdlc = (command: number, data: Uint8Array, state?: number): Uint8Array => {
  const head = [0, command, ...(state === undefined ? [] : [state]), data.length];
  const bytes = Uint8Array.from([...head, ...data]);
  const stuffed = [...bytes, checksum(bytes)].flatMap((byte) =>
    ESCAPED.includes(byte) ? [ESCAPE, byte ^ TURN] : [byte],
  );
  return Uint8Array.from([FLAG, ...stuffed, FLAG]);
};

/** The first whole frame in what has come, whatever lies before it; `undefined` until there is one. */
export const findShdlc = (received: Uint8Array): Uint8Array | undefined => {
  for (let begin = received.indexOf(FLAG); begin >= 0;) {
    const end = received.indexOf(FLAG, begin + 1);
    if (end < 0) return undefined;
    // Two flags side by side are the end of one frame and the beginning of the next.
    if (end > begin + 1) return received.subarray(begin, end + 1);
    begin = end;
  }
  return undefined;
};
