import { crcHolds } from './crc16.js';
import { concat, judgeHead, type Arrival, type Expectation, type Framing } from './framing.js';

/** Where the speed of the line is not ours to know (a serial server): 3.5 characters of 9600 baud, ms. */
const DEFAULT_GAP_MS = 4;

const judge = (frame: Uint8Array, expected: Expectation): Arrival | undefined => {
  const head = judgeHead(frame, expected);
  if (typeof head !== 'number') return head;
  const length = head + 2;
  if (frame.length < length) return undefined;
  if (frame.length > length)
    return { kind: 'fault', code: 'frame', detail: `${frame.length - length} stray bytes after the reply` };
  return crcHolds(frame)
    ? { kind: 'reply', frame }
    : { kind: 'fault', code: 'checksum', detail: 'the checksum of the reply is wrong' };
};

/**
 * Frames of a serial line (Modbus over Serial Line 1.02, section 2.5.1). A reply carries nothing that tells which
 * request it answers, so whatever is not exactly the expected frame is a fault.
 */
export const createRtuFraming = (baudRate: number | undefined): Framing => {
  let expected: Expectation | undefined;
  let frame: Uint8Array = new Uint8Array();
  const abandon = () => {
    expected = undefined;
    frame = new Uint8Array();
  };
  return {
    matchesReplies: false,
    gapMs: baudRate === undefined ? DEFAULT_GAP_MS : Math.max(1.75, 38_500 / baudRate),
    send: (request, expectation) => {
      expected = expectation;
      frame = new Uint8Array();
      return request;
    },
    receive: (bytes) => {
      if (expected === undefined) return [{ kind: 'stray' }];
      frame = concat(frame, bytes);
      const arrival = judge(frame, expected);
      if (arrival === undefined) return [];
      abandon();
      return [arrival];
    },
    abandon,
    reset: abandon,
  };
};
