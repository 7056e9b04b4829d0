import {
  connect,
  type IClientOptions,
  type IConnackPacket,
  type IPublishPacket,
  type MqttClient,
} from 'mqtt';
import { ExternalBrokerError } from './errors.js';

const CONNECT_TIMEOUT_MS = 20_000;
const CLOSE_TIMEOUT_MS = 2_000;
const KEEPALIVE_S = 30;
/** Messages on their way to us, of all gateways together, that the broker need not have had answered. */
const RECEIVE_MAXIMUM = 256;
/** Ours on their way to the broker where it does not say how many it bears. */
const DEFAULT_WINDOW = 20;
/** PUBACK reason (MQTT 5 section 3.4.2.1): nobody is subscribed. */
const NO_MATCHING_SUBSCRIBERS = 16;
/** SUBACK reasons from here on refuse (section 3.9.3). */
const REFUSED = 128;

/** Where the broker is, and who we are there. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  /** The name that the broker's certificate must carry. */
  readonly serverName: string;
  readonly clientId: string;
  /** 4: MQTT 3.1.1, as gateways speak it; MQTT 5 by default. */
  readonly protocolVersion?: 4 | 5;
  /** What the broker publishes for us when the session breaks off. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array };
}

export interface ClientCredentials {
  readonly keyPem: string;
  /** Leaf, then the issuing certificate. */
  readonly certificatePem: string;
  /** PEM: who may issue the broker's certificate. */
  readonly ca: readonly string[];
}

export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
}

/** One session with a broker, from its CONNACK to its end. */
export interface BrokerSession {
  /** Resolves when it is over, whatever ended it. */
  readonly ended: Promise<ExternalBrokerError>;
  /** Resolves to whether the broker grants it. */
  subscribe(filter: string): Promise<boolean>;
  /** At QoS 1; resolves with the broker's PUBACK, to whether anybody was there as far as it tells. */
  publish(topic: string, payload: Uint8Array): Promise<boolean>;
  close(): Promise<void>;
}

export interface SessionHandlers {
  /** One message; where a promise is given, nothing more is read from the broker before it resolves. */
  readonly received: (message: Incoming) => Promise<void> | undefined;
  readonly signal: AbortSignal;
}

/**
 * Opens a session that leaves nothing behind (session expiry 0) over mutual TLS (1.2 or newer, as Node has it by
 * itself). Rejects with
 * `ExternalBrokerError`. The only file of the fleet that knows MQTT.js: its own reconnecting and its queue for
 * times without a connection are off.
 */
export const openBrokerSession = async (
  address: BrokerAddress,
  credentials: ClientCredentials,
  { received, signal }: SessionHandlers,
): Promise<BrokerSession> => {
  const client = connect(optionsOf(address, credentials));
  client.handleMessage = (packet, done) => {
    const full = received(incoming(packet));
    if (full === undefined) done();
    else void full.then(() => done());
  };
  // the first fault of an attempt is told by its close; a later one must not end the process
  client.on('error', () => undefined);
  try {
    const connack = await accepted(client, signal);
    return new MqttSession(client, connack.properties?.receiveMaximum ?? DEFAULT_WINDOW);
  } catch (cause) {
    client.end(true);
    throw cause;
  }
};

const optionsOf = (
  { host, port, serverName, clientId, protocolVersion = 5, will }: BrokerAddress,
  { keyPem, certificatePem, ca }: ClientCredentials,
): IClientOptions => ({
  protocol: 'mqtts',
  host,
  port,
  servername: serverName,
  key: keyPem,
  cert: certificatePem,
  ca: [...ca],
  clientId,
  protocolVersion,
  ...(will === undefined
    ? {}
    : { will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false } }),
  clean: true,
  keepalive: KEEPALIVE_S,
  connectTimeout: CONNECT_TIMEOUT_MS,
  reconnectPeriod: 0,
  resubscribe: false,
  queueQoSZero: false,
  writeCache: false,
  ...(protocolVersion === 5
    ? { properties: { sessionExpiryInterval: 0, receiveMaximum: RECEIVE_MAXIMUM } }
    : {}),
});

const accepted = (client: MqttClient, signal: AbortSignal): Promise<IConnackPacket> =>
  new Promise((resolve, reject) => {
    let cause: Error | undefined;
    const failed = (): void => reject(faultOf(cause));
    client.once('connect', (connack) => {
      client.off('close', failed);
      signal.removeEventListener('abort', failed);
      resolve(connack);
    });
    client.once('error', (error) => {
      cause = error;
    });
    client.once('close', failed);
    signal.addEventListener('abort', failed, { once: true });
    if (signal.aborted) failed();
  });

const faultOf = (cause: Error | undefined): ExternalBrokerError => {
  if (cause === undefined) return new ExternalBrokerError('closed', 'the connection was closed');
  const refused = 'code' in cause && typeof cause.code === 'number';
  return new ExternalBrokerError(refused ? 'refused' : 'connect', cause.message, { cause });
};

const incoming = ({ topic, payload, retain }: IPublishPacket): Incoming => ({
  topic,
  payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  retain,
});

class MqttSession implements BrokerSession {
  readonly ended: Promise<ExternalBrokerError>;
  readonly #client: MqttClient;
  /** How many of ours may be without a PUBACK: beyond it, a broker ends the session (MQTT 5 section 3.3.4). */
  readonly #window: number;
  readonly #queue: (() => void)[] = [];
  /** Those who wait for the broker; the end of the session answers them all. */
  readonly #waiting = new Set<(error: ExternalBrokerError) => void>();
  #inFlight = 0;
  #over: ExternalBrokerError | undefined;

  constructor(client: MqttClient, window: number) {
    this.#client = client;
    this.#window = window;
    this.ended = new Promise((resolve) => {
      let cause: Error | undefined;
      client.once('error', (error) => {
        cause = error;
      });
      client.once('close', () => {
        this.#over = faultOf(cause);
        for (const fail of this.#waiting) fail(this.#over);
        for (const send of this.#queue.splice(0)) send();
        client.end(true);
        resolve(this.#over);
      });
    });
  }

  async subscribe(filter: string): Promise<boolean> {
    try {
      const grants = await this.#unlessOver(this.#client.subscribeAsync(filter, { qos: 1 }));
      return grants.every(({ qos }) => qos < REFUSED);
    } catch (cause) {
      if (this.#over !== undefined) throw this.#over;
      if (cause instanceof Error && 'code' in cause && Number(cause.code) >= REFUSED) return false;
      throw cause;
    }
  }

  async publish(topic: string, payload: Uint8Array): Promise<boolean> {
    if (this.#inFlight >= this.#window) await new Promise<void>((resolve) => this.#queue.push(resolve));
    else this.#inFlight += 1;
    try {
      if (this.#over !== undefined) throw this.#over;
      const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const answer = await this.#unlessOver(this.#client.publishAsync(topic, bytes, { qos: 1 }));
      return !(
        answer !== undefined &&
        'reasonCode' in answer &&
        answer.reasonCode === NO_MATCHING_SUBSCRIBERS
      );
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#inFlight -= 1;
      else next();
    }
  }

  /** The library leaves a publish without an answer when its connection ends. */
  #unlessOver<Answer>(work: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      work.then(resolve, reject).finally(() => this.#waiting.delete(reject));
    });
  }

  async close(): Promise<void> {
    const timer = setTimeout(() => this.#client.stream.destroy(), CLOSE_TIMEOUT_MS);
    this.#client.end(false);
    await this.ended;
    clearTimeout(timer);
  }
}
