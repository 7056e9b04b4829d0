/** What a request makes us expect of its reply. */
export interface Expectation {
  readonly unit: number;
  readonly function: number;
  /** Bytes of data after the byte count; or what finds the length of a reply that has another shape. */
  readonly dataBytes: number | ReplyLength;
}

/**
 * The length of a reply (unit, function, data, no checksum), told from as much of it as has come; `undefined` while
 * that is too little, and -1 where it can be no such reply.
 */
export type ReplyLength = (body: Uint8Array) => number | undefined;

/** What bytes from the line turned out to be. */
export type Arrival =
  /** The sound reply to the request under way: unit, function, data, CRC. */
  | { readonly kind: 'reply'; readonly frame: Uint8Array }
  /** Something else came in its place. */
  | { readonly kind: 'fault'; readonly code: 'checksum' | 'frame'; readonly detail: string }
  /** The reply to a request that was given up. */
  | { readonly kind: 'late' }
  /** Bytes that nothing asked for. */
  | { readonly kind: 'stray' }
  /** The stream lost its frames; only a new connection finds them again. */
  | { readonly kind: 'broken'; readonly detail: string };

/** Keeps frames apart on one line: by expected length, never by silence. */
export interface Framing {
  /** Whether a reply says which request it answers. Where it does not, a line is suspect after any fault. */
  readonly matchesReplies: boolean;
  /** Requests that came back to us, as adapters do that hear themselves. */
  readonly echoes?: number;
  /** Silence that the protocol asks for between two frames, ms. */
  readonly gapMs: number;
  /** A request leaves (serial shape); gives the bytes to send. */
  send(request: Uint8Array, expectation: Expectation): Uint8Array;
  receive(bytes: Uint8Array): readonly Arrival[];
  /** The request under way is given up. */
  abandon(): void;
  /** A new connection: nothing of the old one is still to come in the middle of a frame. */
  reset(): void;
}

const EXCEPTION = 0x80;

export const concat = (a: Uint8Array, b: Uint8Array): Uint8Array => {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
};

const mismatch = (detail: string): Arrival => ({ kind: 'fault', code: 'frame', detail });

/**
 * Judges the head of a reply (unit, function, byte count), as far as it has come, against what was asked.
 * Gives the length that the whole has without its CRC, a fault, or `undefined` while too little is there.
 */
export const judgeHead = (body: Uint8Array, expected: Expectation): number | Arrival | undefined => {
  const [unit, code, byteCount] = body;
  if (unit !== undefined && unit !== expected.unit)
    return mismatch(`unit ${unit} answered in place of ${expected.unit}`);
  if (code === undefined) return undefined;
  if (code === (expected.function | EXCEPTION)) return 3;
  if (code !== expected.function) return mismatch(`function ${code} came in place of ${expected.function}`);
  if (typeof expected.dataBytes === 'function') {
    const length = expected.dataBytes(body);
    return length === -1 ? mismatch('the reply is not one to that request') : length;
  }
  if (byteCount === undefined) return undefined;
  return byteCount === expected.dataBytes
    ? 3 + byteCount
    : mismatch(`${byteCount} bytes of data came in place of ${expected.dataBytes}`);
};
