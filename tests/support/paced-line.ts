import type { Channel } from '../../drivers/channel/channel.js';
import { withCrc } from '../../drivers/modbus/crc16.js';

/** When things happen: real timers, or a clock that is moved. */
export interface LineClock {
  /** Monotonic ms. */
  now(): number;
  /** Calls back at a monotonic time, or at once where that has passed. */
  at(time: number, callback: () => void): void;
}

/** A request as it stands on the line. */
export interface SeenRequest {
  readonly unit: number;
  readonly function: number;
  readonly address: number;
  readonly count: number;
}

/** What the line does with one reply: bytes and the time between the request's end and them, beside the usual. */
export interface PacedReply {
  readonly frame: Uint8Array;
  readonly extraMs?: number;
  /** Bytes are handed over in pieces of so many. */
  readonly piece?: number;
  /** The adapter holds each further piece back so long, ms. */
  readonly heldMs?: number;
}

export interface PacedLineSettings {
  readonly characterMs: number;
  readonly turnaroundMs: number;
  readonly clock: LineClock;
  /** What the unit answers; `undefined`: nothing. */
  readonly answer: (request: SeenRequest) => PacedReply | undefined;
}

/** Characters after which a USB adapter hands over what it has, while more comes. */
const PIECE = 62;
/** Silence that ends a frame, characters (Modbus over Serial Line 1.02, 2.5.1.1). */
const GAP_CHARACTERS = 3.5;

/** The reply that holds these registers. */
export const registersReply = ({ unit, function: code }: SeenRequest, data: Uint8Array): Uint8Array =>
  withCrc(Uint8Array.of(unit, code, data.length, ...data));

/**
 * A half-duplex serial line with units on it, in this process: each character takes its time, a unit answers
 * `turnaroundMs` after the silence that ends a request, and a write ends when its last character has left.
 */
export const createPacedLine = ({ characterMs, turnaroundMs, clock, answer }: PacedLineSettings): Channel => {
  let hear: ((bytes: Uint8Array) => void) | undefined;
  const deliver = ({ frame, piece = PIECE, heldMs = 0 }: PacedReply, from: number): void => {
    for (let start = 0; start < frame.length; start += piece) {
      const bytes = frame.slice(start, start + piece);
      const held = (start / piece) * heldMs;
      clock.at(from + held + (start + bytes.length) * characterMs, () => hear?.(bytes));
    }
  };
  return {
    write: (frame) =>
      new Promise((resolve) => {
        const sent = clock.now() + frame.length * characterMs;
        const { buffer, byteOffset } = frame;
        const view = new DataView(buffer, byteOffset);
        const request = {
          unit: view.getUint8(0),
          function: view.getUint8(1),
          address: view.getUint16(2),
          count: view.getUint16(4),
        };
        const reply = answer(request);
        clock.at(sent, resolve);
        if (reply === undefined) return;
        deliver(reply, sent + GAP_CHARACTERS * characterMs + turnaroundMs + (reply.extraMs ?? 0));
      }),
    onData: (listener) => (hear = listener),
    onClose: () => {},
    close: () => Promise.resolve(),
  };
};

/** Real time; a timer that fires up to a millisecond late, as Node's do. */
export const realClock: LineClock = {
  now: () => performance.now(),
  at: (time, callback) => void setTimeout(callback, Math.max(0, time - performance.now())),
};

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that jumps from one thing to the next. */
export class JumpingClock implements LineClock {
  #now = 0;
  #order = 0;
  #entries: Entry[] = [];

  now(): number {
    return this.#now;
  }

  at(due: number, callback: () => void): () => void {
    const entry = { due, order: this.#order++, callback };
    this.#entries.push(entry);
    return () => (this.#entries = this.#entries.filter((other) => other !== entry));
  }

  readonly delay = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const abort = (): void => {
        forget();
        reject(signal?.reason);
      };
      const forget = this.at(this.#now + ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      });
      signal?.addEventListener('abort', abort, { once: true });
    });

  /** Runs until `done` has settled. */
  async runUntil<T>(done: Promise<T>): Promise<T> {
    let ended = false;
    const end = (): void => void (ended = true);
    done.then(end, end);
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      if (ended) return done;
      const [first, ...others] = this.#entries;
      if (first === undefined) continue;
      const next = others.reduce(
        (least, entry) =>
          entry.due < least.due || (entry.due === least.due && entry.order < least.order) ? entry : least,
        first,
      );
      this.#entries = this.#entries.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.due);
      next.callback();
    }
  }
}
