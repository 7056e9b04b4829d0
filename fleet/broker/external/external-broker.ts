import { setTimeout as delay } from 'node:timers/promises';
import { decodeMessage } from '#wire/message-codec.js';
import { downTopic, parseUpTopic, type DownKind, type UpTopic } from '#wire/topics.js';
import type { Broker, BrokerEvents } from '../broker.js';
import type { BrokerLimits } from '../limits.js';
import { LRUCache } from 'lru-cache';
import { RateQuota } from '../rate-quota.js';
import type { BrokerLog } from '../session.js';
import { AccessKeeper } from './access-keeper.js';
import {
  openBrokerSession,
  type BrokerAddress,
  type BrokerSession,
  type ClientCredentials,
  type Incoming,
} from './broker-session.js';
import { Presence } from './presence.js';

/** Copies of the fleet share what comes: each message goes to one of them. */
export const INGEST_FILTER = '$share/ingest/terroir/1/+/up/#';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
/** A session that lasted this long was a good one: the next attempt comes soon. */
const SETTLED_MS = 60_000;
/** The same refusal of the same gateway is told again after this long. */
const TELL_AGAIN_MS = 60_000;
const MAX_TOLD = 10_000;
/** Gateways whose rate is remembered; one that was silent while so many others spoke begins anew. */
const MOST_QUOTAS = 10_000;

export interface ExternalBrokerDeps {
  readonly address: BrokerAddress;
  /** Asked for each attempt to connect. */
  readonly credentials: () => Promise<ClientCredentials>;
  readonly events: BrokerEvents;
  readonly limits: Pick<
    BrokerLimits,
    | 'maxMessageBytes'
    | 'packetsPerSecond'
    | 'bytesPerSecond'
    | 'maxWaitingMessages'
    | 'maxWaitingBytes'
    | 'closeTimeoutMs'
  >;
  readonly log: BrokerLog & { info(detail: object, event: string): void };
  /** UTC ms. */
  readonly now: () => number;
  /** [0, 1). */
  readonly random: () => number;
}

/**
 * Serves the fleet through an external broker (MQTT 5, mutual TLS). Who sends a message is read from its topic,
 * which the broker's rules guarantee (`terroir-fleet broker-config`); whether that gateway is heard, the registry
 * says anew with every message. Starts at once and goes on trying for as long as it is open: a broker that is
 * away is no reason not to start.
 */
export const createExternalBroker = (deps: ExternalBrokerDeps): Broker => new ExternalBroker(deps);

class ExternalBroker implements Broker {
  readonly #deps: ExternalBrokerDeps;
  readonly #presence: Presence;
  readonly #quotas = new LRUCache<string, RateQuota>({ max: MOST_QUOTAS });
  readonly #told = new Map<string, number>();
  readonly #receiving = new Set<Promise<void>>();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #session: BrokerSession | undefined;
  #access: AccessKeeper | undefined;
  #waitingBytes = 0;
  #resume: (() => void)[] = [];

  constructor(deps: ExternalBrokerDeps) {
    this.#deps = deps;
    const { events } = deps;
    this.#presence = new Presence({
      opened: (gatewayId) => this.#safely(() => events.opened(gatewayId)),
      closed: (gatewayId) => this.#safely(() => events.closed(gatewayId)),
    });
    this.#running = this.#run();
  }

  get port(): number {
    return this.#deps.address.port;
  }

  connected(gatewayId: string): boolean {
    return this.#presence.has(gatewayId);
  }

  async publish(gatewayId: string, kind: DownKind, payload: Uint8Array): Promise<void> {
    if (this.#session === undefined || !this.#presence.has(gatewayId)) return;
    const somebody = await this.#session.publish(downTopic(gatewayId, kind), payload);
    if (!somebody) this.#presence.left(gatewayId);
  }

  disconnect(gatewayId: string, why: string): void {
    this.#deps.log.warn({ gatewayId, why }, 'gateway disconnected by the fleet');
    this.#presence.left(gatewayId);
    this.#quotas.delete(gatewayId);
    void this.#access?.end(gatewayId, !this.#deps.events.hears(gatewayId).admitted);
  }

  async expect(gatewayId: string): Promise<void> {
    await this.#access?.admit(gatewayId);
  }

  async close(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    for (const resume of this.#resume.splice(0)) resume();
    await this.#session?.close();
    await this.#running;
    const late = delay(this.#deps.limits.closeTimeoutMs, undefined, { ref: false });
    await Promise.race([Promise.allSettled(this.#receiving), late]);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      const since = this.#deps.now();
      const why = await this.#converse().catch((error: unknown) => error);
      this.#session = undefined;
      this.#access = undefined;
      this.#presence.unknown();
      if (this.#stopping.signal.aborted) return;
      failures = this.#deps.now() - since > SETTLED_MS ? 0 : failures + 1;
      const waitMs = this.#deps.random() * Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures, 10));
      const { host, port } = this.#deps.address;
      const detail = { broker: `${host}:${port}`, why: String(why), againInMs: Math.round(waitMs) };
      this.#deps.log.warn(detail, 'no connection with the broker');
      await delay(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** One session with the broker; resolves with what ended it. */
  async #converse(): Promise<unknown> {
    const { address, credentials, events, log } = this.#deps;
    const session = await openBrokerSession(address, await credentials(), {
      received: (message) => this.#received(message),
      signal: this.#stopping.signal,
    });
    try {
      this.#session = session;
      if (!(await session.subscribe(INGEST_FILTER))) {
        throw new Error(`the broker does not let ${address.clientId} subscribe to ${INGEST_FILTER}`);
      }
      this.#access = new AccessKeeper(session, () => events.heard());
      const keepsAccess = await this.#access.start();
      log.info({ broker: `${address.host}:${address.port}`, keepsAccess }, 'connected with the broker');
      return await session.ended;
    } finally {
      await session.close();
    }
  }

  /** Takes one message of the broker; gives what to wait for before the next one is read. */
  #received(message: Incoming): Promise<void> | undefined {
    if (this.#access?.take(message) === true) return undefined;
    const topic = parseUpTopic(message.topic);
    if (topic === undefined || !this.#accepts(topic, message)) return undefined;
    this.#presence.heard(topic.gatewayId);
    const bytes = message.payload.length;
    this.#waitingBytes += bytes;
    const receiving = this.#receive(topic, message).finally(() => {
      this.#waitingBytes -= bytes;
      this.#receiving.delete(receiving);
      for (const resume of this.#resume.splice(0)) resume();
    });
    this.#receiving.add(receiving);
    return this.#full() ? this.#room() : undefined;
  }

  #full(): boolean {
    const { maxWaitingMessages, maxWaitingBytes } = this.#deps.limits;
    return this.#receiving.size >= maxWaitingMessages || this.#waitingBytes >= maxWaitingBytes;
  }

  async #room(): Promise<void> {
    while (this.#full() && !this.#stopping.signal.aborted) {
      await new Promise<void>((resolve) => this.#resume.push(resolve));
    }
  }

  async #receive({ gatewayId, kind }: UpTopic, { payload }: Incoming): Promise<void> {
    try {
      await this.#deps.events.received({ gatewayId, kind, payload, receivedAt: this.#deps.now() });
      if (kind === 'status' && !decodeMessage('status', payload).online) this.#presence.left(gatewayId);
    } catch (error) {
      this.#deps.log.error({ err: error, gatewayId, kind }, 'message not received');
    }
  }

  /** The rules once more: the broker may have been configured by hand. */
  #accepts({ gatewayId, kind }: UpTopic, { payload, retain }: Incoming): boolean {
    const { limits, events, now } = this.#deps;
    const admission = events.hears(gatewayId);
    if (!admission.admitted) return this.#refuse(gatewayId, 'not-admitted', admission.why);
    if (retain) return this.#refuse(gatewayId, 'retained', `Retained message on ${kind}.`);
    if (payload.length > limits.maxMessageBytes) {
      const detail = `A payload of ${payload.length} bytes; the limit is ${limits.maxMessageBytes}.`;
      return this.#refuse(gatewayId, 'packet-too-large', detail);
    }
    const quota = this.#quotas.get(gatewayId) ?? new RateQuota(limits, now);
    this.#quotas.set(gatewayId, quota);
    if (quota.take(1, payload.length) === 0) return true;
    return this.#refuse(
      gatewayId,
      'rate',
      `More than ${limits.packetsPerSecond} messages or ${limits.bytesPerSecond} bytes a second.`,
    );
  }

  /** Told once a while for each gateway and code: what is refused here may come without end. */
  #refuse(gatewayId: string, code: string, detail: string): false {
    const place = `${gatewayId} ${code}`;
    const now = this.#deps.now();
    if (now - (this.#told.get(place) ?? -Infinity) < TELL_AGAIN_MS) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(place, now);
    this.#safely(() => this.#deps.events.refused({ gatewayId, code, detail }));
    return false;
  }

  /** A listener that throws must not end the conversation. */
  #safely(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#deps.log.error({ err: error }, 'broker event failed');
    }
  }
}
