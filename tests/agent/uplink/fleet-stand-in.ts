import { Aedes } from 'aedes';
import { createHash, X509Certificate, type KeyObject } from 'node:crypto';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { parseBatch, verifyBatch } from '#wire/batch.js';
import { decodeMessage, encodeMessage } from '#wire/message-codec.js';
import type { Ack, CommandResult, Hello, Status, Welcome } from '#wire/messages.js';
import { downTopic, parseUpTopic } from '#wire/topics.js';
import type { Issued } from '../../support/throwaway-authority.js';

/** A fleet of one gateway: a real broker behind mutual TLS that answers as the contract says. */
export interface StandIn {
  readonly port: number;
  readonly hellos: Hello[];
  readonly statuses: Status[];
  readonly results: CommandResult[];
  /** Messages of `up/batch` by seq, in the order they came. */
  readonly batches: Map<number, Buffer[]>;
  readonly directories: Buffer[];
  /** Everything that came, by kind, in order. */
  readonly kinds: string[];
  /** Handshakes that were completed. */
  connections(): number;
  /** Changes the next welcomes. */
  welcome: Partial<Welcome>;
  /** Whether batches are acked; those that came meanwhile stay without. */
  acking: boolean;
  /** Refuses these as the door would. */
  refused: Set<number>;
  /** Answers these by their bytes alone. */
  unreadable: Set<number>;
  send(kind: 'ack' | 'command' | 'resend', bytes: Uint8Array): Promise<void>;
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
}

interface Options {
  readonly gatewayId: string;
  readonly gatewayCertificate: string;
  readonly server: Issued;
  readonly chain: string;
  readonly root: string;
  readonly port?: number;
  /** The fleet's clock, UTC ms. */
  readonly now?: () => number;
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });

export const startStandIn = async (options: Options): Promise<StandIn> => {
  const { gatewayId, now = Date.now } = options;
  const publicKey: KeyObject = new X509Certificate(options.gatewayCertificate).publicKey;
  const broker = await Aedes.createBroker();
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  const server = createServer(
    {
      key: options.server.key,
      cert: options.server.certificate + '\n' + options.chain,
      ca: options.root,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => {
      connections += 1;
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
      broker.handle(socket);
    },
  );
  const publish = (kind: 'welcome' | 'ack' | 'command' | 'resend', bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      const topic = downTopic(gatewayId, kind);
      const payload = Buffer.from(bytes);
      broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  const state: StandIn = {
    port: await listen(server, options.port ?? 0),
    hellos: [],
    statuses: [],
    results: [],
    batches: new Map(),
    directories: [],
    kinds: [],
    connections: () => connections,
    welcome: {},
    acking: true,
    refused: new Set(),
    unreadable: new Set(),
    send: publish,
    cut: () => sockets.forEach((socket) => socket.destroy()),
    close: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
  const answerHello = async (payload: Buffer): Promise<void> => {
    state.hellos.push(decodeMessage('hello', payload));
    const answer = { resend: [], directories: [], commands: [] };
    await publish('welcome', encodeMessage('welcome', { time: now(), ...answer, ...state.welcome }));
  };
  const answerBatch = async (payload: Buffer): Promise<void> => {
    const parsed = parseBatch(payload);
    verifyBatch(parsed, publicKey);
    const { seq, epoch } = parsed.header;
    state.batches.set(seq, [...(state.batches.get(seq) ?? []), payload]);
    if (!state.acking) return;
    if (state.unreadable.has(seq)) {
      const hash = createHash('sha256').update(payload).digest();
      const unreadable = [{ hash, reason: 'test', kept: true }];
      const answer: Ack = { stored: [], quarantined: [], directories: [], unreadable };
      return await publish('ack', encodeMessage('ack', answer));
    }
    const quarantined = state.refused.has(seq) ? [{ seq, reason: 'test' }] : [];
    const ack: Ack = {
      epoch,
      stored: state.refused.has(seq) ? [] : [[seq, seq]],
      quarantined,
      directories: [],
    };
    await publish('ack', encodeMessage('ack', ack));
  };
  broker.on('publish', (packet, client) => {
    const topic = client === null ? undefined : parseUpTopic(packet.topic);
    if (topic === undefined) return;
    const payload = Buffer.from(packet.payload);
    state.kinds.push(topic.kind);
    if (topic.kind === 'hello') void answerHello(payload);
    if (topic.kind === 'batch') void answerBatch(payload);
    if (topic.kind === 'directory') state.directories.push(payload);
    if (topic.kind === 'status') state.statuses.push(decodeMessage('status', payload));
    if (topic.kind === 'result') state.results.push(decodeMessage('result', payload));
  });
  return state;
};
