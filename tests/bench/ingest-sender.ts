import { parentPort, workerData } from 'node:worker_threads';
import { connectAsync } from 'mqtt';
import { decodeMessage } from '#wire/message-codec.js';
import { downFilter, parseDownTopic, upTopic } from '#wire/topics.js';
import type { SealedGateway } from './ingest-gateways.js';

/** Worker entry: sends every gateway's batches, a window in flight each, until the fleet has acked them all. */

const WINDOW = 8;

interface Task {
  readonly port: number;
  readonly gateways: readonly SealedGateway[];
}

const { port, gateways } = workerData as Task;

const connectGateway = async (gateway: SealedGateway) => {
  const client = await connectAsync({
    host: '127.0.0.1',
    port,
    protocol: 'mqtt',
    clientId: gateway.id,
    clean: true,
    keepalive: 600,
    reconnectPeriod: 0,
  });
  await client.subscribeAsync(downFilter(gateway.id), { qos: 1 });
  await client.publishAsync(upTopic(gateway.id, 'directory'), Buffer.from(gateway.directory), { qos: 1 });
  return client;
};

type Client = Awaited<ReturnType<typeof connectGateway>>;

const sendAll = (client: Client, gateway: SealedGateway): Promise<void> =>
  new Promise((resolve, reject) => {
    let next = 0;
    let acked = 0;
    const topic = upTopic(gateway.id, 'batch');
    const pump = (): void => {
      while (next < gateway.batches.length && next - acked < WINDOW) {
        client.publishAsync(topic, Buffer.from(gateway.batches[next] ?? []), { qos: 1 }).catch(reject);
        next += 1;
      }
      if (acked === gateway.batches.length) resolve();
    };
    client.on('close', () => reject(new Error(`${gateway.id} was disconnected`)));
    client.on('message', (received, payload) => {
      if (parseDownTopic(received)?.kind !== 'ack') return;
      const ack = decodeMessage('ack', payload);
      if (ack.quarantined.length > 0) reject(new Error(`quarantined: ${ack.quarantined[0]?.reason}`));
      for (const [first, last] of ack.stored) acked += last - first + 1;
      pump();
    });
    pump();
  });

const clients = await Promise.all(gateways.map(connectGateway));
parentPort?.postMessage('ready');
parentPort?.once('message', () => {
  void Promise.all(gateways.map((gateway, index) => sendAll(clients[index] as Client, gateway))).then(
    async () => {
      parentPort?.postMessage('acked');
      for (const client of clients) client.removeAllListeners('close');
      await Promise.all(clients.map((client) => client.endAsync(true)));
      parentPort?.close();
    },
  );
});
