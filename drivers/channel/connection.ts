import type { Channel } from './channel.js';
import type { BusDeps, ChannelEndpoint } from '../driver.js';

const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 15_000;

export interface ConnectionListener {
  opened(): void;
  received(bytes: Uint8Array): void;
  lost(why: string): void;
}

/**
 * The channel of one line, opened when it is needed and again after it was lost. An endpoint that fails is left
 * alone for a while, longer each time, until it has given a sound reply (`confirm`).
 */
export class Connection {
  readonly #endpoint: ChannelEndpoint;
  readonly #deps: Pick<BusDeps, 'openChannel' | 'now'>;
  readonly #listener: ConnectionListener;
  #channel: Channel | undefined;
  #failures = 0;
  #notBefore = Number.NEGATIVE_INFINITY;
  #failure = '';
  #opened = 0;
  #worked = false;

  constructor(
    endpoint: ChannelEndpoint,
    deps: Pick<BusDeps, 'openChannel' | 'now'>,
    listener: ConnectionListener,
  ) {
    this.#endpoint = endpoint;
    this.#deps = deps;
    this.#listener = listener;
  }

  /** Times that the channel was opened. */
  get openings(): number {
    return this.#opened;
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  /** What the open channel would have people know. */
  get hints(): readonly string[] {
    return this.#channel?.hints ?? [];
  }

  /** Times that the channel was opened after the first. */
  get reconnects(): number {
    return Math.max(0, this.#opened - 1);
  }

  /** Gives the open channel, or why there is none. Rejects only when `signal` aborts. */
  async open(signal: AbortSignal): Promise<Channel | string> {
    if (this.#channel !== undefined) return this.#channel;
    if (this.#deps.now() < this.#notBefore) return this.#failure;
    try {
      return this.#adopt(await this.#deps.openChannel(this.#endpoint, signal));
    } catch (error) {
      signal.throwIfAborted();
      return this.#backOff(error instanceof Error ? error.message : String(error));
    }
  }

  /** The other side proved alive. */
  confirm(): void {
    this.#worked = true;
    this.#failures = 0;
  }

  /** Closes the channel; the next `open` makes another at once. */
  async drop(): Promise<void> {
    const channel = this.#channel;
    this.#channel = undefined;
    await channel?.close();
  }

  #adopt(channel: Channel): Channel {
    this.#channel = channel;
    this.#opened++;
    this.#worked = false;
    this.#listener.opened();
    channel.onData((bytes) => {
      if (this.#channel === channel) this.#listener.received(bytes);
    });
    channel.onClose((cause) => {
      if (this.#channel !== channel) return;
      this.#channel = undefined;
      const why = cause?.message ?? 'the other side closed the connection';
      // A connection that worked was cut, as gateways do with idle ones: no need to wait.
      if (!this.#worked) this.#backOff(why);
      this.#listener.lost(why);
    });
    return channel;
  }

  #backOff(why: string): string {
    this.#notBefore = this.#deps.now() + Math.min(FIRST_BACKOFF_MS * 2 ** this.#failures, MAX_BACKOFF_MS);
    this.#failures++;
    this.#failure = why;
    return why;
  }
}
