import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createServer } from 'node:tls';
import { createDoor } from '../../fleet/log/door.js';
import { startBroker, type BrokerUnderTest, type Credentials } from '../fleet/broker/broker-under-test.js';
import { eventually } from '../support/eventually.js';
import { makeRequest } from '../fleet/registry/certificate-requests.js';
import { statusKb } from './process-figures.js';
import { createRandom, sealGateway } from './ingest-gateways.js';
import type { TrustOrder } from './trust-clients.js';

const HANDSHAKES = 1_000;
const BATCHES = 500;
/** Gateways that connect again and again. */
const GATEWAYS = 16;
/** Enough for the memory of one to be told from what the process takes anyway. */
const IDLE = 2_000;
const PATIENCE_MS = 60_000;
const GIGABYTE_KB = 1024 * 1024;

/**
 * What trust costs. `handshakesPerSecond`: mutual TLS to the embedded broker until CONNACK, gateways and broker
 * each with a process of their own; `bareHandshakesPerSecond`: the same clients to node:tls alone, the same run.
 * `verifyPerSecond`: batches (1,000 readings) through the door's own code on one core, header, signature and body
 * hash, stored nowhere; `bareVerifyPerSecond`: node:crypto's verify and SHA-256 of the same bytes and nothing else.
 * `idleConnections`: how many open sessions 1 GB would hold, extrapolated from the growth of the broker's process
 * by `IDLE` of them (`bytesPerConnection`); descriptors and the limit of the listener come first or later.
 */
export const run = async (): Promise<Record<string, number>> => {
  const under = await startBroker();
  try {
    const gateways = await issueMany(under, 'gateway', GATEWAYS);
    const verified = await measureVerify(await under.issue('gwaaaaaaaaaaaaaa'));
    const bare = await measureBareHandshakes(under, gateways);
    const order = orderFor(under, gateways);
    const { perSecond: handshakesPerSecond } = await clients({ ...order, count: HANDSHAKES });
    return { handshakesPerSecond, ...bare, ...verified, ...(await measureIdle(under)) };
  } finally {
    await under.close();
  }
};

/** Gateways that share a key, which costs the time of none of them. */
const issueMany = async (
  under: BrokerUnderTest,
  name: string,
  count: number,
): Promise<readonly Credentials[]> => {
  const { csrPem, keyPem: key } = await makeRequest();
  const issued: Credentials[] = [];
  for (let n = 0; n < count; n += 1) {
    const gatewayId = name + String(n).padStart(9, '0');
    const { pem, thumbprint } = await under.authority.issueGateway({ csrPem, gatewayId });
    under.admitted.set(thumbprint, gatewayId);
    issued.push({ gatewayId, key, cert: pem + under.authority.issuerPem, thumbprint });
  }
  return issued;
};

const orderFor = (under: BrokerUnderTest, who: readonly Credentials[]): Omit<TrustOrder, 'count'> => ({
  port: under.broker.port,
  ca: under.authority.rootPem,
  who,
  mqtt: true,
  stay: false,
});

const perSecond = async (count: number, work: () => Promise<unknown>): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return count / ((performance.now() - startedAt) / 1_000);
};

/** Runs the clients in a process of their own until all are through. */
const clients = async (
  order: TrustOrder,
): Promise<{ readonly perSecond: number; readonly end: () => Promise<void> }> => {
  const child = fork(fileURLToPath(new URL('trust-clients.js', import.meta.url)));
  child.send(order);
  const [said] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as unknown[];
  if (typeof said !== 'number' || said <= 0) throw new Error(`the clients ended: ${String(said)}`);
  const end = async (): Promise<void> => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  if (!order.stay) await end();
  return { perSecond: order.count / said, end };
};

const measureBareHandshakes = async (
  under: BrokerUnderTest,
  gateways: readonly Credentials[],
): Promise<{ bareHandshakesPerSecond: number }> => {
  const own = await under.authority.issueServer({ names: ['127.0.0.1'] });
  const ca = under.authority.rootPem;
  const server = createServer(
    { key: own.keyPem, cert: own.certificatePem, ca, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      socket.on('error', () => undefined);
      // any byte, so that the client knows that its certificate was accepted
      socket.once('data', () => socket.end('x'));
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a TCP server has a port');
  const order = { ...orderFor(under, gateways), port: address.port, mqtt: false };
  const { perSecond: bareHandshakesPerSecond } = await clients({ ...order, count: HANDSHAKES });
  server.close();
  return { bareHandshakesPerSecond };
};

const measureIdle = async (under: BrokerUnderTest): Promise<Record<string, number>> => {
  const who = await issueMany(under, 'idlegateway', IDLE);
  const before = statusKb(process.pid, 'VmRSS');
  const { end } = await clients({ ...orderFor(under, who), count: IDLE, stay: true });
  await eventually(() => who.every(({ gatewayId }) => under.broker.connected(gatewayId)), PATIENCE_MS);
  const grownKb = statusKb(process.pid, 'VmRSS') - before;
  const held = who.filter(({ gatewayId }) => under.broker.connected(gatewayId)).length;
  await end();
  const bytesPerConnection = (grownKb * 1024) / held;
  return {
    idleConnections: Math.floor((GIGABYTE_KB * 1024) / bytesPerConnection),
    bytesPerConnection,
    heldInThisRun: held,
  };
};

const measureVerify = async ({ gatewayId, key, cert }: Credentials): Promise<Record<string, number>> => {
  const privateKey = createPrivateKey(key);
  const publicKey = createPublicKey(key);
  const gateway = { id: gatewayId, certificatePem: cert, privateKeyPem: key };
  const { batches } = sealGateway(1, gateway, BATCHES, createRandom(7));
  let stored = 0;
  const door = createDoor({
    appender: {
      append: async (item) => {
        if (item.type !== 'batch' || item.refused !== undefined) throw new Error(`refused: ${item.type}`);
        stored += 1;
        return 'stored';
      },
      waiting: () => 0,
    },
    publicKey: () => publicKey,
    acknowledge: () => undefined,
    outcome: () => undefined,
    stored: () => undefined,
  });
  const verifyPerSecond = await perSecond(BATCHES, async () => {
    for (const message of batches) await door.batch(gatewayId, message, 0);
  });
  if (stored !== BATCHES) throw new Error(`${stored} of ${BATCHES} batches came through the door`);
  const samples = batches.map((message) => ({
    message,
    signature: sign('sha256', message.subarray(0, 200), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  }));
  const bareVerifyPerSecond = await perSecond(BATCHES, async () => {
    for (const { message, signature } of samples) {
      createHash('sha256').update(message).digest();
      verify('sha256', message.subarray(0, 200), { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature);
    }
  });
  return { verifyPerSecond, bareVerifyPerSecond };
};
