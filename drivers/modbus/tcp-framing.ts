import { withCrc } from './crc16.js';
import { concat, judgeHead, type Arrival, type Expectation, type Framing } from './framing.js';

const HEADER_BYTES = 6;
/** Unit, function and data: at least an exception, at most a PDU of 253 bytes. */
const MIN_LENGTH = 3;
const MAX_LENGTH = 254;

/** Reads one frame of Modbus TCP off the front; `broken` where the header is none. */
export const takeTcpFrame = (
  bytes: Uint8Array,
  minLength = MIN_LENGTH,
): { transaction: number; body: Uint8Array; rest: Uint8Array } | 'incomplete' | 'broken' => {
  if (bytes.length < HEADER_BYTES) return 'incomplete';
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  const length = header.getUint16(4);
  if (header.getUint16(2) !== 0 || length < minLength || length > MAX_LENGTH) return 'broken';
  const end = HEADER_BYTES + length;
  if (bytes.length < end) return 'incomplete';
  return {
    transaction: header.getUint16(0),
    body: bytes.slice(HEADER_BYTES, end),
    rest: bytes.subarray(end),
  };
};

/** A frame of Modbus TCP: header with the transaction, then unit, function and data. */
export const buildTcpFrame = (transaction: number, body: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(HEADER_BYTES + body.length);
  const header = new DataView(frame.buffer);
  header.setUint16(0, transaction);
  header.setUint16(4, body.length);
  frame.set(body, HEADER_BYTES);
  return frame;
};

const judge = (body: Uint8Array, expected: Expectation): Arrival => {
  const head = judgeHead(body, expected);
  if (head === body.length) return { kind: 'reply', frame: withCrc(body) };
  if (typeof head === 'object') return head;
  return { kind: 'fault', code: 'frame', detail: `a reply of ${body.length} bytes is none` };
};

/**
 * Frames of Modbus TCP (Messaging on TCP/IP 1.0b, section 3.1.3). The transaction's number tells which request a
 * reply answers: one that comes late is known as such.
 */
export const createTcpFraming = (): Framing => {
  let transaction = 0;
  let expected: Expectation | undefined;
  let received: Uint8Array = new Uint8Array();

  const judgeFrame = (of: number, body: Uint8Array): Arrival => {
    if (expected === undefined || of !== transaction) return { kind: 'late' };
    const arrival = judge(body, expected);
    expected = undefined;
    return arrival;
  };

  return {
    matchesReplies: true,
    gapMs: 0,
    send: (request, expectation) => {
      transaction = (transaction + 1) & 0xffff;
      expected = expectation;
      return buildTcpFrame(transaction, request.subarray(0, -2));
    },
    receive: (bytes) => {
      received = concat(received, bytes);
      const arrivals: Arrival[] = [];
      for (;;) {
        const taken = takeTcpFrame(received);
        if (taken === 'incomplete') return arrivals;
        if (taken === 'broken')
          return [...arrivals, { kind: 'broken', detail: 'what came is not Modbus TCP' }];
        received = taken.rest;
        arrivals.push(judgeFrame(taken.transaction, taken.body));
      }
    },
    abandon: () => (expected = undefined),
    reset: () => {
      expected = undefined;
      received = new Uint8Array();
    },
  };
};
