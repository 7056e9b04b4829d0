import { Aedes, type Client } from 'aedes';
import { downFilter, downTopic, type DownKind } from '#wire/topics.js';
import type { Broker, BrokerEvents, Upstream } from './broker.js';
import type { Fault, Listener, PeerConnection } from './connection.js';
import type { BrokerLimits } from './limits.js';
import { PacketFramer } from './packet-framer.js';
import { PacketGuard } from './packet-guard.js';
import { RateQuota } from './rate-quota.js';
import { judgePublish, subscribeFault, type PublishRequest } from './rules.js';
import { Session, type BrokerLog } from './session.js';
import { createNullEmitter, createNullPersistence } from './without-memory.js';

/** Fixed header, topic and message id of the longest allowed PUBLISH, generously. */
const PUBLISH_OVERHEAD_BYTES = 128;
/** CONNACK return codes (MQTT 3.1.1 section 3.2.2.3). */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;
const NOT_AUTHORIZED = 5;
/** How often aedes beats its heart, which nobody hears here, ms. */
const HEARTBEAT_MS = 3_600_000;

/** aedes gives its own verdicts as text only. */
const AEDES_FAULTS: ReadonlyMap<string, Fault['code']> = new Map([
  ['keep alive timeout', 'keepalive'],
  ['connect did not arrive in time', 'connect-timeout'],
  ['drain timeout', 'slow-reader'],
]);

export interface EmbeddedBrokerDeps {
  readonly listener: Listener;
  readonly events: BrokerEvents;
  readonly limits: BrokerLimits;
  readonly log: BrokerLog;
  /** UTC ms. */
  readonly now: () => number;
}

/**
 * Starts the broker inside this process (aedes, MQTT 3.1.1) and listens. `received` may be called for further
 * messages of a gateway while earlier ones are with the store, always in the order in which they came; the will
 * is received before `closed` is called. Rejects with `BrokerError` where the port cannot be had.
 */
export const createEmbeddedBroker = async (deps: EmbeddedBrokerDeps): Promise<Broker> => {
  const broker = new EmbeddedBroker(deps);
  try {
    await broker.start();
  } catch (error) {
    await broker.abandon();
    throw error;
  }
  return broker;
};

class EmbeddedBroker implements Broker {
  readonly #deps: EmbeddedBrokerDeps;
  readonly #aedes: Aedes;
  readonly #connections = new Map<Client, Session>();
  readonly #sessions = new Map<string, Session>();
  readonly #clients = new Map<Session, Client>();
  readonly #receiving = new Set<Promise<void>>();
  #port = 0;
  #closing = false;

  constructor(deps: EmbeddedBrokerDeps) {
    this.#deps = deps;
    this.#aedes = new Aedes({
      mq: createNullEmitter(),
      persistence: createNullPersistence(),
      heartbeatInterval: HEARTBEAT_MS,
      connectTimeout: deps.limits.connectTimeoutMs,
      drainTimeout: deps.limits.drainTimeoutMs,
      preConnect: (client, packet, done) => {
        const session = this.#connections.get(client);
        session?.judge(packet);
        done(null, session !== undefined);
      },
      authenticate: (client, _username, _password, done) => {
        const refusal = this.#authenticate(client);
        if (refusal === undefined) done(null, true);
        else done(Object.assign(new Error('refused'), { returnCode: refusal }), false);
      },
      authorizePublish: (client, packet, done) => {
        const session = client === null ? undefined : this.#connections.get(client);
        if (session === undefined) done(new Error('no session'));
        else this.#publishedBy(session, packet, done);
      },
      authorizeSubscribe: (client, subscription, done) => {
        const session = this.#connections.get(client);
        const gatewayId = session?.peer?.gatewayId;
        if (session === undefined || gatewayId === undefined) return done(new Error('no session'));
        const fault = subscribeFault(subscription, gatewayId);
        if (fault !== undefined) return done(this.#refused(session, fault));
        session.subscribed = true;
        done(null, subscription);
      },
    });
  }

  async start(): Promise<void> {
    await this.#aedes.listen();
    this.#aedes.on('connackSent', (packet, client) => {
      if (packet.returnCode === 0) this.#connections.get(client)?.opened();
    });
    this.#aedes.on('unsubscribe', (filters, client) => {
      const session = this.#connections.get(client);
      const gatewayId = session?.peer?.gatewayId;
      if (session !== undefined && gatewayId !== undefined && filters.includes(downFilter(gatewayId))) {
        session.subscribed = false;
      }
    });
    const failed = (client: Client, error: Error): void => this.#failed(client, error);
    this.#aedes.on('clientError', failed);
    this.#aedes.on('connectionError', failed);
    this.#port = await this.#deps.listener.listen({
      connection: (connection) => this.#connected(connection),
      refused: (fault) => this.#deps.events.refused(fault),
    });
  }

  get port(): number {
    return this.#port;
  }

  connected(gatewayId: string): boolean {
    return this.#sessions.get(gatewayId)?.open ?? false;
  }

  disconnect(gatewayId: string, why: string): void {
    const session = this.#sessions.get(gatewayId);
    if (session === undefined) return;
    this.#deps.log.warn({ gatewayId, why }, 'gateway disconnected by the fleet');
    session.end();
  }

  async expect(): Promise<void> {
    // whoever connects is asked for by `admit`
  }

  async publish(gatewayId: string, kind: DownKind, payload: Uint8Array): Promise<void> {
    const session = this.#sessions.get(gatewayId);
    const client = session === undefined ? undefined : this.#clients.get(session);
    if (session === undefined || client === undefined || !session.open || !session.subscribed) return;
    const { maxOutgoingBytes } = this.#deps.limits;
    if (session.outgoingBytes > maxOutgoingBytes) {
      const detail = `${session.outgoingBytes} bytes wait to be read; the limit is ${maxOutgoingBytes}.`;
      session.refuse({ code: 'slow-reader', detail });
      session.end();
      return;
    }
    const packet = {
      cmd: 'publish' as const,
      topic: downTopic(gatewayId, kind),
      payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      qos: 1 as const,
      retain: false,
      dup: false,
    };
    await session.deliver(payload.length, (done) => client.publish(packet, () => done()));
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const session of this.#connections.values()) session.end();
    await this.#deps.listener.close();
    await this.abandon();
    await this.#settled();
  }

  /** Ends what runs even where nobody listens: a timer of aedes would keep the process alive. */
  async abandon(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#aedes.close(() => resolve());
    });
  }

  /** Waits for what is with the store, so that the store may be closed next. */
  async #settled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#deps.limits.closeTimeoutMs);
    });
    await Promise.race([Promise.allSettled(this.#receiving), late]);
    clearTimeout(timer);
  }

  #connected(connection: PeerConnection): void {
    if (this.#closing) {
      connection.socket.destroy();
      return;
    }
    const { limits, events, log, now } = this.#deps;
    const maxPacketBytes = limits.maxMessageBytes + PUBLISH_OVERHEAD_BYTES;
    const guard: PacketGuard = new PacketGuard({
      socket: connection.socket,
      framer: new PacketFramer({ maxConnectBytes: limits.maxConnectBytes, maxPacketBytes }),
      quota: new RateQuota(limits, now),
      onFault: (fault) => session.refuse(fault),
    });
    const ended = (over: Session): void => this.#forget(over);
    const session = new Session(connection, guard, { events, limits, log, ended });
    const client = this.#aedes.handle(guard);
    this.#connections.set(client, session);
    this.#clients.set(session, client);
    session.attach(() => client.close());
  }

  #forget(session: Session): void {
    const client = this.#clients.get(session);
    const gatewayId = session.peer?.gatewayId;
    this.#clients.delete(session);
    if (client !== undefined) this.#connections.delete(client);
    if (gatewayId !== undefined && this.#sessions.get(gatewayId) === session)
      this.#sessions.delete(gatewayId);
  }

  /** Admits a judged connection, taking over from an older one, or gives the return code of its refusal. */
  #authenticate(client: Client): number | undefined {
    const session = this.#connections.get(client);
    const peer = session?.peer;
    if (session === undefined || peer === undefined) return NOT_AUTHORIZED;
    if (session.fault?.code === 'client-id') return IDENTIFIER_REJECTED;
    if (session.fault !== undefined) return NOT_AUTHORIZED;
    try {
      const admission = this.#deps.events.admit(peer.gatewayId, peer.thumbprint);
      if (!admission.admitted) {
        session.refuse({ code: 'not-admitted', detail: admission.why });
        return NOT_AUTHORIZED;
      }
    } catch (error) {
      this.#deps.log.error({ err: error, gatewayId: peer.gatewayId }, 'admission failed');
      return SERVER_UNAVAILABLE;
    }
    this.#sessions.get(peer.gatewayId)?.end();
    this.#sessions.set(peer.gatewayId, session);
    return undefined;
  }

  #publishedBy(session: Session, packet: PublishRequest, done: (error?: Error | null) => void): void {
    const gatewayId = session.peer?.gatewayId ?? '';
    const judged = session.isWill(packet)
      ? { kind: 'status' as const }
      : judgePublish(packet, gatewayId, this.#deps.limits);
    if ('fault' in judged) {
      done(this.#refused(session, judged.fault));
      return;
    }
    const payload = typeof packet.payload === 'string' ? Buffer.from(packet.payload) : packet.payload;
    const message: Upstream = { gatewayId, kind: judged.kind, payload, receivedAt: this.#deps.now() };
    const receiving = session.receive(message).then(
      () => done(null),
      (error: unknown) => {
        this.#deps.log.error({ err: error, gatewayId, kind: judged.kind }, 'message not received');
        session.end();
        done(new Error('not received', { cause: error }));
      },
    );
    this.#receiving.add(receiving);
    void receiving.finally(() => this.#receiving.delete(receiving));
  }

  #refused(session: Session, fault: Fault): Error {
    session.refuse(fault);
    return new Error(fault.detail);
  }

  /** aedes gave up on a connection: for a fault noted before, one of its own verdicts, or bytes it cannot read. */
  #failed(client: Client, error: Error): void {
    const session = this.#connections.get(client);
    if (session === undefined) return;
    session.refuse({ code: AEDES_FAULTS.get(error.message) ?? 'malformed', detail: error.message });
    session.end();
  }
}
