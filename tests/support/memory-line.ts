import type { Channel } from '../../drivers/channel/channel.js';

interface End {
  hear: ((bytes: Uint8Array) => void) | undefined;
  closed: ((cause: Error | undefined) => void) | undefined;
}

const endOf = (own: End, other: End): Channel => ({
  write: async (bytes) => {
    const copy = bytes.slice();
    await Promise.resolve();
    other.hear?.(copy);
  },
  onData: (listener) => void (own.hear = listener),
  onClose: (listener) => void (own.closed = listener),
  close: async () => {
    other.closed?.(undefined);
  },
});

/** Two ends of a line in this process, which carries bytes in no time: for tests on a clock that jumps. */
export const createMemoryLine = (): readonly [Channel, Channel] => {
  const [a, b]: [End, End] = [
    { hear: undefined, closed: undefined },
    { hear: undefined, closed: undefined },
  ];
  return [endOf(a, b), endOf(b, a)];
};
