import { crcHolds, withCrc } from '../crc16.js';
import { concat } from '../framing.js';
import { buildTcpFrame, takeTcpFrame } from '../tcp-framing.js';

/** A request as a unit sees it, and how its reply goes back. */
export interface Request {
  readonly unit: number;
  /** Function and data. */
  readonly pdu: Uint8Array;
  /** The frame of a reply (function and data), as a unit of that address sends it. */
  wrap(reply: Uint8Array, unit: number): Uint8Array;
}

/** Takes whole requests out of the bytes that come; `undefined` where they can no longer be told apart. */
export type RequestReader = (bytes: Uint8Array) => readonly Request[] | undefined;

const MIN_TCP_LENGTH = 2;

export const createTcpRequestReader = (): RequestReader => {
  let received: Uint8Array = new Uint8Array();
  return (bytes) => {
    received = concat(received, bytes);
    const requests: Request[] = [];
    for (;;) {
      const taken = takeTcpFrame(received, MIN_TCP_LENGTH);
      if (taken === 'broken') return undefined;
      if (taken === 'incomplete') return requests;
      const { transaction, body, rest } = taken;
      received = rest;
      requests.push({
        unit: body[0] ?? 0,
        pdu: body.subarray(1),
        wrap: (reply, unit) => buildTcpFrame(transaction, Uint8Array.of(unit, ...reply)),
      });
    }
  };
};

/** Requests of a fixed length with address and checksum, by function; those not named have 8 bytes. */
const FIXED: Readonly<Record<number, number>> = { 7: 4, 11: 4, 12: 4, 17: 4, 22: 10, 24: 6, 43: 7 };
/** Where others count the bytes that follow, and what the frame has beside these. */
const COUNTED: Readonly<Record<number, { readonly at: number; readonly beside: number }>> = {
  15: { at: 6, beside: 9 },
  16: { at: 6, beside: 9 },
  20: { at: 2, beside: 5 },
  21: { at: 2, beside: 5 },
  23: { at: 10, beside: 13 },
};

/** Length of a request with address and checksum; `undefined` while unknown. */
const rtuLength = (frame: Uint8Array): number | undefined => {
  const code = frame[1];
  if (code === undefined) return undefined;
  const counted = COUNTED[code];
  if (counted === undefined) return FIXED[code] ?? 8;
  const count = frame[counted.at];
  return count === undefined ? undefined : counted.beside + count;
};

/** What is no sound frame is thrown away whole, as a unit does that waits for the line to fall silent. */
export const createRtuRequestReader = (): RequestReader => {
  let received: Uint8Array = new Uint8Array();
  return (bytes) => {
    received = concat(received, bytes);
    const requests: Request[] = [];
    for (;;) {
      const length = rtuLength(received);
      if (length === undefined || received.length < length) return requests;
      const frame = received.slice(0, length);
      received = received.subarray(length);
      if (!crcHolds(frame)) {
        received = new Uint8Array();
        return requests;
      }
      requests.push({
        unit: frame[0] ?? 0,
        pdu: frame.subarray(1, -2),
        wrap: (reply, unit) => withCrc(Uint8Array.of(unit, ...reply)),
      });
    }
  };
};
