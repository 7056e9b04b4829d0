import type { Reading } from '../../telegram/asking-line.js';

/** Frames of the link layer (EN 13757-2, formats of EN 60870-5-2: FT 1.2). */
export type LinkFrame =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'short'; readonly control: number; readonly address: number }
  | {
      /** Control frames are long frames without data. */
      readonly kind: 'long';
      readonly control: number;
      readonly address: number;
      readonly ci: number;
      readonly data: Uint8Array;
    };
export type LongFrame = Extract<LinkFrame, { readonly kind: 'long' }>;

export const ACKNOWLEDGE = 0xe5;
const SHORT_START = 0x10;
const LONG_START = 0x68;
const STOP = 0x16;
const SHORT_BYTES = 5;
/** Start, length twice, start; checksum and stop. */
const LONG_OVERHEAD = 6;
/** Control, address and CI field are always there. */
const LEAST_LENGTH = 3;
/** The longest frame there can be. */
export const MOST_FRAME_BYTES = 255 + LONG_OVERHEAD;

const checksum = (bytes: Uint8Array): number => {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xff;
};

export const encodeShort = (control: number, address: number): Uint8Array =>
  Uint8Array.of(SHORT_START, control, address, (control + address) & 0xff, STOP);

/** At most 252 bytes of data fit. */
export const encodeLong = (
  control: number,
  address: number,
  ci: number,
  data: Uint8Array = new Uint8Array(0),
): Uint8Array => {
  const body = Uint8Array.of(control, address, ci, ...data);
  const header = [LONG_START, body.length, body.length, LONG_START];
  return Uint8Array.of(...header, ...body, checksum(body), STOP);
};

export type FrameReading =
  | { readonly kind: 'frame'; readonly frame: LinkFrame; readonly end: number }
  | { readonly kind: 'more' }
  | { readonly kind: 'none' }
  | { readonly kind: 'fault'; readonly code: 'checksum' | 'frame'; readonly detail: string };

const hex = (byte = 0): string => byte.toString(16).toUpperCase().padStart(2, '0');

const badChecksum = (is: number, said = 0): FrameReading => ({
  kind: 'fault',
  code: 'checksum',
  detail: `checksum ${hex(said)} where the bytes give ${hex(is)}`,
});
const badStop = (stop = 0): FrameReading => ({
  kind: 'fault',
  code: 'frame',
  detail: `${hex(stop)} where the stop 16 belongs`,
});

const readShort = (bytes: Uint8Array): FrameReading => {
  if (bytes.length < SHORT_BYTES) return { kind: 'more' };
  const [, control = 0, address = 0, said, stop] = bytes;
  if (stop !== STOP) return badStop(stop);
  const sum = (control + address) & 0xff;
  if (said !== sum) return badChecksum(sum, said);
  return { kind: 'frame', frame: { kind: 'short', control, address }, end: SHORT_BYTES };
};

const readLong = (bytes: Uint8Array): FrameReading => {
  const [, length, again, start] = bytes;
  if (length === undefined || again === undefined || start === undefined) {
    return again === undefined || again === length ? { kind: 'more' } : { kind: 'none' };
  }
  if (again !== length || start !== LONG_START) return { kind: 'none' };
  if (length < LEAST_LENGTH)
    return { kind: 'fault', code: 'frame', detail: `the length ${length} is below ${LEAST_LENGTH}` };
  const end = length + LONG_OVERHEAD;
  if (bytes.length < end) return { kind: 'more' };
  if (bytes[end - 1] !== STOP) return badStop(bytes[end - 1]);
  const body = bytes.subarray(4, end - 2);
  const sum = checksum(body);
  if (bytes[end - 2] !== sum) return badChecksum(sum, bytes[end - 2]);
  const [control = 0, address = 0, ci = 0] = body;
  return { kind: 'frame', frame: { kind: 'long', control, address, ci, data: body.subarray(3) }, end };
};

/** Reads the frame that begins with the first byte; `none` where no frame begins so. */
export const readFrame = (bytes: Uint8Array): FrameReading => {
  switch (bytes[0]) {
    case undefined:
      return { kind: 'more' };
    case ACKNOWLEDGE:
      return { kind: 'frame', frame: { kind: 'acknowledge' }, end: 1 };
    case SHORT_START:
      return readShort(bytes);
    case LONG_START:
      return readLong(bytes);
    default:
      return { kind: 'none' };
  }
};

/** Whether a control field is that of RSP_UD; its access demand and data flow bits do not matter. */
export const isResponse = (control: number): boolean => (control & 0xcf) === 0x08;

/** Finds the reply with data in what came, whatever lies before it. */
export const readReply = (received: Uint8Array): Reading<LongFrame> => {
  let fault: Extract<FrameReading, { readonly kind: 'fault' }> | undefined;
  for (let at = received.indexOf(LONG_START); at >= 0; at = received.indexOf(LONG_START, at + 1)) {
    const read = readFrame(received.subarray(at));
    if (read.kind === 'frame' && read.frame.kind === 'long') {
      if (isResponse(read.frame.control)) return { kind: 'reply', value: read.frame };
      fault ??= {
        kind: 'fault',
        code: 'frame',
        detail: `control field ${hex(read.frame.control)} is no reply`,
      };
      at += read.end - 1;
    } else if (read.kind === 'fault') fault ??= read;
  }
  return fault ?? { kind: 'more' };
};

/** Finds an acknowledgement. Devices that answer together damage it; then something else came. */
export const readAcknowledge = (received: Uint8Array): Reading<'acknowledged'> => {
  if (received.includes(ACKNOWLEDGE)) return { kind: 'reply', value: 'acknowledged' };
  return { kind: 'more' };
};
