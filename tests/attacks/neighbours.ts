import type { MqttClient } from 'mqtt';
import { downFilter, downTopic, upTopic } from '../../agent/wire/topics.js';
import type { BrokerUnderTest } from '../fleet/broker/broker-under-test.js';
import { eventually } from '../support/eventually.js';

const PATIENCE_MS = 60_000;

/** Gateways that do nothing wrong while others attack: each speaks, and is spoken to, all the time. */
export interface Neighbours {
  readonly ids: readonly [string, ...string[]];
  /** In every message to a neighbour, and in none to anybody else. */
  readonly secret: Buffer;
  /** Stops them; gives what went wrong with them, and how many messages came through both ways. */
  leave(): Promise<{ readonly faults: readonly string[]; readonly exchanged: number }>;
}

interface Neighbour {
  readonly id: string;
  readonly client: MqttClient;
  sent: number;
  acknowledged: number;
  told: number;
  heard: number;
}

/** Connects `count` gateways that exchange messages with the fleet, each so often, until they leave. */
export const startNeighbours = async (
  under: BrokerUnderTest,
  count: number,
  everyMs = 50,
): Promise<Neighbours> => {
  const secret = Buffer.from('for the neighbour alone');
  const faults: string[] = [];
  const [first = 'neighbour0000000', ...more] = Array.from(
    { length: count },
    (_, n) => `neighbour${String(n).padStart(7, '0')}`,
  );
  const ids = [first, ...more] as const;
  const open = async (id: string): Promise<Neighbour> => {
    const client = await under.connect(await under.issue(id));
    const neighbour = { id, client, sent: 0, acknowledged: 0, told: 0, heard: 0 };
    client.on('message', (topic, payload) => {
      if (topic !== downTopic(id, 'command') || !payload.includes(secret))
        faults.push(`${id} was told something on ${topic} that the fleet did not say`);
      neighbour.heard += 1;
    });
    await client.subscribeAsync(downFilter(id), { qos: 1 });
    client.once('close', () => faults.push(`the session of ${id} was ended`));
    return neighbour;
  };
  const all = await Promise.all(ids.map(open));
  const timer = setInterval(() => {
    for (const neighbour of all) exchange(under, neighbour, secret);
  }, everyMs);
  return {
    ids,
    secret,
    leave: async () => {
      clearInterval(timer);
      const settled = (): boolean =>
        all.every((one) => one.acknowledged === one.sent && one.heard === one.told);
      await eventually(settled, PATIENCE_MS).catch(() => faults.push('a neighbour waits in vain'));
      const told = [...faults];
      for (const { client } of all) client.removeAllListeners('close').end(true);
      return {
        faults: told,
        exchanged: all.reduce((sum, { heard, acknowledged }) => sum + heard + acknowledged, 0),
      };
    },
  };
};

const exchange = (under: BrokerUnderTest, neighbour: Neighbour, secret: Buffer): void => {
  const { id, client } = neighbour;
  neighbour.sent += 1;
  client.publish(upTopic(id, 'health'), Buffer.concat([secret, Buffer.from(id)]), { qos: 1 }, (error) => {
    if (!error) neighbour.acknowledged += 1;
  });
  if (!under.broker.connected(id)) return;
  neighbour.told += 1;
  void under.broker.publish(id, 'command', Buffer.concat([secret, Buffer.from(id)]));
};
