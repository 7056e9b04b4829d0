import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { upTopic } from '../../agent/wire/topics.js';
import { startBroker, type BrokerUnderTest, type Credentials } from '../fleet/broker/broker-under-test.js';
import { connectPacket, publishPacket } from '../fleet/broker/raw-mqtt.js';
import { makeRequest } from '../fleet/registry/certificate-requests.js';
import { openAuthority } from '../../fleet/registry/authority/authority.js';
import type { Attack } from './attack.js';
import { startNeighbours } from './neighbours.js';
import { createRandom, type Random } from './random.js';

/** One neighbour for ten attackers: 100 beside 1,000. */
const HOSTILE_A_NEIGHBOUR = 10;
/** Each may send 8 MiB a second, all of which this one process encrypts and decrypts. */
const FLOODERS = 4;
/** How long they flood, for each of the other connections, ms. */
const FLOOD_MS_EACH = 5;
const TELL_EVERY = 250;
/** Begun a second: more would only measure how fast this process attacks itself. */
const BEGUN_A_SECOND = 200;
/** How often each neighbour and the fleet talk. */
const EXCHANGE_MS = 500;

interface Stage {
  readonly under: BrokerUnderTest;
  /** Good certificates, of gateways that mean no good. */
  readonly thieves: readonly Credentials[];
  /** A certificate of nobody, with its key. */
  readonly forged: Pick<Credentials, 'key' | 'cert'>;
  readonly random: Random;
}

type Weapon = (stage: Stage) => Socket;

const HOST = '127.0.0.1';

const tcp = ({ under }: Stage): Socket => connectTcp({ host: HOST, port: under.broker.port });

const tls = ({ under }: Stage, who: Pick<Credentials, 'key' | 'cert'> | undefined): Socket =>
  connectTls({
    host: HOST,
    port: under.broker.port,
    ca: under.authority.rootPem,
    key: who?.key,
    cert: who?.cert,
  });

const someThief = ({ thieves, random }: Stage): Credentials => {
  const thief = thieves[random.below(thieves.length)];
  if (thief === undefined) throw new RangeError('there is a thief');
  return thief;
};

/** The beginning of a ClientHello that never goes on. */
const HALF_HELLO = Buffer.from('16030100f8010000f40303', 'hex');

const WEAPONS: Readonly<Record<string, Weapon>> = {
  'silent after TCP': tcp,
  'half-open TLS': (stage) => {
    const socket = tcp(stage);
    socket.write(HALF_HELLO);
    return socket;
  },
  'garbage in place of TLS': (stage) => {
    const socket = tcp(stage);
    socket.write(stage.random.bytes(200));
    return socket;
  },
  'silent after TLS': (stage) => tls(stage, someThief(stage)),
  'no certificate': (stage) => tls(stage, undefined),
  'forged certificate': (stage) => tls(stage, stage.forged),
  'slow CONNECT': (stage) => {
    const socket = tls(stage, someThief(stage));
    const bytes = connectPacket({ clientId: someThief(stage).gatewayId });
    let at = 0;
    const drip = setInterval(() => {
      socket.write(bytes.subarray(at, at + 1));
      at = Math.min(at + 1, bytes.length - 2);
    }, 1_000);
    socket.once('close', () => clearInterval(drip));
    return socket;
  },
  'handshake and away': (stage) => {
    const socket = tls(stage, someThief(stage));
    socket.once('secureConnect', () => socket.destroy());
    return socket;
  },
};

/** Publishes what it may as fast as it can, and never reads an answer. */
const flood: Weapon = (stage) => {
  const thief = someThief(stage);
  const socket = tls(stage, thief);
  const payload = new Uint8Array(20_000);
  socket.write(connectPacket({ clientId: thief.gatewayId }));
  const burst = (): void => {
    while (
      !socket.destroyed &&
      socket.write(publishPacket({ topic: upTopic(thief.gatewayId, 'batch'), payload }))
    );
  };
  socket.on('drain', burst);
  socket.once('secureConnect', burst);
  return socket;
};

/** A gateway's certificate of an authority that looks like ours in all but its key. */
const forgedBy = async (folder: string, victim: string): Promise<Pick<Credentials, 'key' | 'cert'>> => {
  const impostor = await openAuthority(folder, { now: Date.now });
  const { csrPem, keyPem: key } = await makeRequest();
  const { pem } = await impostor.issueGateway({ csrPem, gatewayId: victim });
  return { key, cert: pem + impostor.issuerPem };
};

const thievesOf = (under: BrokerUnderTest): Promise<Credentials[]> =>
  Promise.all(Array.from({ length: FLOODERS }, (_, n) => under.issue(`thief${String(n).padStart(11, '0')}`)));

/** Begins `count` hostile connections of every kind in turn, as fast as may be, then floods. */
const siege = async (
  stage: Stage,
  count: number,
  progress: (done: number, text: string) => void,
): Promise<Record<string, number>> => {
  const weapons = Object.entries(WEAPONS);
  const open = new Set<Socket>();
  const begin = (weapon: Weapon): void => {
    const socket = weapon(stage);
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
  };
  const startedAt = performance.now();
  let most = 0;
  for (let done = 0; done < count; done += 1) {
    const [, weapon = tcp] = weapons[done % weapons.length] ?? [];
    begin(weapon);
    most = Math.max(most, open.size);
    if (done % TELL_EVERY === 0) progress(done, `${open.size} open`);
    await new Promise((resolve) => setTimeout(resolve, 1_000 / BEGUN_A_SECOND));
  }
  // the silent ones are still there
  for (let n = 0; n < FLOODERS; n += 1) begin(flood);
  await new Promise((resolve) => setTimeout(resolve, count * FLOOD_MS_EACH));
  const seconds = (performance.now() - startedAt) / 1_000;
  for (const socket of open) socket.destroy();
  return { mostOpenAtOnce: most, siegeSeconds: Math.round(seconds) };
};

/** Whether a gateway that was not there before gets in now. */
const newcomer = async (under: BrokerUnderTest): Promise<string[]> => {
  try {
    const client = await under.connect(await under.issue('newcomer00000000'));
    await client.publishAsync(upTopic('newcomer00000000', 'hello'), 'x', { qos: 1 });
    await client.endAsync();
    return [];
  } catch (error) {
    return [`a gateway that came late was not let in: ${String(error)}`];
  }
};

/**
 * Connections that mean no good, of every kind at once: silent after TCP, half a handshake, silent after TLS, CONNECT
 * byte by byte, wrong certificates, handshakes without end, and floods of publishes by gateways whose certificates
 * are good. A tenth as many good gateways go on beside them; no session of theirs may end, no message of theirs be
 * lost. Attackers, neighbours and broker share this process, which makes it harder for the good ones.
 */
export const hostile: Attack = {
  tries: 'half-open TLS, silence, slow CONNECT, floods of handshakes and publishes, wrong certificates',
  count: 1_000,
  run: async ({ folder, count, seed, progress }) => {
    const under = await startBroker();
    try {
      const neighbours = await startNeighbours(under, Math.ceil(count / HOSTILE_A_NEIGHBOUR), EXCHANGE_MS);
      const stage: Stage = {
        under,
        thieves: await thievesOf(under),
        forged: await forgedBy(folder, neighbours.ids[0]),
        random: createRandom(seed),
      };
      const figures = await siege(stage, count, progress);
      const late = await newcomer(under);
      const left = await neighbours.leave();
      const flooded = under.told.received.filter(({ gatewayId }) => gatewayId.startsWith('thief')).length;
      return {
        faults: [...left.faults, ...late],
        figures: {
          ...figures,
          neighbours: neighbours.ids.length,
          exchangedByNeighbours: left.exchanged,
          takenFromFlooders: flooded,
          refused: under.told.refused.length,
        },
      };
    } finally {
      await under.close();
    }
  },
};
