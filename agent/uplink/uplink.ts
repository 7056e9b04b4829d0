import { BackOff } from './back-off.js';
import type { Connect } from './connection.js';
import type { DataBudget } from './data-budget.js';
import { UplinkError, type UplinkErrorCode } from './errors.js';
import { Session, type SessionDeps, type SessionEnd } from './session.js';

/** While there is no connection, full batches are sealed this often. */
const OFFLINE_SEAL_MS = 60_000;

export type UplinkState = 'connecting' | 'connected' | 'waiting' | 'stopped';

/** What the uplink shows of itself. */
export interface UplinkView {
  readonly state: UplinkState;
  /** UTC ms at which that state began. */
  readonly since: number;
  /** Why the last attempt failed or the last session ended, by name; `undefined` once the fleet welcomes us. */
  readonly cause: UplinkErrorCode | undefined;
  readonly lastError: string | undefined;
  /** Batches without ack on their way. */
  readonly inFlight: number;
  /** Batches that went again for want of an ack, in this session. */
  readonly resent: number;
  /** Sessions since the start. */
  readonly sessions: number;
  /** Of this UTC month; a budget of 0: none is set. */
  readonly data: {
    readonly month: string;
    readonly bytes: number;
    readonly budgetBytes: number;
    /** The backlog waits for the budget. */
    readonly awaited: boolean;
  };
}

export interface Uplink {
  view(): UplinkView;
  /** Takes leave and comes back at once: there is another certificate to show. */
  reconnect(): void;
  /** Takes leave of the fleet; resolves when the connection is closed. */
  stop(): Promise<void>;
}

export interface UplinkDeps extends SessionDeps {
  readonly connect: Connect;
  readonly budget: DataBudget;
  /** After a failure: the longest wait of the first step; it doubles with each further one to twelve times this. */
  readonly retryMs: number;
  /** Resolves after `ms`, or at once when the signal aborts. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Keeps a session with the fleet alive: each attempt makes a new client; nothing of the old one is kept. */
class UplinkSupervisor implements Uplink {
  readonly #deps: UplinkDeps;
  readonly #stopping = new AbortController();
  readonly #done: Promise<unknown>;
  /** Ends the session or attempt at hand. */
  #attempt = new AbortController();
  #state: UplinkState = 'connecting';
  #since: number;
  #fault: { readonly code: UplinkErrorCode; readonly text: string } | undefined;
  #session: Session | undefined;
  #sessions = 0;

  constructor(deps: UplinkDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now().time;
    this.#done = Promise.all([this.#keepConnected(), this.#sealOffline()]);
  }

  view(): UplinkView {
    return {
      state: this.#state,
      since: this.#since,
      ...this.#shownFault(),
      inFlight: this.#session?.inFlight ?? 0,
      resent: this.#session?.resent ?? 0,
      sessions: this.#sessions,
      data: { ...this.#deps.budget.use, awaited: this.#session?.awaitsBudget ?? false },
    };
  }

  #shownFault(): Pick<UplinkView, 'cause' | 'lastError'> {
    const fault = this.#session?.welcomed === true ? undefined : this.#fault;
    return { cause: fault?.code, lastError: fault?.text };
  }

  reconnect(): void {
    this.#attempt.abort();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#attempt.abort();
    await this.#done;
    this.#deps.budget.flush();
    this.#become('stopped');
  }

  async #keepConnected(): Promise<void> {
    const { signal } = this.#stopping;
    const backOff = new BackOff(this.#deps.random, this.#deps.retryMs);
    while (!signal.aborted) {
      this.#become('connecting');
      const session = new Session(this.#deps);
      this.#attempt = new AbortController();
      const attempt = this.#attempt.signal;
      let timeTaken = false;
      try {
        const end = await this.#converse(session, attempt);
        timeTaken = end === 'time-only' && this.#deps.clock.now().state !== 'unsynced';
      } catch (error) {
        this.#fail(error);
      }
      // With the time taken, the fleet is asked again at once, now with full checks.
      const waitMs = timeTaken || attempt.aborted ? 0 : backOff.next(session.welcomedMs);
      if (signal.aborted) break;
      this.#become('waiting');
      await this.#deps.pause(waitMs, signal);
    }
  }

  async #converse(session: Session, signal: AbortSignal): Promise<SessionEnd> {
    const connection = await this.#deps.connect({
      onMessage: (kind, payload) => session.receive(kind, payload),
      signal,
    });
    this.#session = session;
    this.#sessions += 1;
    this.#become('connected');
    try {
      return await session.run(connection, signal);
    } finally {
      this.#session = undefined;
      await connection.close();
    }
  }

  #fail(error: unknown): void {
    if (this.#attempt.signal.aborted) return;
    const text = error instanceof Error ? error.message : String(error);
    const code = error instanceof UplinkError ? error.code : 'unexpected';
    this.#fault = { code, text };
    this.#deps.log.warn('uplink-lost', { code, error: text });
  }

  async #sealOffline(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#deps.pause(OFFLINE_SEAL_MS, signal);
      if (signal.aborted || this.#state === 'connected') continue;
      try {
        await this.#deps.buffer.seal('backfill', 'full');
      } catch (error) {
        this.#deps.log.error('seal-failed', { error: String(error) });
      }
    }
  }

  #become(state: UplinkState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#since = this.#deps.clock.now().time;
    this.#deps.log.info('uplink-state', { state });
  }
}

/**
 * Starts keeping a session with the fleet: attempts with full-jitter back-off, each with a
 * new client; a session in which nothing moves for minutes is given up and made anew.
 */
export const startUplink = (deps: UplinkDeps): Uplink => new UplinkSupervisor(deps);
