import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type SecureVersion, type TLSSocket } from 'node:tls';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Broker, BrokerEvents, Upstream } from '../../../fleet/broker/broker.js';
import { createEmbeddedBroker } from '../../../fleet/broker/embedded-broker.js';
import { DEFAULT_LIMITS, type BrokerLimits } from '../../../fleet/broker/limits.js';
import { mutualTlsListener } from '../../../fleet/broker/mutual-tls-listener.js';
import { openAuthority, type Authority } from '../../../fleet/registry/authority/authority.js';
import { eventually } from '../../support/eventually.js';
import { makeRequest } from '../registry/certificate-requests.js';
import { connectPacket } from './raw-mqtt.js';

const HOST = '127.0.0.1';
export const PATIENCE_MS = 10_000;

export interface Credentials {
  readonly gatewayId: string;
  readonly key: string;
  readonly cert: string;
  readonly thumbprint: string;
}

type RefusedFault = Parameters<BrokerEvents['refused']>[0];

/** Whatever the broker told the fleet, in order. */
export interface Told {
  readonly received: Upstream[];
  readonly sessions: string[];
  readonly refused: RefusedFault[];
  readonly errors: string[];
}

export interface BrokerUnderTest {
  readonly broker: Broker;
  readonly authority: Authority;
  readonly told: Told;
  /** The same authority on another day. */
  authorityAt(time: number): Promise<Authority>;
  /** Certificates issued so far are admitted; remove one to revoke it. */
  readonly admitted: Map<string, string>;
  issue(gatewayId: string, authority?: Authority): Promise<Credentials>;
  connect(credentials: Credentials, options?: IClientOptions): Promise<MqttClient>;
  /** A TLS connection that speaks for itself. */
  raw(credentials?: Pick<Credentials, 'key' | 'cert'>, version?: SecureVersion): RawConnection;
  refusedWith(code: string): Promise<RefusedFault>;
  close(): Promise<void>;
}

export interface RawConnection {
  readonly socket: TLSSocket;
  readonly received: () => Buffer;
  readonly closed: () => boolean;
  /** Sends CONNECT and waits for the CONNACK that accepts it. */
  open(gatewayId: string, keepalive?: number): Promise<void>;
}

export interface TestOptions {
  readonly limits?: Partial<BrokerLimits>;
  /** What the fleet does with a message, beside noting it. */
  readonly received?: (message: Upstream) => Promise<void>;
}

export const startBroker = async (options: TestOptions = {}): Promise<BrokerUnderTest> => {
  const folder = await mkdtemp(join(tmpdir(), 'terroir-broker-'));
  const authority = await openAuthority(folder, { now: Date.now });
  const told: Told = { received: [], sessions: [], refused: [], errors: [] };
  const admitted = new Map<string, string>();
  const server = await authority.issueServer({ names: [HOST, 'localhost'] });
  const broker = await createEmbeddedBroker({
    listener: mutualTlsListener({
      host: HOST,
      port: 0,
      ...server,
      ca: [authority.rootPem, authority.issuerPem],
    }),
    events: eventsInto(told, admitted, options),
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    log: {
      warn: (_detail, event) => told.errors.push(event),
      error: (_detail, event) => told.errors.push(event),
    },
    now: Date.now,
  });
  const clients = new Set<MqttClient>();
  const sockets = new Set<TLSSocket>();
  return {
    broker,
    authority,
    told,
    authorityAt: (time) => openAuthority(folder, { now: () => time }),
    admitted,
    issue: async (gatewayId, issuer = authority) => {
      const { csrPem, keyPem } = await makeRequest();
      const { pem, thumbprint } = await issuer.issueGateway({ csrPem, gatewayId });
      admitted.set(thumbprint, gatewayId);
      return { gatewayId, key: keyPem, cert: pem + issuer.issuerPem, thumbprint };
    },
    connect: async ({ gatewayId, key, cert }, overrides = {}) => {
      const client = await connectAsync(`mqtts://${HOST}:${broker.port}`, {
        clientId: gatewayId,
        protocolVersion: 4,
        clean: true,
        keepalive: 60,
        reconnectPeriod: 0,
        key,
        cert,
        ca: authority.rootPem,
        ...overrides,
      });
      // a test that breaks a rule is told by the broker's own account
      client.on('error', () => undefined);
      clients.add(client);
      return client;
    },
    raw: (credentials, version) => {
      const connection = openRaw({ port: broker.port, ca: authority.rootPem, credentials, version });
      sockets.add(connection.socket);
      return connection;
    },
    refusedWith: async (code) => {
      await eventually(() => told.refused.some((fault) => fault.code === code), PATIENCE_MS);
      const found = told.refused.find((fault) => fault.code === code);
      if (found === undefined) throw new Error(`no ${code}`);
      return found;
    },
    close: async () => {
      for (const client of clients) client.end(true);
      for (const socket of sockets) socket.destroy();
      await broker.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

const eventsInto = (
  told: Told,
  admitted: ReadonlyMap<string, string>,
  options: TestOptions,
): BrokerEvents => ({
  admit: (gatewayId, thumbprint) =>
    admitted.get(thumbprint) === gatewayId
      ? { admitted: true }
      : { admitted: false, why: 'unknown certificate' },
  hears: (gatewayId) =>
    [...admitted.values()].includes(gatewayId)
      ? { admitted: true }
      : { admitted: false, why: 'unknown gateway' },
  heard: () => [...new Set(admitted.values())],
  received: async (message) => {
    told.received.push(message);
    await options.received?.(message);
  },
  opened: (gatewayId) => void told.sessions.push(`opened ${gatewayId}`),
  closed: (gatewayId) => void told.sessions.push(`closed ${gatewayId}`),
  refused: (fault) => void told.refused.push(fault),
});

const openRaw = (to: {
  readonly port: number;
  readonly ca: string;
  readonly credentials: Pick<Credentials, 'key' | 'cert'> | undefined;
  readonly version: SecureVersion | undefined;
}): RawConnection => {
  const { port, ca, credentials, version } = to;
  const socket = connectTls({
    host: HOST,
    port,
    ca,
    key: credentials?.key,
    cert: credentials?.cert,
    minVersion: version,
    maxVersion: version,
  });
  const chunks: Buffer[] = [];
  let closed = false;
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.on('close', () => {
    closed = true;
  });
  const received = (): Buffer => Buffer.concat(chunks);
  return {
    socket,
    received,
    closed: () => closed,
    open: async (gatewayId, keepalive = 60) => {
      socket.write(connectPacket({ clientId: gatewayId, keepalive }));
      await eventually(() => received().length >= 4, PATIENCE_MS);
      if (received()[3] !== 0) throw new Error(`CONNACK ${String(received()[3])}`);
      chunks.length = 0;
    },
  };
};
