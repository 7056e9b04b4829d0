import { decodeMessage, encodeMessage } from '#wire/message-codec.js';
import type { Ack, Command, CommandResult, Health, Resend, Welcome } from '#wire/messages.js';
import type { DownKind } from '#wire/topics.js';
import { Buffer } from 'node:buffer';
import type { Buffer as GatewayBuffer, StoredDirectory } from '../buffer/buffer.js';
import { BufferError } from '../buffer/buffer-error.js';
import type { Clock } from '../clock/clock.js';
import type { Log } from '../local/log.js';
import { takeAck } from './answers.js';
import type { Connection } from './connection.js';
import type { DataBudget } from './data-budget.js';
import { UplinkError } from './errors.js';
import { Mailbox } from './mailbox.js';
import { Sender } from './sender.js';
import { within } from './within.js';

const WELCOME_TIMEOUT_MS = 30_000;
const PUBLISH_TIMEOUT_MS = 60_000;
/** Said again now and then: it brings the time, and what the fleet lacks; a tenth sooner or later, each gateway for itself. */
const HELLO_EVERY_MS = 30 * 60_000;
const HELLO_JITTER = 0.2;
/** After an answer too slow to set the clock by, and twice as long after each further one. */
const UNSURE_HELLO_MS = 10_000;
/** The first health of a session comes within this, so that a crowd does not tell it all at once, ms. */
const HEALTH_JITTER_MS = 30_000;
/** Batches on their way and no ack for this long: the session is given up. */
const STALL_MS = 180_000;
const LEAVE_TIMEOUT_MS = 1_000;
const MAX_SLEEP_MS = 5_000;
/** Earlier epochs that a hello names, at most. */
const MAX_EARLIER = 64;

export interface SessionDeps {
  readonly buffer: Pick<
    GatewayBuffer,
    | 'epoch'
    | 'state'
    | 'directories'
    | 'ackDirectories'
    | 'seal'
    | 'claim'
    | 'recall'
    | 'declareMissing'
    | 'ack'
    | 'quarantine'
    | 'renew'
  >;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly sealMs: number;
  readonly healthMs: number;
  readonly configVersion: string;
  readonly agentVersion: string;
  readonly health: () => Promise<Health>;
  /** The fleet has taken this session: its certificate was used. */
  readonly welcomed?: () => void;
  readonly budget: Pick<DataBudget, 'admitsBacklog' | 'healthMs'>;
  /** Runs a command of the fleet; never rejects. */
  readonly command: (command: Command, signal: AbortSignal) => Promise<CommandResult>;
}

/** What a session shows while it lasts. */
export interface SessionView {
  readonly welcomed: boolean;
  readonly inFlight: number;
  readonly resent: number;
  /** Backlog waits for the data budget. */
  readonly awaitsBudget: boolean;
}

/** `time-only`: the clock was not synced when the peer was checked, so only the time was taken. */
export type SessionEnd = 'stopped' | 'time-only';

interface Incoming {
  readonly kind: DownKind;
  readonly payload: Uint8Array;
}

/** One conversation with the fleet over one connection: hello, welcome, directories, batches, acks. */
export class Session implements SessionView {
  readonly #deps: SessionDeps;
  readonly #timeOnly: boolean;
  readonly #inbox = new Mailbox<Incoming>();
  #connection: Connection | undefined;
  #sender: Sender | undefined;
  #ended: UplinkError | undefined;
  /** What ended the sealing. */
  #fault: unknown;
  #sealing = false;
  #helloAt = 0;
  #helloEpoch = '';
  #helloAgainMs = HELLO_EVERY_MS;
  #unsureMs = UNSURE_HELLO_MS;
  #awaitsWelcome = false;
  #welcomedAt: number | undefined;
  readonly #ending = new AbortController();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#timeOnly = deps.clock.now().state === 'unsynced';
  }

  get welcomed(): boolean {
    return this.#welcomedAt !== undefined;
  }
  /** Ms since the welcome; `undefined` before it. */
  get welcomedMs(): number | undefined {
    return this.#welcomedAt === undefined ? undefined : this.#deps.clock.monotonic() - this.#welcomedAt;
  }
  get inFlight(): number {
    return this.#sender?.inFlight ?? 0;
  }
  get resent(): number {
    return this.#sender?.resent ?? 0;
  }
  get awaitsBudget(): boolean {
    return this.#sender?.awaitsBudget ?? false;
  }

  /** Takes a message of the connection. */
  receive(kind: DownKind, payload: Uint8Array): void {
    this.#inbox.put({ kind, payload });
  }

  /** Converses until `signal` aborts or the time alone was taken; rejects with `UplinkError` when it breaks. */
  async run(connection: Connection, signal: AbortSignal): Promise<SessionEnd> {
    this.#connection = connection;
    const { clock, random, buffer } = this.#deps;
    this.#sender = new Sender({
      buffer,
      now: () => clock.monotonic(),
      random,
      send: (message) => this.#post('batch', message),
      admitsBacklog: (bytes) => this.#deps.budget.admitsBacklog(bytes),
    });
    const wake = (): void => this.#inbox.wake();
    signal.addEventListener('abort', wake);
    void connection.ended.then((error) => {
      this.#ended = error;
      this.#inbox.wake();
    });
    try {
      return await this.#converse(this.#sender, signal);
    } finally {
      signal.removeEventListener('abort', wake);
      this.#ending.abort();
    }
  }

  async #converse(sender: Sender, signal: AbortSignal): Promise<SessionEnd> {
    const { clock, sealMs, healthMs, budget, random, buffer } = this.#deps;
    await this.#sayHello();
    let sealAt = 0;
    let healthAt = Infinity;
    for (;;) {
      await this.#readInbox(sender);
      if (signal.aborted) return await this.#takeLeave();
      if (this.#timeOnly && this.welcomed) return 'time-only';
      this.#checkPulse(sender);
      const now = clock.monotonic();
      const helloDue = now - this.#helloAt >= this.#helloAgainMs || buffer.epoch !== this.#helloEpoch;
      if (!this.#awaitsWelcome && helloDue) await this.#sayHello();
      let sleepMs = MAX_SLEEP_MS;
      if (this.welcomed) {
        if (now >= sealAt) {
          sealAt = now + sealMs;
          this.#seal();
        }
        if (healthAt === Infinity) healthAt = now + random() * Math.min(healthMs, HEALTH_JITTER_MS);
        if (now >= healthAt) {
          healthAt = now + budget.healthMs(healthMs);
          this.#post('health', encodeMessage('health', await this.#deps.health()));
        }
        const again = await sender.pump();
        sleepMs = Math.min(sleepMs, again, sealAt - clock.monotonic(), healthAt - clock.monotonic());
      }
      if (!signal.aborted) await this.#inbox.sleep(Math.max(0, sleepMs));
    }
  }

  /**
   * Seals beside the conversation: after an outage there may be much to seal, and what is sealed already leaves
   * meanwhile. A disk that refuses for now is tried again.
   */
  #seal(): void {
    if (this.#sealing) return;
    this.#sealing = true;
    this.#deps.buffer
      .seal('live', 'due')
      .catch((error: unknown) => {
        if (!(error instanceof BufferError && error.retryable)) this.#fault = error;
        else this.#deps.log.warn('seal-failed', { code: error.code, error: error.message });
      })
      .finally(() => {
        this.#sealing = false;
        this.#inbox.wake();
      });
  }

  /** A clean end suppresses the will, so that the fleet is told here. */
  async #takeLeave(): Promise<SessionEnd> {
    if (this.welcomed && !this.#timeOnly && this.#ended === undefined) {
      const leave = this.#publish('status', encodeMessage('status', { online: false }));
      await within(LEAVE_TIMEOUT_MS, leave).catch(() => undefined);
    }
    return 'stopped';
  }

  #checkPulse(sender: Sender): void {
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#awaitsWelcome && this.#deps.clock.monotonic() - this.#helloAt > WELCOME_TIMEOUT_MS) {
      throw new UplinkError('timeout', `the fleet did not answer hello within ${WELCOME_TIMEOUT_MS} ms`);
    }
    if (sender.stalledMs > STALL_MS) {
      throw new UplinkError('stalled', `no ack for ${Math.round(sender.stalledMs / 1_000)} s`);
    }
  }

  async #sayHello(): Promise<void> {
    const { buffer, clock, configVersion, agentVersion } = this.#deps;
    // the epoch before the state: a change between them is seen, and said, at the next turn
    const { epoch } = buffer;
    const { firstUnacked, lastSealed, lastOrdinal, unsealedRows, heldUntold, directory, earlier } =
      await buffer.state();
    const { time, state, monotonic } = clock.now();
    this.#helloAt = monotonic;
    this.#helloEpoch = epoch;
    this.#helloAgainMs = HELLO_EVERY_MS * (1 + HELLO_JITTER * (this.#deps.random() - 0.5));
    this.#awaitsWelcome = true;
    const hello = {
      epoch,
      firstUnacked,
      lastSealed,
      lastOrdinal,
      unsealed: unsealedRows + heldUntold,
      directory,
      configVersion,
      agentVersion,
      clock: state,
      time,
      ...(earlier.length === 0 ? {} : { earlier: earlier.slice(0, MAX_EARLIER) }),
    };
    this.#post('hello', encodeMessage('hello', hello));
  }

  async #readInbox(sender: Sender): Promise<void> {
    for (let message = this.#inbox.take(); message !== undefined; message = this.#inbox.take()) {
      const { kind, payload } = message;
      try {
        await this.#handle(kind, payload, sender);
      } catch (cause) {
        if (!(cause instanceof Error) || cause.name !== 'WireError') throw cause;
        this.#deps.log.warn('message-malformed', { kind, error: cause.message });
      }
    }
  }

  async #handle(kind: DownKind, payload: Uint8Array, sender: Sender): Promise<void> {
    if (kind === 'welcome') return await this.#welcome(decodeMessage('welcome', payload), sender);
    if (this.#timeOnly) return;
    if (kind === 'ack') {
      const { buffer, log } = this.#deps;
      const ack: Ack = decodeMessage('ack', payload);
      return await takeAck({ buffer, sender, log }, ack);
    }
    if (kind === 'resend') return await this.#resend(decodeMessage('resend', payload), sender);
    this.#command(decodeMessage('command', payload));
  }

  async #welcome(welcome: Welcome, sender: Sender): Promise<void> {
    const { clock, log, buffer } = this.#deps;
    if (!this.#awaitsWelcome) return;
    this.#awaitsWelcome = false;
    const first = !this.welcomed;
    this.#welcomedAt ??= clock.monotonic();
    if (first) this.#deps.welcomed?.();
    clock.offer(welcome.time, clock.monotonic() - this.#helloAt);
    if (clock.now().state !== 'synced') {
      this.#helloAgainMs = Math.min(this.#helloAgainMs, this.#unsureMs);
      this.#unsureMs *= 2;
    }
    if (this.#timeOnly) return;
    if (welcome.renew === undefined) {
      const unacked = await buffer.directories();
      const known = new Set(unacked.map(({ hash }) => hexOf(hash)));
      const wanted = await buffer.directories(welcome.directories.filter((hash) => !known.has(hexOf(hash))));
      await this.#sendDirectories([...unacked, ...wanted]);
      await sender.resend(this.#helloEpoch, welcome.resend);
    } else if (await buffer.renew(this.#helloEpoch, welcome.renew)) {
      // hello is said again at once, for the new epoch
      log.error('epoch-renewed', { epoch: this.#helloEpoch, reason: welcome.renew });
    }
    for (const command of welcome.commands) this.#command(command);
    if (!first) return;
    log.info('uplink-welcomed', { resend: welcome.resend.length });
    this.#post('status', encodeMessage('status', { online: true }));
  }

  async #resend({ epoch, batches, directories }: Resend, sender: Sender): Promise<void> {
    await this.#sendDirectories(await this.#deps.buffer.directories(directories));
    await sender.resend(epoch, batches);
  }

  async #sendDirectories(directories: readonly StoredDirectory[]): Promise<void> {
    for (const { bytes } of directories) await within(PUBLISH_TIMEOUT_MS, this.#publish('directory', bytes));
  }

  #command(command: Command): void {
    void this.#deps.command(command, this.#ending.signal).then((result) => {
      this.#deps.log.info('command-answered', { ...result, name: command.name });
      this.#post('result', encodeMessage('result', result));
    });
  }

  #publish(kind: Parameters<Connection['publish']>[0], payload: Uint8Array): Promise<void> {
    return this.#connection?.publish(kind, payload) ?? Promise.resolve();
  }

  /** Sends without waiting: a connection that breaks meanwhile shows as its end. */
  #post(kind: Parameters<Connection['publish']>[0], payload: Uint8Array): void {
    this.#publish(kind, payload).catch(() => this.#inbox.wake());
  }
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
