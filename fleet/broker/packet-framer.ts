import type { Fault } from './connection.js';

const CONNECT = 1;
/** PUBLISH, PUBACK, SUBSCRIBE, UNSUBSCRIBE, PINGREQ, DISCONNECT: what a client sends at QoS 1. */
const CLIENT_TYPES: ReadonlySet<number> = new Set([3, 4, 8, 10, 12, 14]);
const MAX_LENGTH_BYTES = 4;

export interface FrameLimits {
  readonly maxConnectBytes: number;
  readonly maxPacketBytes: number;
}

/**
 * Follows a client's byte stream by the fixed headers alone (MQTT 3.1.1 section 2.2), so that a packet over the
 * limit is known from its first five bytes, before anyone keeps its body. The first packet must be CONNECT.
 */
export class PacketFramer {
  readonly #limits: FrameLimits;
  #packets = 0;
  #expects: 'type' | 'length' | 'body' = 'type';
  #lengthBytes = 0;
  #remaining = 0;

  constructor(limits: FrameLimits) {
    this.#limits = limits;
  }

  /** Fixed headers read so far. */
  get packets(): number {
    return this.#packets;
  }

  /** Reads on; gives the fault in what was read, after which the stream is of no use. */
  read(chunk: Uint8Array): Fault | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#expects === 'body') {
        const taken = Math.min(this.#remaining, chunk.length - at);
        at += taken;
        this.#remaining -= taken;
        if (this.#remaining === 0) this.#expects = 'type';
        continue;
      }
      const byte = chunk[at] ?? 0;
      at += 1;
      const fault = this.#expects === 'type' ? this.#type(byte) : this.#length(byte);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #type(byte: number): Fault | undefined {
    const type = byte >> 4;
    if (this.#packets === 0 && type !== CONNECT) {
      return { code: 'malformed', detail: 'The first packet is not CONNECT.' };
    }
    if (this.#packets > 0 && !CLIENT_TYPES.has(type)) {
      return { code: 'malformed', detail: `Packet type ${type} is not a client's to send here.` };
    }
    this.#packets += 1;
    this.#expects = 'length';
    this.#lengthBytes = 0;
    this.#remaining = 0;
    return undefined;
  }

  #length(byte: number): Fault | undefined {
    this.#remaining += (byte & 0x7f) * 128 ** this.#lengthBytes;
    this.#lengthBytes += 1;
    const limit = this.#packets === 1 ? this.#limits.maxConnectBytes : this.#limits.maxPacketBytes;
    if (this.#remaining > limit) {
      return {
        code: 'packet-too-large',
        detail: `A packet of at least ${this.#remaining} bytes; the limit is ${limit}.`,
      };
    }
    if (byte < 0x80) this.#expects = this.#remaining === 0 ? 'type' : 'body';
    else if (this.#lengthBytes === MAX_LENGTH_BYTES) {
      return { code: 'malformed', detail: 'The remaining length has more than four bytes.' };
    }
    return undefined;
  }
}
