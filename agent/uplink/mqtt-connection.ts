import { MqttClient } from 'mqtt';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { encodeMessage } from '#wire/message-codec.js';
import { downFilter, parseDownTopic, upTopic, type UpKind } from '#wire/topics.js';
import type { Identity } from '../identity/identity.js';
import type { Connect, Connection, ConnectOptions } from './connection.js';
import { UplinkError } from './errors.js';
import { Liveness } from './liveness.js';
import { openSecureSocket, wireBytes, type KnownTime, type SecureSocket } from './secure-socket.js';

const CONNECT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** How often the link's life is judged, and its bytes are counted. */
const CHECK_MS = 2_500;
/** Headers of TCP and IP for a packet and for its acknowledgement, bytes: no socket tells of them. */
const SEGMENT_BYTES = 80;
/** Packets that the other side must answer. */
const QUESTIONS: ReadonlySet<string> = new Set(['connect', 'publish', 'subscribe', 'pingreq']);

type OnMessage = ConnectOptions['onMessage'];

export interface MqttSettings {
  readonly identity: Identity;
  /** Asked for each connection. */
  readonly keepaliveS: () => number;
  readonly knownTime: KnownTime;
  /** Monotonic ms. */
  readonly now: () => number;
  /** Told now and then how many bytes crossed the wire, headers included. */
  readonly count: (bytes: number) => void;
}

/** Bytes as the library wants them, without a copy. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const createClient = (socket: TLSSocket, { identity, keepaliveS }: MqttSettings): MqttClient =>
  new MqttClient(() => socket, {
    clientId: identity.gatewayId,
    protocolVersion: 4,
    protocolId: 'MQTT',
    clean: true,
    keepalive: keepaliveS(),
    connectTimeout: CONNECT_TIMEOUT_MS,
    // The library's own reconnecting is off: one client, one socket, one session.
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    manualConnect: true,
    // Otherwise it makes 65,536 buffers in advance, one for each number of two bytes: 6 MB.
    writeCache: false,
    will: {
      topic: upTopic(identity.gatewayId, 'status'),
      payload: asBuffer(encodeMessage('status', { online: false })),
      qos: 1,
      retain: false,
    },
  });

/** One MQTT 3.1.1 client on one proven socket. */
class MqttConnection implements Connection {
  readonly ended: Promise<UplinkError>;
  readonly #client: MqttClient;
  readonly #socket: TLSSocket;
  readonly #wire: Socket;
  readonly #gatewayId: string;
  readonly #liveness: Liveness;
  readonly #count: (bytes: number) => void;
  #packets = 0;
  #counted = 0;
  #lastError: Error | undefined;
  /** Those who wait for the broker; the end of the connection answers them all. */
  readonly #waiting = new Set<(error: UplinkError) => void>();
  #end: UplinkError | undefined;

  constructor(
    client: MqttClient,
    { socket, wire }: SecureSocket,
    settings: MqttSettings,
    onMessage: OnMessage,
  ) {
    const { gatewayId } = settings.identity;
    this.#client = client;
    this.#socket = socket;
    this.#wire = wire;
    this.#gatewayId = gatewayId;
    this.#count = settings.count;
    this.#liveness = new Liveness(settings.now);
    client.on('error', (error) => {
      this.#lastError = error;
    });
    client.on('message', (topic, payload) => {
      const parsed = parseDownTopic(topic);
      if (parsed?.gatewayId === gatewayId) onMessage(parsed.kind, payload);
    });
    client.on('packetsend', ({ cmd }) => {
      this.#packets += 1;
      if (QUESTIONS.has(cmd)) this.#liveness.asked();
    });
    client.on('packetreceive', () => {
      this.#packets += 1;
      this.#liveness.heard();
    });
    const checking = setInterval(() => this.#check(), CHECK_MS);
    this.ended = new Promise((resolve) => {
      client.once('close', () => {
        clearInterval(checking);
        this.#account();
        this.#end ??= this.#closeFault();
        for (const fail of this.#waiting) fail(this.#end);
        client.end(true);
        resolve(this.#end);
      });
    });
  }

  #check(): void {
    this.#account();
    const verdict = this.#liveness.check();
    if (verdict === 'probe') this.#client.sendPing();
    if (verdict !== 'dead') return;
    this.#end ??= new UplinkError('half-open', 'the connection does not answer any more');
    this.#socket.destroy();
  }

  #account(): void {
    const bytes = wireBytes(this.#wire) + this.#packets * SEGMENT_BYTES;
    this.#count(bytes - this.#counted);
    this.#counted = bytes;
  }

  #closeFault(): UplinkError {
    const cause = this.#lastError;
    if (cause === undefined) return new UplinkError('closed', 'the connection was closed');
    const refused = 'code' in cause && typeof cause.code === 'number';
    // a server judges our certificate after its own handshake is over (RFC 8446 section 4.4.2.4)
    const rejected = 'code' in cause && String(cause.code).includes('ALERT');
    const code = refused ? 'refused' : rejected ? 'rejected' : 'closed';
    return new UplinkError(code, cause.message, { cause });
  }

  /** CONNECT, CONNACK, SUBSCRIBE, SUBACK. */
  async open(signal: AbortSignal): Promise<void> {
    const destroy = (): void => {
      this.#socket.destroy();
    };
    signal.addEventListener('abort', destroy, { once: true });
    const timer = setTimeout(() => {
      const text = `the broker did not open a session within ${CONNECT_TIMEOUT_MS} ms`;
      this.#end ??= new UplinkError('timeout', text);
      destroy();
    }, CONNECT_TIMEOUT_MS);
    try {
      const acknowledged = new Promise<void>((resolve) => {
        this.#client.once('connect', () => resolve());
      });
      this.#client.connect();
      await this.#unlessEnded(acknowledged);
      const filter = downFilter(this.#gatewayId);
      const grants = await this.#unlessEnded(this.#client.subscribeAsync(filter, { qos: 1 }));
      if (grants.some((grant) => grant.qos === 128)) {
        throw new UplinkError('refused', 'the broker refused our subscription');
      }
    } catch (cause) {
      destroy();
      throw cause;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', destroy);
    }
  }

  async publish(kind: UpKind, payload: Uint8Array): Promise<void> {
    // Published while disconnected, the library would queue it in memory and lose it silently.
    if (!this.#client.connected) throw this.#end ?? new UplinkError('closed', 'the connection is closed');
    const topic = upTopic(this.#gatewayId, kind);
    await this.#unlessEnded(this.#client.publishAsync(topic, asBuffer(payload), { qos: 1 }));
  }

  async close(): Promise<void> {
    // The library takes leave only when nothing is outstanding, which may be never.
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#client.end(false);
    await this.ended;
    clearTimeout(timer);
  }

  #unlessEnded<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end);
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }
}

/** Opens sessions over mutual TLS with the broker that the identity names. The only file that knows MQTT.js. */
export const createMqttConnect =
  (settings: MqttSettings): Connect =>
  async ({ onMessage, signal }) => {
    const { identity, knownTime, count } = settings;
    const timeoutMs = CONNECT_TIMEOUT_MS;
    const secure = await openSecureSocket(identity, knownTime, { timeoutMs, signal, count });
    const connection = new MqttConnection(createClient(secure.socket, settings), secure, settings, onMessage);
    await connection.open(signal);
    return connection;
  };
