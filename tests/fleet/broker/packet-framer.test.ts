import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketFramer } from '../../../fleet/broker/packet-framer.js';
import {
  connectPacket,
  DISCONNECT,
  PINGREQ,
  publishPacket,
  remainingLength,
  subscribePacket,
} from './raw-mqtt.js';

const LIMITS = { maxConnectBytes: 200, maxPacketBytes: 5000 };
const CONNECT = connectPacket({ clientId: 'gwaaaaaaaaaaaaaa' });

const clientPacket = fc.oneof(
  fc.uint8Array({ maxLength: 4000 }).map((payload) => publishPacket({ topic: 'a/b', payload })),
  fc.string({ maxLength: 100 }).map((topic) => subscribePacket(topic)),
  fc.constantFrom(PINGREQ, DISCONNECT),
);

/** Cuts `bytes` at the given places, each a share of what is left. */
const cut = (bytes: Buffer, shares: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  let rest = bytes;
  for (const share of shares) {
    const at = Math.floor(rest.length * share);
    chunks.push(rest.subarray(0, at));
    rest = rest.subarray(at);
  }
  return [...chunks, rest];
};
const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 12 });

it('finds every packet of a good stream, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(clientPacket, { maxLength: 12 }), shares, (packets, at) => {
      const framer = new PacketFramer(LIMITS);
      for (const chunk of cut(Buffer.concat([CONNECT, ...packets]), at)) {
        expect(framer.read(chunk)).toBeUndefined();
      }
      expect(framer.packets).toBe(packets.length + 1);
    }),
  );
});

it('knows a packet over the limit from its header, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.array(clientPacket, { maxLength: 5 }),
      fc.integer({ min: 5001, max: 268_435_455 }),
      shares,
      (packets, length, at) => {
        const stream = Buffer.concat([CONNECT, ...packets, Buffer.of(0x32), remainingLength(length)]);
        const framer = new PacketFramer(LIMITS);
        const faults = cut(stream, at).map((chunk) => framer.read(chunk));
        expect(faults.find((fault) => fault !== undefined)?.code).toBe('packet-too-large');
      },
    ),
  );
});

const verdictOn = (length: number): string | undefined => {
  const framer = new PacketFramer(LIMITS);
  framer.read(CONNECT);
  return framer.read(Buffer.concat([Buffer.of(0x32), remainingLength(length)]))?.code;
};

it('accepts exactly what the limit says', () => {
  expect(verdictOn(5000)).toBeUndefined();
  expect(verdictOn(5001)).toBe('packet-too-large');
});

it('never throws, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (chunks) => {
      const framer = new PacketFramer(LIMITS);
      for (const chunk of chunks) if (framer.read(chunk) !== undefined) break;
    }),
  );
});

const codeOf = (...chunks: readonly Uint8Array[]): string | undefined => {
  const framer = new PacketFramer(LIMITS);
  return chunks.map((chunk) => framer.read(chunk)).find((fault) => fault !== undefined)?.code;
};

describe('refuses', () => {
  it('another packet before CONNECT', () => {
    for (const first of [
      PINGREQ,
      publishPacket({ topic: 'a' }),
      Buffer.from('GET / HTTP/1.1\r\n'),
      Buffer.of(0),
    ]) {
      expect(codeOf(first)).toBe('malformed');
    }
  });

  it('a CONNECT over its own, smaller limit', () => {
    expect(codeOf(connectPacket({ clientId: 'x'.repeat(300) }))).toBe('packet-too-large');
  });

  it('a second CONNECT, packets of a server and those of QoS 2', () => {
    for (const type of [0, 1, 2, 5, 6, 7, 9, 11, 13, 15]) {
      expect(codeOf(CONNECT, Buffer.of(type << 4, 0))).toBe('malformed');
    }
  });

  it('a length of more than four bytes', () => {
    expect(codeOf(CONNECT, Buffer.of(0x30, 0x80, 0x80, 0x80, 0x80))).toBe('malformed');
  });
});
