import type { Channel } from './channel.js';

/** What a character of wrong parity becomes: no character of a protocol of 7 bits. */
export const DAMAGED = 0xff;

const isOdd = (byte: number): boolean => {
  let ones = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++;
  return ones % 2 === 1;
};

const withParity = (character: number, parity: 'even' | 'odd'): number =>
  isOdd(character & 0x7f) === (parity === 'even') ? (character & 0x7f) | 0x80 : character & 0x7f;

/**
 * Seven data bits and parity over a port that is open with eight bits and none: the same ten bits on the line, so
 * parity is made and checked here. What fails the check comes as `DAMAGED`.
 */
export const withSoftwareParity = (channel: Channel, parity: 'even' | 'odd'): Channel => ({
  ...channel,
  write: (bytes) => channel.write(bytes.map((byte) => withParity(byte, parity))),
  onData: (listener) =>
    channel.onData((bytes) =>
      listener(bytes.map((byte) => (withParity(byte, parity) === byte ? byte & 0x7f : DAMAGED))),
    ),
});
