import { WireError } from '../../agent/wire/errors.js';
import { decodeCbor } from '../../agent/wire/cbor.js';
import { parseBatch } from '../../agent/wire/batch.js';
import { decodeDirectory } from '../../agent/wire/directory-codec.js';
import { decodeMessage } from '../../agent/wire/message-codec.js';
import { startBroker, type BrokerUnderTest } from '../fleet/broker/broker-under-test.js';
import {
  connectPacket,
  packet,
  publishPacket,
  remainingLength,
  subscribePacket,
} from '../fleet/broker/raw-mqtt.js';
import type { Attack } from './attack.js';
import { say, wasAccepted, type Dial } from './hostile-connection.js';
import { hostileCbor } from './hostile-cbor.js';
import { startNeighbours } from './neighbours.js';
import { createRandom, type Random } from './random.js';

const SPEAKERS = 8;
const NEIGHBOURS = 2;
/** Messages of CBOR for one connection of MQTT: the decoder takes microseconds, a handshake milliseconds. */
const CBOR_A_TURN = 100;
const TELL_EVERY = 200;
/** Longer than this for one message, and it holds up every gateway. */
const SLOW_MS = 1_000;

/** A good packet with something wrong in it, or bytes that never were one. */
const hostilePacket = (random: Random, id: string): Buffer => {
  const good = random.pick([
    connectPacket({ clientId: id }),
    publishPacket({ topic: `terroir/1/${id}/down/ack`, payload: random.bytes(random.below(60)) }),
    subscribePacket(`terroir/1/${id}/down/+`, 2),
    packet(0xa2, Buffer.of(0, 1), Buffer.of(0, 200)),
    packet(0x40, Buffer.of(0, 1)),
  ]);
  switch (random.below(7)) {
    case 0:
      return random.bytes(1 + random.below(300));
    case 1:
      good[random.below(good.length)] = random.below(256);
      return good;
    case 2:
      return good.subarray(0, random.below(good.length));
    case 3:
      return Buffer.concat([
        Buffer.of(random.below(256)),
        remainingLength(random.below(2 ** 28)),
        random.bytes(50),
      ]);
    case 4:
      return Buffer.concat([Buffer.of(random.below(256)), Buffer.alloc(1 + random.below(8), 0xff)]);
    case 5:
      return Buffer.concat(Array.from({ length: 1 + random.below(50) }, () => good));
    default:
      return packet(random.below(256), random.bytes(random.below(80)));
  }
};

const DECODERS: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
  ['CBOR', decodeCbor],
  ['a batch', parseBatch],
  ['a directory', decodeDirectory],
  ['a hello', (bytes) => decodeMessage('hello', bytes)],
  ['a status', (bytes) => decodeMessage('status', bytes)],
  ['a health', (bytes) => decodeMessage('health', bytes)],
  ['a result', (bytes) => decodeMessage('result', bytes)],
];

/** What a decoder does with hostile bytes that it may not: throw anything but `WireError`, or think for long. */
const decoderFaults = (bytes: Uint8Array): string[] =>
  DECODERS.flatMap(([name, decode]) => {
    const startedAt = performance.now();
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) return [`${String(error)} from ${hexOf(bytes)} as ${name}`];
    }
    const tookMs = performance.now() - startedAt;
    return tookMs > SLOW_MS ? [`${Math.round(tookMs)} ms for ${bytes.length} bytes as ${name}`] : [];
  });

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 64)).toString('hex');

const dialOf = async (under: BrokerUnderTest, id: string): Promise<Dial> => {
  const { key, cert } = await under.issue(id);
  return { port: under.broker.port, ca: under.authority.rootPem, key, cert };
};

/**
 * Packets that are no MQTT, before and after a good CONNECT, and bodies that are no CBOR (deep, huge, cut short,
 * duplicate keys, indefinite lengths) for every decoder that the fleet has at its door, for a bounded time. Nothing
 * may crash, think for long or be taken; no neighbour's session may end.
 */
export const malformed: Attack = {
  tries: 'broken MQTT packets and broken CBOR',
  count: 1_000_000,
  seconds: 60,
  run: async ({ count, seconds, seed, progress }) => {
    const under = await startBroker({ limits: { connectTimeoutMs: 1_000 } });
    try {
      const neighbours = await startNeighbours(under, NEIGHBOURS);
      const until = performance.now() + seconds * 1_000;
      const faults: string[] = [];
      const figures = { connections: 0, bodies: 0 };
      const speak = async (n: number): Promise<void> => {
        const random = createRandom(seed + n * 7_919);
        const id = `speaker${String(n).padStart(9, '0')}`;
        const dial = await dialOf(under, id);
        while (performance.now() < until && figures.connections < count) {
          figures.connections += 1;
          if (figures.connections % TELL_EVERY === 0)
            progress(figures.connections, `${faults.length} faults`);
          const broken = hostilePacket(random, id);
          const heard =
            random.below(2) === 0
              ? await say(dial, broken, undefined, PATIENCE_MS)
              : await say(
                  dial,
                  Buffer.concat([connectPacket({ clientId: id, keepalive: 1 }), broken]),
                  undefined,
                  PATIENCE_MS,
                );
          if (!heard.ended) faults.push(`left connected after ${hexOf(broken)}`);
          if (heard.bytes.includes(neighbours.secret))
            faults.push(`heard a neighbour after ${hexOf(broken)}`);
          if (heard.bytes.length > 4 && !wasAccepted(heard))
            faults.push(`was answered ${hexOf(heard.bytes)}`);
          for (let turn = 0; turn < CBOR_A_TURN; turn += 1)
            faults.push(...decoderFaults(hostileCbor(random)));
          figures.bodies += CBOR_A_TURN;
        }
      };
      await Promise.all(Array.from({ length: SPEAKERS }, (_, n) => speak(n)));
      const left = await neighbours.leave();
      return {
        faults: [...faults, ...left.faults],
        figures: { ...figures, exchangedByNeighbours: left.exchanged },
      };
    } finally {
      await under.close();
    }
  },
};

/** A keepalive of one second, a CONNECT that never comes, and a machine that is busy. */
const PATIENCE_MS = 60_000;
