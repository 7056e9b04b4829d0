import { withCrc } from './crc16.js';
import { judgeHead, type Arrival, type Expectation, type Framing } from './framing.js';

const COLON = 0x3a;
const CR = 0x0d;
const LF = 0x0a;
/** Address, function, 252 bytes of data and LRC as hexadecimal, with the marks around them. */
const MAX_CHARACTERS = 513;

/** Longitudinal redundancy check (Modbus over Serial Line 1.02, section 6.2.1). */
export const lrc = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

/** A body (unit, function, data) as an ASCII frame: colon, hexadecimal, LRC, CR LF. */
export const buildAsciiFrame = (body: Uint8Array): Uint8Array => {
  const hex = Buffer.from([...body, lrc(body)])
    .toString('hex')
    .toUpperCase();
  return Uint8Array.from(Buffer.from(`:${hex}\r\n`, 'latin1'));
};

/** The body of an ASCII frame from its colon to its LF; `undefined` where it is damaged. */
export const parseAsciiFrame = (frame: Uint8Array): Uint8Array | undefined => {
  const text = Buffer.from(frame).toString('latin1');
  const hex = /^:((?:[0-9A-Fa-f]{2}){3,})\r\n$/.exec(text)?.[1];
  if (hex === undefined) return undefined;
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  const body = bytes.slice(0, -1);
  return lrc(body) === bytes.at(-1) ? body : undefined;
};

/** Takes frames out of a stream of characters: what stands before a colon belongs to none. */
export class AsciiFrames {
  #frame: number[] | undefined;

  /** Whole frames, and `stray` once for each run of characters outside of any. */
  take(bytes: Uint8Array): readonly (Uint8Array | 'stray')[] {
    const found: (Uint8Array | 'stray')[] = [];
    for (const byte of bytes) {
      if (byte === COLON) this.#frame = [byte];
      else if (this.#frame === undefined) {
        if (found.at(-1) !== 'stray') found.push('stray');
      } else {
        this.#frame.push(byte);
        const ended = byte === LF && this.#frame.at(-2) === CR;
        if (ended || this.#frame.length >= MAX_CHARACTERS) {
          found.push(Uint8Array.from(this.#frame));
          this.#frame = undefined;
        }
      }
    }
    return found;
  }

  clear(): void {
    this.#frame = undefined;
  }
}

const judge = (frame: Uint8Array, expected: Expectation): Arrival => {
  const body = parseAsciiFrame(frame);
  if (body === undefined)
    return { kind: 'fault', code: 'checksum', detail: 'the checksum of the reply is wrong' };
  const head = judgeHead(body, expected);
  if (head === body.length) return { kind: 'reply', frame: withCrc(body) };
  if (typeof head === 'object') return head;
  return { kind: 'fault', code: 'frame', detail: `a reply of ${body.length} bytes is none` };
};

/**
 * Frames of Modbus ASCII (Modbus over Serial Line 1.02, section 2.5.2). As in RTU, a reply does not tell which
 * request it answers.
 */
export const createAsciiFraming = (): Framing => {
  let expected: Expectation | undefined;
  const frames = new AsciiFrames();
  const abandon = () => {
    expected = undefined;
    frames.clear();
  };
  return {
    matchesReplies: false,
    gapMs: 0,
    send: (request, expectation) => {
      expected = expectation;
      frames.clear();
      return buildAsciiFrame(request.subarray(0, -2));
    },
    receive: (bytes) => {
      if (expected === undefined) return [{ kind: 'stray' }];
      const arrivals: Arrival[] = [];
      for (const frame of frames.take(bytes)) {
        if (frame === 'stray' || expected === undefined) arrivals.push({ kind: 'stray' });
        else {
          arrivals.push(judge(frame, expected));
          expected = undefined;
        }
      }
      return arrivals;
    },
    abandon,
    reset: abandon,
  };
};
