import type { BrokerSession, Incoming, SessionHandlers } from '../broker/external/broker-session.js';
import { decodeMessage, encodeMessage } from '#wire/message-codec.js';
import type { Ack, Welcome } from '#wire/messages.js';
import { downFilter, parseDownTopic, upTopic } from '#wire/topics.js';
import type { GatewayFolder } from './gateway-folder.js';
import type { Outbox } from './outbox.js';
import { SimulationError } from './settings.js';

const WELCOME_TIMEOUT_MS = 60_000;
const TICK_MS = 1_000;
/** After a failure a random part of this, doubled with each further one, ms. */
const RETRY_MS = 1_000;
const MOST_RETRY_MS = 15_000;

/** Opens a session with the broker as this gateway. */
export type Connect = (gateway: GatewayFolder, handlers: SessionHandlers) => Promise<BrokerSession>;

export interface LinkDeps {
  readonly gateway: GatewayFolder;
  readonly outbox: Outbox;
  readonly connect: Connect;
  readonly now: () => number;
  readonly random: () => number;
  /** Told what went wrong, for the progress that people see. */
  readonly trouble: (text: string) => void;
  /** Told how many batches were kept apart. */
  readonly quarantined: (reason: string) => void;
}

/** A gateway's line to the fleet: there when it shall be, and back by itself when it breaks. */
export interface Link {
  /** Whether it shall be there: an outage ends it, and it comes back afterwards. */
  setOnline(online: boolean): void;
  /** Whether the fleet has said what it lacks, at least once. */
  readonly greeted: boolean;
  /** Sends what may go now. */
  pump(): void;
  /** Resolves when something was answered, or after a second. */
  changed(): Promise<void>;
  /** Rejects with what cannot be mended: the folder is a copy. */
  readonly failed: Promise<never>;
  /** Takes leave. */
  close(): Promise<void>;
}

/** Keeps one gateway connected, says hello, answers the fleet and sends what the outbox gives. */
export const openLink = (deps: LinkDeps): Link => new GatewayLink(deps);

class GatewayLink implements Link {
  readonly failed: Promise<never>;
  readonly #deps: LinkDeps;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #fail: (error: Error) => void = () => undefined;
  #online = true;
  #session: BrokerSession | undefined;
  #welcomed = false;
  #greeted = false;
  #waiters: (() => void)[] = [];
  #acksUnsaved = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => undefined);
    this.#done = this.#keep();
  }

  get greeted(): boolean {
    return this.#greeted;
  }

  setOnline(online: boolean): void {
    if (online === this.#online) return;
    this.#online = online;
    if (!online) void this.#session?.close();
    this.#wake();
  }

  changed(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, TICK_MS);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#waiters.push(done);
    });
  }

  pump(): void {
    const session = this.#session;
    if (session === undefined || !this.#welcomed) return;
    const { outbox, gateway } = this.#deps;
    for (let seq = outbox.next(); seq !== undefined; seq = outbox.next()) {
      this.#post(session, 'batch', gateway.spool.message(seq));
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session !== undefined && this.#welcomed) {
      const bytes = encodeMessage('status', { online: false });
      await session
        .publish(upTopic(this.#deps.gateway.identity.gatewayId, 'status'), bytes)
        .catch(() => undefined);
    }
    this.#closing.abort();
    await session?.close();
    this.#wake();
    await this.#done;
    this.#deps.gateway.saveAcked(this.#deps.outbox.acked);
  }

  async #keep(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      if (!this.#online) {
        await this.changed();
        continue;
      }
      try {
        await this.#converse();
        failures = 0;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (error instanceof SimulationError) return this.#fail(error);
        this.#deps.trouble(error instanceof Error ? error.message : String(error));
        const wait = this.#deps.random() * Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** failures);
        failures += 1;
        await this.#pause(wait);
      }
    }
  }

  /** One session, from hello to its end. */
  async #converse(): Promise<void> {
    const { gateway, outbox, connect } = this.#deps;
    const { signal } = this.#closing;
    const inbox: Incoming[] = [];
    const received = (message: Incoming): undefined => {
      inbox.push(message);
      this.#wake();
    };
    const session = await connect(gateway, { signal, received });
    const over = new AbortController();
    void session.ended.then(() => {
      over.abort();
      this.#wake();
    });
    this.#session = session;
    try {
      if (!(await session.subscribe(downFilter(gateway.identity.gatewayId)))) {
        throw new Error('the broker refused a subscription');
      }
      this.#sayHello(session);
      const helloAt = this.#deps.now();
      while (!over.signal.aborted && this.#online && !signal.aborted) {
        for (const message of inbox.splice(0)) this.#take(session, message);
        if (!this.#welcomed && this.#deps.now() - helloAt > WELCOME_TIMEOUT_MS) {
          throw new Error('the fleet does not answer hello');
        }
        outbox.expire(false);
        this.pump();
        if (inbox.length === 0) await this.changed();
      }
      if (over.signal.aborted && this.#online && !signal.aborted) throw await session.ended;
    } finally {
      this.#session = undefined;
      this.#welcomed = false;
      outbox.expire(true);
      await session.close();
    }
  }

  #sayHello(session: BrokerSession): void {
    const { gateway, outbox, now } = this.#deps;
    const { spool, identity, directory } = gateway;
    const [first] = outbox.acked;
    const bytes = encodeMessage('hello', {
      epoch: identity.epoch,
      firstUnacked: first?.[0] === 1 ? first[1] + 1 : 1,
      lastSealed: spool.last,
      lastOrdinal: spool.last === 0 ? 0 : spool.note(spool.last).lastOrdinal,
      unsealed: 0,
      directory: directory.hash,
      configVersion: 'simulation',
      agentVersion: 'simulation',
      clock: 'synced',
      time: now(),
    });
    this.#post(session, 'hello', bytes);
  }

  #take(session: BrokerSession, { topic, payload }: Incoming): void {
    const kind = parseDownTopic(topic)?.kind;
    if (kind === 'welcome') this.#welcome(session, decodeMessage('welcome', payload));
    if (kind === 'ack') this.#ack(decodeMessage('ack', payload));
    if (kind === 'resend') {
      const { epoch, batches, directories } = decodeMessage('resend', payload);
      if (directories.length > 0) this.#post(session, 'directory', this.#deps.gateway.directory.bytes);
      if (epoch === this.#deps.gateway.identity.epoch) this.#want(batches);
    }
    if (kind === 'command') this.#refuse(session, decodeMessage('command', payload).id);
  }

  #want(batches: Welcome['resend']): void {
    this.#deps.outbox.wanted(batches, this.#deps.gateway.spool.last);
  }

  #welcome(session: BrokerSession, welcome: Welcome): void {
    if (welcome.renew !== undefined) {
      const text = `The fleet knows more of this gateway than its folder: it is an older copy (${welcome.renew}). Take another --folder.`;
      throw new SimulationError('copied', text);
    }
    if (welcome.directories.length > 0) this.#post(session, 'directory', this.#deps.gateway.directory.bytes);
    this.#want(welcome.resend);
    for (const { id } of welcome.commands) this.#refuse(session, id);
    if (!this.#welcomed) this.#post(session, 'status', encodeMessage('status', { online: true }));
    this.#welcomed = true;
    this.#greeted = true;
  }

  #ack({ epoch, stored, quarantined, postponed = [] }: Ack): void {
    const { outbox, gateway } = this.#deps;
    if (epoch !== gateway.identity.epoch) return;
    outbox.answered([...stored, ...quarantined.map(({ seq }): readonly [number, number] => [seq, seq])]);
    for (const { reason } of [...quarantined, ...postponed]) this.#deps.quarantined(reason);
    this.#acksUnsaved += 1;
    if (this.#acksUnsaved >= 256) {
      this.#acksUnsaved = 0;
      gateway.saveAcked(outbox.acked);
    }
  }

  #refuse(session: BrokerSession, id: string): void {
    this.#post(
      session,
      'result',
      encodeMessage('result', { id, outcome: 'refused', detail: 'a simulated gateway' }),
    );
  }

  /** What becomes of it shows in the answers, or in the end of the session. */
  #post(session: BrokerSession, kind: Parameters<typeof upTopic>[1], bytes: Uint8Array): void {
    session.publish(upTopic(this.#deps.gateway.identity.gatewayId, kind), bytes).catch(() => undefined);
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  async #pause(ms: number): Promise<void> {
    const until = this.#deps.now() + ms;
    while (this.#deps.now() < until && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(1, until - this.#deps.now()));
        this.#waiters.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }
}
