import { downFilter, parseUpTopic, upTopic } from '../../agent/wire/topics.js';
import { startBroker, type BrokerUnderTest, type Credentials } from '../fleet/broker/broker-under-test.js';
import { connectPacket, publishPacket, subscribePacket } from '../fleet/broker/raw-mqtt.js';
import { makeRequest } from '../fleet/registry/certificate-requests.js';
import type { Attack } from './attack.js';
import { say, wasAccepted, type Dial, type Heard } from './hostile-connection.js';
import { hostileName } from './hostile-names.js';
import { startNeighbours, type Neighbours } from './neighbours.js';
import { createRandom } from './random.js';

const NEIGHBOURS = 3;
/** Attackers at once; each is a gateway of its own, since a gateway has one session. */
const ATTACKERS = 16;
const TELL_EVERY = 500;

type Name = string | Uint8Array;

interface Attacker {
  readonly id: string;
  readonly dial: Dial;
}

/** One place where a name can be put, and how a broker answers that holds. */
interface Door {
  readonly place: string;
  /** Whether the rules allow this name here. */
  allows(name: Name, attacker: Attacker): boolean;
  /** `undefined`: no such certificate can be had. */
  knock(name: Name, attacker: Attacker): Promise<Heard | undefined>;
  /** Whether CONNECT itself is innocent here. */
  readonly opens: boolean;
}

const connect = (id: Name): Buffer => connectPacket({ clientId: id });
const textOf = (name: Name): string =>
  typeof name === 'string' ? name : Buffer.from(name).toString('latin1');

const doorsOf = (foreign: (name: Name) => Promise<Dial | undefined>): readonly Door[] => [
  {
    place: 'client id',
    opens: false,
    allows: (name, { id }) => name === id,
    knock: (name, { dial }) => say(dial, connect(name)),
  },
  {
    place: 'certificate',
    opens: false,
    allows: () => false,
    knock: async (name) => {
      const dial = await foreign(name);
      return dial === undefined ? undefined : say(dial, connect(name));
    },
  },
  {
    place: 'topic',
    opens: true,
    allows: (name, { id }) => parseUpTopic(textOf(name))?.gatewayId === id,
    knock: (name, { id, dial }) => say(dial, connect(id), publishPacket({ topic: name })),
  },
  {
    place: 'subscription',
    opens: true,
    allows: (name, { id }) => name === downFilter(id),
    knock: (name, { id, dial }) => say(dial, connect(id), subscribePacket(name)),
  },
  {
    place: 'will',
    opens: false,
    allows: (name, { id }) => name === upTopic(id, 'status'),
    knock: (name, { id, dial }) => say(dial, connectPacket({ clientId: id, will: { topic: name } })),
  },
];

/** Why an answer breaks a promise; nothing but a CONNACK may ever come back. */
const faultIn = (heard: Heard, door: Door, secret: Buffer): string | undefined => {
  if (heard.bytes.includes(secret)) return 'heard what was for a neighbour';
  if (!heard.ended) return 'was left connected';
  if (!door.opens && wasAccepted(heard)) return 'was let in';
  if (heard.bytes.length > 4) return `was answered ${heard.bytes.subarray(4, 20).toString('hex')}`;
  return undefined;
};

const dialOf = (under: BrokerUnderTest, { key, cert }: Pick<Credentials, 'key' | 'cert'>): Dial => ({
  port: under.broker.port,
  ca: under.authority.rootPem,
  key,
  cert,
});

/** A certificate of the fleet's own authority under any name, as if it had been tricked; not in the registry. */
const trickedAuthority = async (
  under: BrokerUnderTest,
): Promise<(name: Name) => Promise<Dial | undefined>> => {
  const { csrPem, keyPem } = await makeRequest();
  return async (name) => {
    try {
      const { pem } = await under.authority.issueGateway({ csrPem, gatewayId: textOf(name) });
      return dialOf(under, { key: keyPem, cert: pem + under.authority.issuerPem });
    } catch {
      // a name that no certificate can carry
      return undefined;
    }
  };
};

const attackersOf = (under: BrokerUnderTest): Promise<Attacker[]> =>
  Promise.all(
    Array.from({ length: ATTACKERS }, async (_, n) => {
      const id = `attacker${String(n).padStart(8, '0')}`;
      return { id, dial: dialOf(under, await under.issue(id)) };
    }),
  );

/** What the fleet was told that no neighbour said. */
const strangers = (under: BrokerUnderTest, { ids, secret }: Neighbours): string[] =>
  under.told.received
    .filter(
      ({ gatewayId, kind, payload }) =>
        kind !== 'health' ||
        !ids.includes(gatewayId) ||
        !Buffer.from(payload).equals(Buffer.concat([secret, Buffer.from(gatewayId)])),
    )
    .map(({ gatewayId, kind }) => `the fleet took a ${kind} as of ${gatewayId}`);

/**
 * Hostile names as client id, in a certificate, as topic, subscription and will, in turn, each by a gateway whose
 * own certificate is good. Nothing may reach the fleet or a neighbour, nothing but a refusal may come back, and no
 * neighbour's session may end.
 */
export const ids: Attack = {
  tries: '+, #, $SYS, a/b, .., empty, NUL, look-alikes, __proto__ as ids and topics',
  count: 10_000,
  run: async ({ count, seed, progress }) => {
    const under = await startBroker();
    try {
      const neighbours = await startNeighbours(under, NEIGHBOURS);
      const attackers = await attackersOf(under);
      const doors = doorsOf(await trickedAuthority(under));
      const random = createRandom(seed);
      const faults: string[] = [];
      const figures = { allowed: 0, unissuable: 0 };
      let done = 0;
      const knock = async (door: Door, attacker: Attacker): Promise<void> => {
        const name = hostileName(random, [...neighbours.ids, attacker.id]);
        if (door.allows(name, attacker)) {
          figures.allowed += 1;
          return;
        }
        const heard = await door.knock(name, attacker);
        if (heard === undefined) figures.unissuable += 1;
        const fault = heard === undefined ? undefined : faultIn(heard, door, neighbours.secret);
        if (fault !== undefined) faults.push(`${JSON.stringify(textOf(name))} as ${door.place}: ${fault}`);
      };
      const work = async (attacker: Attacker): Promise<void> => {
        while (done < count) {
          done += 1;
          if (done % TELL_EVERY === 0) progress(done, `${faults.length} faults`);
          const door = doors[done % doors.length];
          if (door !== undefined) await knock(door, attacker);
        }
      };
      await Promise.all(attackers.map(work));
      const left = await neighbours.leave();
      return {
        faults: [...faults, ...strangers(under, neighbours), ...left.faults],
        figures: { ...figures, exchangedByNeighbours: left.exchanged },
      };
    } finally {
      await under.close();
    }
  },
};
