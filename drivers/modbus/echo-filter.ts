import { concat, type Arrival, type Framing } from './framing.js';

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, index) => bytes[index] === byte);

/**
 * Drops the echo of each request, on lines whose adapter hears what it sends. Whether it does shows at the first
 * reply after each opening; until then a reply that is byte for byte its request (as to function 5, 6 or 8) would
 * be taken for an echo, so such a request must not be the first: see `knowsEcho`.
 */
export interface EchoFilter extends Framing {
  readonly echoes: number;
  /** Whether it is known if this line echoes. */
  knowsEcho(): boolean;
}

export const createEchoFilter = (inner: Framing): EchoFilter => {
  let line: 'unknown' | 'echoes' | 'silent' = 'unknown';
  let echoes = 0;
  /** The request whose echo may still come, and what came of it. */
  let sent: Uint8Array | undefined;
  let held: Uint8Array = new Uint8Array();
  const release = () => {
    sent = undefined;
    held = new Uint8Array();
  };

  const hear = (bytes: Uint8Array): readonly Arrival[] => {
    const arrivals = inner.receive(bytes);
    if (line === 'unknown' && arrivals.some(({ kind }) => kind === 'reply')) line = 'silent';
    return arrivals;
  };

  return {
    matchesReplies: inner.matchesReplies,
    gapMs: inner.gapMs,
    get echoes() {
      return echoes;
    },
    knowsEcho: () => line !== 'unknown',
    send: (request, expectation) => {
      const bytes = inner.send(request, expectation);
      held = new Uint8Array();
      sent = line === 'silent' ? undefined : bytes;
      return bytes;
    },
    receive: (bytes) => {
      if (sent === undefined) return hear(bytes);
      held = concat(held, bytes);
      const whole = held;
      if (!startsWith(whole, sent.subarray(0, whole.length))) {
        release();
        return hear(whole);
      }
      if (whole.length < sent.length) return [];
      const rest = whole.subarray(sent.length);
      release();
      echoes++;
      line = 'echoes';
      return rest.length === 0 ? [] : hear(rest);
    },
    abandon: () => {
      release();
      inner.abandon();
    },
    reset: () => {
      line = 'unknown';
      release();
      inner.reset();
    },
  };
};
