import type { Channel } from '../channel/channel.js';
import { Connection } from '../channel/connection.js';
import type { BusCounters, BusDeps, BusSettings, UnitCounters } from '../driver.js';
import type { Fault } from '../sample.js';
import { AskedUnit } from './asked-unit.js';

/** A suspect line must have been silent this long; USB adapters and serial servers hold bytes for 16 ms and more. */
const QUIET_MS = 50;
/** A line that is still not quiet this long after it should be belongs to someone else, too, ms. */
const PATIENCE_MS = 2_000;
/** Unanswered requests in a row after which the connection itself is doubted. */
const SILENT_REQUESTS = 10;
/** Bytes of one reply, if a protocol does not say. */
const MOST_BYTES = 4096;
/** A reply that goes on for so many times its timeout never ends. */
const LONGEST_REPLY = 20;

/** What the bytes so far are; `received` is all that came since the request left, without its echo. */
export type Reading<T> =
  | { readonly kind: 'more' }
  | { readonly kind: 'reply'; readonly value: T }
  | { readonly kind: 'fault'; readonly code: 'checksum' | 'frame'; readonly detail: string };

export interface LineRequest<T> {
  /** Empty: nothing is sent, and what comes unasked is the reply. */
  readonly bytes: Uint8Array;
  readonly read: (received: Uint8Array) => Reading<T>;
  /** Silence after which a reply is given up, from the last byte sent or received, ms; absent: the bus's. */
  readonly timeoutMs?: number;
  /** Times that the same bytes are sent again where no sound reply came; absent: 0. */
  readonly retries?: number;
  /** A reply of more bytes is none; absent: 4096. */
  readonly mostBytes?: number;
  /** No reply is as good as one: nothing is owed afterwards, and no silence is counted. */
  readonly maySayNothing?: boolean;
}

/** What came of one request; `at` is the monotonic ms at which it left. */
export type LineAnswer<T> =
  { readonly value: T; readonly at: number } | { readonly fault: Fault; readonly at: number };

/** What is known of all that speak on a line. */
export interface LineTraits {
  /**
   * Each reply says what it is and is of the time at which it comes, so that one to an earlier process does no harm:
   * the first request need not wait for the bus's lateness.
   */
  readonly repliesTell?: boolean;
}

type Outcome<T> = { readonly value: T } | { readonly fault: Fault };

interface Listener {
  receive(bytes: Uint8Array): void;
  lost(detail: string): void;
}

const beginsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, index) => bytes[index] === byte);

/** Wire time of one character, ms; 0 behind a network, where nobody knows the line's speed. */
const characterMs = ({ endpoint }: BusSettings): number =>
  endpoint.type === 'serial'
    ? (1000 * (1 + endpoint.dataBits + (endpoint.parity === 'none' ? 0 : 1) + endpoint.stopBits)) /
      endpoint.baudRate
    : 0;

/**
 * One line, on which one request at a time is under way. Where a request was not answered soundly, and at the start, the
 * line is suspect: nothing is sent until no reply can come any more (the bus's lateness) and the line has been quiet.
 */
export class AskingLine {
  readonly #settings: BusSettings;
  readonly #deps: BusDeps;
  readonly #connection: Connection;
  readonly #startedAt: number;
  readonly #units = new Map<string, AskedUnit>();
  readonly #counts = { requests: 0, ok: 0, timeouts: 0, checksumErrors: 0, lateReplies: 0, echoes: 0 };
  #exceptions = 0;
  #listener: Listener | undefined;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  #leftAt = Number.NEGATIVE_INFINITY;
  #suspectUntil: number;
  #suspect = true;
  #owing: AskedUnit | undefined;
  #unanswered = 0;
  #busyMs = 0;

  constructor(settings: BusSettings, deps: BusDeps, { repliesTell = false }: LineTraits) {
    this.#settings = settings;
    this.#deps = deps;
    this.#startedAt = deps.now();
    // An earlier process may have asked.
    this.#suspectUntil = this.#startedAt + (repliesTell ? 0 : settings.latenessMs);
    this.#connection = new Connection(settings.endpoint, deps, {
      opened: () => this.#doubt(),
      received: (bytes) => this.#receive(bytes),
      lost: (detail) => this.#listener?.lost(detail),
    });
  }

  /** What people should know of the port to make it better. */
  get hints(): readonly string[] {
    return this.#connection.hints;
  }

  /** Times that the line was opened: what a device was told before may be forgotten. */
  get openings(): number {
    return this.#connection.openings;
  }

  unit(address: string): AskedUnit {
    const known = this.#units.get(address) ?? new AskedUnit();
    this.#units.set(address, known);
    return known;
  }

  unitCounters(address: string): UnitCounters | undefined {
    return this.#units.get(address)?.counters(this.#settings.timeoutMs);
  }

  /** The unit answered soundly, and refused: what is no fault of the line. */
  countException(unit: AskedUnit): void {
    this.#exceptions++;
    unit.count('exceptions');
  }

  counters(): BusCounters {
    const elapsedMs = this.#deps.now() - this.#startedAt;
    return {
      ...this.#counts,
      exceptions: this.#exceptions,
      reconnects: this.#connection.reconnects,
      load: elapsedMs > 0 ? Math.min(1, this.#busyMs / elapsedMs) : 0,
    };
  }

  close(): Promise<void> {
    return this.#connection.drop();
  }

  /** Sends a request, and again where it bears that. Rejects only when `signal` aborts. */
  async request<T>(unit: AskedUnit, request: LineRequest<T>, signal: AbortSignal): Promise<LineAnswer<T>> {
    let answer = await this.#once(unit, request, signal);
    for (let left = request.retries ?? 0; left > 0 && 'fault' in answer; left--) {
      if (answer.fault.code === 'closed') break;
      answer = await this.#once(unit, request, signal);
    }
    return answer;
  }

  async #once<T>(unit: AskedUnit, request: LineRequest<T>, signal: AbortSignal): Promise<LineAnswer<T>> {
    signal.throwIfAborted();
    const channel = await this.#connection.open(signal);
    const start = this.#deps.now();
    if (typeof channel === 'string') return { fault: { code: 'closed', detail: channel }, at: start };
    try {
      if (!(await this.#settle(request, signal))) return { fault: NEVER_QUIET, at: this.#deps.now() };
      return await this.#ask(channel, unit, request, signal);
    } finally {
      this.#busyMs += this.#deps.now() - start;
    }
  }

  /** Waits until a request may leave; `false` where the line does not fall quiet. */
  async #settle({ bytes }: LineRequest<unknown>, signal: AbortSignal): Promise<boolean> {
    if (bytes.length === 0) return true;
    const giveUpAt = Math.max(this.#suspectUntil, this.#deps.now()) + PATIENCE_MS;
    for (;;) {
      const now = this.#deps.now();
      const free = Math.max(this.#lastByteAt, this.#leftAt) + this.#settings.pauseMs;
      const quiet = this.#suspect ? Math.max(this.#suspectUntil, this.#lastByteAt + QUIET_MS) : free;
      const wait = Math.max(free, quiet) - now;
      if (wait <= 0) break;
      if (now > giveUpAt) return false;
      await this.#deps.delay(Math.ceil(wait), signal);
      signal.throwIfAborted();
    }
    this.#suspect = false;
    this.#owing = undefined;
    return true;
  }

  async #ask<T>(
    channel: Channel,
    unit: AskedUnit,
    request: LineRequest<T>,
    signal: AbortSignal,
  ): Promise<LineAnswer<T>> {
    const at = this.#deps.now();
    this.#leftAt = at;
    if (request.bytes.length > 0) this.#counts.requests++;
    const scope = new AbortController();
    const stop = () => scope.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    // Until a sound reply came, one is owed: also where the caller went away meanwhile.
    this.#suspect = true;
    try {
      const outcome = await this.#hear(channel, unit, request, scope.signal);
      await this.#conclude(outcome, unit, request);
      return { ...outcome, at };
    } finally {
      this.#listener = undefined;
      signal.removeEventListener('abort', stop);
      scope.abort();
      if (this.#suspect) this.#doubt();
    }
  }

  /** Writes the request and collects bytes until there is a reply, a fault or silence. */
  async #hear<T>(
    channel: Channel,
    unit: AskedUnit,
    request: LineRequest<T>,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    const { bytes, mostBytes = MOST_BYTES, timeoutMs = this.#settings.timeoutMs } = request;
    const sent = { firstByteAt: undefined as number | undefined };
    let received: Uint8Array = new Uint8Array(0);
    let echoed = bytes.length === 0;
    const heard = new Promise<Outcome<T>>((resolve) => {
      const receive = (more: Uint8Array): void => {
        sent.firstByteAt ??= this.#deps.now();
        received = Buffer.concat([received, more]);
        if (!echoed) {
          if (received.length < bytes.length && beginsWith(bytes, received)) return;
          echoed = true;
          if (beginsWith(received, bytes)) {
            received = received.subarray(bytes.length);
            this.#counts.echoes++;
            unit.count('echoes');
          }
          if (received.length === 0) return;
        }
        if (received.length > mostBytes)
          return resolve(broken('frame', `more than ${mostBytes} bytes came, and no reply among them`));
        const reading = request.read(received);
        if (reading.kind === 'reply') resolve({ value: reading.value });
        else if (reading.kind === 'fault') resolve(broken(reading.code, reading.detail));
      };
      this.#listener = {
        receive,
        lost: (detail) => resolve({ fault: { code: 'closed', detail } }),
      };
    });
    const silence = this.#silence<T>(channel, bytes, timeoutMs, () => received.length, signal);
    const outcome = await Promise.race([heard, silence]);
    if ('value' in outcome && sent.firstByteAt !== undefined && bytes.length > 0)
      unit.answeredAfter(Math.max(0, sent.firstByteAt - this.#leftAt));
    return outcome;
  }

  /** Sends; then gives the outcome of a request after which the line has been silent for too long. */
  async #silence<T>(
    channel: Channel,
    bytes: Uint8Array,
    timeoutMs: number,
    received: () => number,
    signal: AbortSignal,
  ): Promise<Outcome<T>> {
    const wireMs = bytes.length * characterMs(this.#settings);
    try {
      const written = bytes.length === 0 ? undefined : channel.write(bytes);
      await Promise.race([written, this.#deps.delay(timeoutMs + wireMs, signal)]);
    } catch (error) {
      if (signal.aborted) throw error;
      return { fault: { code: 'closed', detail: error instanceof Error ? error.message : String(error) } };
    }
    const from = this.#deps.now();
    this.#leftAt = from;
    const latest = from + wireMs + LONGEST_REPLY * timeoutMs;
    for (;;) {
      const now = this.#deps.now();
      const until = Math.min(latest, Math.max(from + wireMs, this.#lastByteAt) + timeoutMs);
      if (now >= until) break;
      await this.#deps.delay(Math.ceil(until - now), signal);
    }
    if (received() === 0) return { fault: { code: 'timeout', detail: `no reply within ${timeoutMs} ms` } };
    return broken('frame', `${received()} bytes came that are no whole reply`);
  }

  async #conclude<T>(
    outcome: Outcome<T>,
    unit: AskedUnit,
    { bytes, maySayNothing = false }: LineRequest<T>,
  ): Promise<void> {
    if ('value' in outcome) {
      this.#suspect = false;
      this.#unanswered = 0;
      this.#connection.confirm();
      this.#counts.ok++;
      unit.count('ok');
      return;
    }
    const { code } = outcome.fault;
    if (code === 'timeout' && (maySayNothing || bytes.length === 0)) {
      this.#suspect = false;
      return;
    }
    if (code === 'checksum') this.#counts.checksumErrors++;
    if (code === 'checksum' || code === 'frame')
      unit.count(code === 'checksum' ? 'checksumErrors' : 'frameErrors');
    if (code !== 'timeout') return void (this.#unanswered = 0);
    this.#counts.timeouts++;
    unit.count('timeouts');
    this.#owing = unit;
    if (++this.#unanswered < SILENT_REQUESTS) return;
    this.#unanswered = 0;
    await this.#connection.drop();
  }

  #doubt(): void {
    this.#suspect = true;
    this.#suspectUntil = Math.max(this.#suspectUntil, this.#leftAt + this.#settings.latenessMs);
  }

  #receive(bytes: Uint8Array): void {
    this.#lastByteAt = this.#deps.now();
    if (this.#listener !== undefined) return this.#listener.receive(bytes);
    // Bytes that answer nothing under way: a late reply, or nobody knows what.
    this.#suspect = true;
    if (this.#owing === undefined) return;
    this.#counts.lateReplies++;
    this.#owing.count('lateReplies');
    this.#owing = undefined;
  }
}

const NEVER_QUIET: Fault = {
  code: 'frame',
  detail: 'the line is never quiet: noise, or another master',
};

const broken = (code: 'checksum' | 'frame', detail: string): { readonly fault: Fault } => ({
  fault: { code, detail },
});
