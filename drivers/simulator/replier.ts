import type { Channel } from '../channel/channel.js';
import type { SimulatorFaults } from './faults.js';
import { createRandom } from './random.js';

/** Between two pieces of a split reply: longer than a USB adapter's 16 ms. */
const SPLIT_MS = 20;

export interface Replier {
  /** Sends a reply as the faults make it. */
  reply(bytes: Uint8Array, more?: ReplyExtras): void;
}

export interface ReplyExtras {
  /** The reply as another device would give it; absent: `misaddress` of the line says. */
  readonly misaddressed?: Uint8Array;
  /** What follows it unasked, sent as it is so long after it began, ms. */
  readonly afterwards?: { readonly bytes: Uint8Array; readonly afterMs: number };
}

export interface ReplierSettings {
  readonly faults: SimulatorFaults;
  /** A reply as a bad line hands it over; absent: the line carries frames whole, and nothing between them. */
  readonly damage?: (bytes: Uint8Array) => Uint8Array;
  /** A reply as another device would give it; absent: replies bear no address, or say themselves. */
  readonly misaddress?: (bytes: Uint8Array) => Uint8Array;
}

/** Makes what sends replies on a channel: late, damaged, with stray bytes, in pieces, until the channel closes. */
export const createReplierFactory = ({
  faults,
  damage,
  misaddress,
}: ReplierSettings): ((channel: Channel) => Replier) => {
  const random = createRandom(faults.seed);
  const happens = (rate: number): boolean => rate > 0 && random() < rate;
  const spoilt = (bytes: Uint8Array, misaddressed: Uint8Array | undefined): Uint8Array => {
    const other = happens(faults.wrongUnitRate) ? (misaddressed ?? misaddress?.(bytes) ?? bytes) : bytes;
    if (damage === undefined) return other;
    const frame = happens(faults.crcRate) ? damage(other) : other;
    return happens(faults.strayRate) ? Uint8Array.of(Math.floor(random() * 256), ...frame) : frame;
  };
  return (channel) => {
    const waiting = new Set<NodeJS.Timeout>();
    // A client that has gone needs no reply.
    const write = (bytes: Uint8Array): void => void channel.write(bytes).catch(() => {});
    const send = (bytes: Uint8Array, afterMs: number): void => {
      if (bytes.length === 0) return;
      if (afterMs === 0) return write(bytes);
      const timer = setTimeout(() => {
        waiting.delete(timer);
        write(bytes);
      }, afterMs);
      waiting.add(timer);
    };
    channel.onClose(() => waiting.forEach((timer) => clearTimeout(timer)));
    return {
      reply: (bytes, { misaddressed, afterwards } = {}) => {
        const frame = spoilt(bytes, misaddressed);
        const afterMs = faults.turnaroundMs + (happens(faults.lateRate) ? faults.lateMs : 0);
        const first = happens(faults.splitRate) ? Math.ceil(frame.length / 2) : frame.length;
        send(frame.subarray(0, first), afterMs);
        send(frame.subarray(first), afterMs + SPLIT_MS);
        if (afterwards !== undefined) send(afterwards.bytes, afterMs + afterwards.afterMs);
      },
    };
  };
};
