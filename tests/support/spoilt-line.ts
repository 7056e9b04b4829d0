import type { Channel } from '../../drivers/channel/channel.js';
import { ChannelError } from '../../drivers/channel/channel-error.js';

/** What a bad line makes of bytes that a device sends: pieces, in this order. */
export type Spoil = (bytes: Uint8Array) => readonly Uint8Array[];

export const UNSPOILT: Spoil = (bytes) => [bytes];

/** A line of this process between a bus and what serves its device, which can be spoilt and pulled. */
export interface SpoiltLine {
  /** Opens the line, as often as it is asked; fails while it is pulled. */
  open(): Promise<Channel>;
  spoil(how: Spoil): void;
  /** Sends bytes that no device sent. */
  inject(bytes: Uint8Array): void;
  /** The adapter is gone, until it is plugged in again. */
  pull(): void;
  plug(): void;
}

type Hear = (bytes: Uint8Array) => void;

interface Plugged {
  hear: Hear;
  lost: (cause: Error | undefined) => void;
  readonly end: () => void;
}

/** `serve` is given the device's end each time the line is opened. */
export const createSpoiltLine = (serve: (channel: Channel) => void): SpoiltLine => {
  let how = UNSPOILT;
  let pulled = false;
  let plugged: Plugged | undefined;

  const deliver = (to: Plugged, bytes: Uint8Array): void => {
    if (to === plugged && bytes.length > 0) to.hear(bytes);
  };

  const open = (): Channel => {
    const device: { hear: Hear; closed: () => void } = { hear: () => {}, closed: () => {} };
    const own: Plugged = { hear: () => {}, lost: () => {}, end: () => device.closed() };
    plugged = own;
    serve({
      write: async (bytes) => {
        await Promise.resolve();
        for (const piece of how(bytes)) deliver(own, piece.slice());
      },
      onData: (listener) => void (device.hear = listener),
      onClose: (listener) => void (device.closed = () => listener(undefined)),
      close: async () => {},
    });
    return {
      write: async (bytes) => {
        if (plugged !== own) throw new ChannelError('closed', 'the adapter is gone');
        const copy = bytes.slice();
        await Promise.resolve();
        device.hear(copy);
      },
      onData: (listener) => void (own.hear = listener),
      onClose: (listener) => void (own.lost = listener),
      close: async () => {
        if (plugged === own) plugged = undefined;
        device.closed();
      },
    };
  };

  return {
    open: async () => {
      if (pulled) throw new ChannelError('unreachable', 'there is no such port');
      return open();
    },
    spoil: (next) => void (how = next),
    inject: (bytes) => plugged?.hear(bytes.slice()),
    pull: () => {
      const before = plugged;
      pulled = true;
      plugged = undefined;
      before?.end();
      before?.lost(new ChannelError('closed', 'the adapter is gone'));
    },
    plug: () => void (pulled = false),
  };
};
