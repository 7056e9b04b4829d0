import { Duplex } from 'node:stream';
import type { Fault } from './connection.js';
import { PacketFramer } from './packet-framer.js';
import type { RateQuota } from './rate-quota.js';

/** What was written before a farewell has this long to leave, ms. */
const FAREWELL_MS = 1000;

export interface PacketGuardOptions {
  readonly socket: Duplex;
  readonly framer: PacketFramer;
  readonly quota: RateQuota;
  /** Called at most once, just before the connection is destroyed. */
  readonly onFault: (fault: Fault) => void;
}

interface Written {
  readonly chunk: Uint8Array;
}

/**
 * Stands between a socket and the broker's parser: passes bytes on only while every packet header among them is
 * within the limits, and reads the socket only while nothing says wait (parser full, store busy, quota used up).
 */
export class PacketGuard extends Duplex {
  readonly #socket: Duplex;
  readonly #framer: PacketFramer;
  readonly #quota: RateQuota;
  readonly #onFault: (fault: Fault) => void;
  #wanted = false;
  #held = false;
  #throttle: NodeJS.Timeout | undefined;

  constructor(options: PacketGuardOptions) {
    super({ readableHighWaterMark: 65_536, writableHighWaterMark: 65_536 });
    this.#socket = options.socket;
    this.#framer = options.framer;
    this.#quota = options.quota;
    this.#onFault = options.onFault;
    this.#socket.on('data', this.#received);
    this.#socket.once('end', () => this.push(null));
    // a broken line is nobody's fault: it ends the stream like any other end
    this.#socket.on('error', () => this.destroy());
    this.#socket.once('close', () => this.destroy());
    this.#socket.pause();
  }

  /** Reads no more from the socket until `false`. */
  hold(held: boolean): void {
    this.#held = held;
    this.#flow();
  }

  readonly #received = (chunk: Uint8Array): void => {
    const before = this.#framer.packets;
    const fault = this.#framer.read(chunk);
    if (fault !== undefined) {
      this.#onFault(fault);
      this.destroy(new Error(fault.detail));
      return;
    }
    const waitMs = this.#quota.take(this.#framer.packets - before, chunk.length);
    if (waitMs > 0) this.#pauseFor(waitMs);
    if (!this.push(chunk)) this.#wanted = false;
    this.#flow();
  };

  #pauseFor(waitMs: number): void {
    clearTimeout(this.#throttle);
    this.#throttle = setTimeout(() => {
      this.#throttle = undefined;
      this.#flow();
    }, waitMs);
  }

  #flow(): void {
    if (this.destroyed) return;
    if (this.#wanted && !this.#held && this.#throttle === undefined) this.#socket.resume();
    else this.#socket.pause();
  }

  override _read(): void {
    this.#wanted = true;
    this.#flow();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, done);
  }

  override _writev(chunks: readonly Written[], done: (error?: Error | null) => void): void {
    this.#socket.write(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#throttle);
    this.#socket.off('data', this.#received);
    if (error === null && this.#socket.writable) this.#farewell();
    else this.#socket.destroy();
    done(error);
  }

  /** The last words (a CONNACK that refuses, say) still go out. */
  #farewell(): void {
    const socket = this.#socket;
    const timer = setTimeout(() => socket.destroy(), FAREWELL_MS);
    socket.once('close', () => clearTimeout(timer));
    socket.end(() => socket.destroy());
  }
}
