import type { Channel } from '../channel/channel.js';
import type { BusCounters, BusDeps, BusSettings, UnitCounters } from '../driver.js';
import type { Fault } from '../sample.js';
import { Connection } from '../channel/connection.js';
import type { Arrival, Expectation, Framing } from './framing.js';
import { ByteTime } from './byte-time.js';
import { lineTimes, withoutGaps, type LineTimes, type ReadCosts } from './line-costs.js';
import { Suspicion } from './suspicion.js';
import { UnitState } from './unit-state.js';

/** Data of a reply whose length the request does not tell: the most that fits into a frame. */
const MOST_DATA_BYTES = 250;
/** Why the wait for a timeout ends; made once, since there is one for each request. */
const CONCLUDED = new Error('the request is concluded');
/** Bytes of a reply beside its data, in the serial shape: unit, function, byte count, CRC. */
const BESIDE_DATA = 5;
/** A line that is still not quiet this long after it should be belongs to someone else, too, ms. */
const PATIENCE_MS = 2_000;
/** Unanswered requests in a row after which the connection itself is doubted: answers count, not port events. */
const SILENT_REQUESTS = 3;

export interface LineRequest {
  /** In the serial shape. */
  readonly frame: Uint8Array;
  readonly expectation: Expectation;
  /** Silence that this unit needs between its last frame and this one, ms. */
  readonly pauseMs?: number;
  /** Send only if the line is still open as it was then (`openings`): nothing is written to a device not recognised. */
  readonly onOpening?: number;
  /**
   * A reply is waited for as long as one can come, and says nothing of how long reads take: a device that writes its
   * memory, or refuses what it does not know, may take far longer over that.
   */
  readonly patient?: boolean;
}

/** What came of one request; `at` is the monotonic ms at which it left. */
export type LineAnswer =
  | { readonly frame: Uint8Array; readonly at: number }
  | {
      readonly fault: Fault;
      readonly at: number;
      /** What came in place of the reply may well be that of a unit asked before: worth asking again. */
      readonly disturbed?: boolean;
    };

type Outcome =
  | Exclude<Arrival, { kind: 'late' | 'stray' }>
  | { readonly kind: 'timeout'; readonly afterMs: number }
  | { readonly kind: 'lost'; readonly detail: string };

/**
 * One line, on which one request at a time is under way. Where replies do not name their request, a line on which
 * anything went wrong is suspect: what comes is thrown away until the line is quiet, and the unit that owes a reply
 * is not asked until none can come any more (`Suspicion`). That outlives reconnects, since a serial server forwards
 * what comes late to the next connection; and it holds at the start, since an earlier process may have asked.
 */
export class Line {
  readonly #settings: BusSettings;
  readonly #deps: BusDeps;
  readonly #framing: Framing;
  readonly #connection: Connection;
  readonly #openedAt: number;
  #hear: ((outcome: Outcome) => void) | undefined;
  readonly #times: LineTimes;
  /** Of a line that a gateway hides. */
  readonly #byteTime: ByteTime | undefined;
  readonly #suspicion: Suspicion;
  readonly #units = new Map<number, UnitState>();
  #disturbed = false;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  #leftAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms of the last sign of each unit that was asked. */
  readonly #lastOf = new Map<number, number>();
  #unanswered = 0;
  #busyMs = 0;
  readonly #counts = { requests: 0, ok: 0, timeouts: 0, checksumErrors: 0, exceptions: 0, lateReplies: 0 };

  constructor(settings: BusSettings, deps: BusDeps, framing: Framing) {
    this.#settings = settings;
    this.#deps = deps;
    this.#framing = framing;
    this.#openedAt = deps.now();
    this.#times = lineTimes(settings);
    this.#byteTime = settings.endpoint.type === 'serial' ? undefined : new ByteTime();
    const suspectUntil = this.#openedAt + settings.latenessMs;
    this.#suspicion = new Suspicion(framing.matchesReplies ? Number.NEGATIVE_INFINITY : suspectUntil);
    this.#connection = new Connection(settings.endpoint, deps, {
      opened: () => {
        framing.reset();
        if (!framing.matchesReplies)
          this.#suspicion.everything(this.#leftAt + settings.latenessMs, deps.now());
      },
      received: (bytes) => this.#receive(bytes),
      lost: (detail) => this.#hear?.({ kind: 'lost', detail }),
    });
  }

  /** Sends a request and waits for its reply. Rejects only when `signal` aborts. */
  async exchange(request: LineRequest, signal: AbortSignal): Promise<LineAnswer> {
    signal.throwIfAborted();
    const channel = await this.#connection.open(signal);
    if (typeof channel === 'string') return this.#failed({ code: 'closed', detail: channel });
    if (request.onOpening !== undefined && request.onOpening !== this.#connection.openings)
      return this.#failed({ code: 'closed', detail: 'the line was opened anew in between' });
    const start = this.#deps.now();
    try {
      if (!(await this.#settle(request, signal)))
        return this.#failed({ code: 'frame', detail: 'the line is never quiet: noise, or another master' });
      return await this.#ask(channel, request, signal);
    } finally {
      this.#lastOf.set(request.expectation.unit, Math.max(this.#lastByteAt, this.#leftAt));
      this.#busyMs += this.#deps.now() - start;
    }
  }

  /** Times that the line was opened. */
  get openings(): number {
    return this.#connection.openings;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** What people should know of the port to make it better. */
  get hints(): readonly string[] {
    return this.#connection.hints;
  }

  /** What is known of a unit; it begins here. */
  unit(address: number): UnitState {
    const known = this.#units.get(address);
    if (known !== undefined) return known;
    const unit = new UnitState(this.#settings.latenessMs);
    this.#units.set(address, unit);
    return unit;
  }

  /** `undefined` where the unit was never asked. */
  unitCounters(address: number): UnitCounters | undefined {
    return this.#units.get(address)?.counters(this.#settings.timeoutMs);
  }

  /**
   * What reading a unit costs, by its turnaround as measured so far. Behind a gateway the cost of a register is learned
   * as well: until it is known, every other read goes without gaps, since replies of one size tell nothing.
   */
  costs(address: number, unitPauseMs = 0): ReadCosts {
    const unit = this.unit(address);
    const usual = this.#times.costs(unit.turnaround.meanMs, unitPauseMs);
    if (this.#byteTime === undefined) return usual;
    const byteMs = this.#byteTime.ms;
    const restMs = byteMs === undefined ? undefined : this.#byteTime.restMs(address, byteMs);
    if (byteMs !== undefined && restMs !== undefined)
      return this.#times.measuredCosts(byteMs, restMs, unitPauseMs);
    return unit.takeTurn() ? usual : withoutGaps(usual);
  }

  /** Counts the meaning of a sound reply, which the line cannot read. */
  count(meaning: 'ok' | 'exceptions', unit: UnitState): void {
    this.#counts[meaning]++;
    unit.count(meaning);
  }

  counters(): BusCounters {
    const elapsedMs = this.#deps.now() - this.#openedAt;
    return {
      ...this.#counts,
      echoes: this.#framing.echoes ?? 0,
      reconnects: this.#connection.reconnects,
      load: elapsedMs > 0 ? Math.min(1, this.#busyMs / elapsedMs) : 0,
    };
  }

  close(): Promise<void> {
    return this.#connection.drop();
  }

  #failed(fault: Fault): LineAnswer {
    return { fault, at: this.#deps.now() };
  }

  /** Waits until a request may leave; `false` where a suspect line does not fall quiet. */
  async #settle(request: LineRequest, signal: AbortSignal): Promise<boolean> {
    const unit = this.unit(request.expectation.unit);
    const soonest = this.#suspicion.earliest(unit, Number.NEGATIVE_INFINITY);
    const giveUpAt = Math.max(soonest, this.#deps.now()) + PATIENCE_MS;
    for (;;) {
      const now = this.#deps.now();
      const wait = this.#earliestSend(request, unit) - now;
      if (wait <= 0) break;
      if (now > giveUpAt) return false;
      await this.#deps.delay(Math.ceil(wait), signal);
      signal.throwIfAborted();
    }
    this.#suspicion.clear();
    return true;
  }

  #earliestSend({ expectation, pauseMs = 0 }: LineRequest, unit: UnitState): number {
    const gapMs = this.#framing.gapMs + this.#settings.pauseMs;
    const rested = (this.#lastOf.get(expectation.unit) ?? Number.NEGATIVE_INFINITY) + pauseMs;
    const free = Math.max(Math.max(this.#lastByteAt, this.#leftAt) + gapMs, rested);
    return this.#framing.matchesReplies
      ? free
      : Math.max(free, this.#suspicion.earliest(unit, this.#lastByteAt));
  }

  async #ask(channel: Channel, request: LineRequest, signal: AbortSignal): Promise<LineAnswer> {
    const scope = new AbortController();
    const stop = () => scope.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const at = this.#deps.now();
    this.#leftAt = at;
    this.#counts.requests++;
    const unit = this.unit(request.expectation.unit);
    const wireMs = this.#wireMs(request);
    const echoes = this.#framing.echoes ?? 0;
    let outcome: Outcome | undefined;
    try {
      const heard = new Promise<Outcome>((resolve) => (this.#hear = resolve));
      const bytes = this.#framing.send(request.frame, request.expectation);
      outcome = await Promise.race([
        heard,
        this.#expire(channel, bytes, this.#timeoutMs(unit, wireMs, request), scope.signal),
      ]);
    } finally {
      signal.removeEventListener('abort', stop);
      this.#hear = undefined;
      scope.abort(CONCLUDED);
      if ((this.#framing.echoes ?? 0) > echoes) unit.count('echoes');
      if (outcome?.kind !== 'reply') this.#giveUp(unit, wireMs, outcome?.kind);
    }
    if (outcome.kind === 'reply') this.#learn(request, unit, outcome.frame, this.#deps.now() - at, wireMs);
    return { ...(await this.#conclude(outcome, unit)), at };
  }

  /** Sends; then gives the outcome of a request to which nothing is heard in time. */
  async #expire(
    channel: Channel,
    bytes: Uint8Array,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<Outcome> {
    try {
      const written = channel.write(bytes).then(() => (this.#leftAt = this.#deps.now()));
      await Promise.race([written, this.#deps.delay(timeoutMs, signal)]);
    } catch (error) {
      if (signal.aborted) throw error;
      return { kind: 'lost', detail: error instanceof Error ? error.message : String(error) };
    }
    await this.#deps.delay(timeoutMs, signal);
    return { kind: 'timeout', afterMs: Math.round(timeoutMs) };
  }

  #learn(
    { expectation, patient = false }: LineRequest,
    unit: UnitState,
    { length }: Uint8Array,
    ms: number,
    wireMs: number,
  ): void {
    if (patient) return;
    unit.turnaround.learn(Math.max(0, ms - wireMs));
    const { dataBytes, unit: address } = expectation;
    // An exception is shorter than what was asked for, and some units give it at once.
    if (typeof dataBytes === 'number' && length === dataBytes + BESIDE_DATA)
      this.#byteTime?.learn(address, dataBytes, ms);
  }

  #wireMs({ expectation: { dataBytes } }: LineRequest): number {
    const bytes = typeof dataBytes === 'number' ? dataBytes : MOST_DATA_BYTES;
    const byteMs = this.#byteTime?.ms;
    return byteMs === undefined ? this.#times.wireMs(bytes) : bytes * byteMs;
  }

  /** Behind a network the speed of a line is not known: there the configured timeout and lateness are all. */
  #knownWireMs(wireMs: number): number {
    return this.#settings.endpoint.type === 'serial' ? wireMs : 0;
  }

  #timeoutMs(unit: UnitState, wireMs: number, { patient = false }: LineRequest): number {
    const { timeoutMs } = this.#settings;
    if (patient) return this.#knownWireMs(wireMs) + Math.max(timeoutMs, unit.latenessMs);
    return Math.min(timeoutMs + this.#knownWireMs(wireMs), wireMs + unit.turnaround.timeoutMs(timeoutMs));
  }

  #giveUp(unit: UnitState, wireMs: number, kind: Outcome['kind'] | undefined): void {
    this.#framing.abandon();
    const now = this.#deps.now();
    const late = kind === 'fault' ? this.#suspicion.inPlaceOf(unit, now) : undefined;
    if (late !== undefined) this.#countLate(late);
    this.#disturbed = late !== undefined;
    const until = this.#leftAt + this.#knownWireMs(wireMs) + unit.latenessMs;
    const owedUntil = this.#framing.matchesReplies ? now : until;
    this.#suspicion.owes(unit, this.#leftAt, owedUntil, now, kind === 'timeout');
  }

  async #conclude(
    outcome: Outcome,
    unit: UnitState,
  ): Promise<{ frame: Uint8Array } | { fault: Fault; disturbed?: boolean }> {
    this.#unanswered = outcome.kind === 'timeout' ? this.#unanswered + 1 : 0;
    switch (outcome.kind) {
      case 'reply':
        this.#connection.confirm();
        return { frame: outcome.frame };
      case 'fault':
        this.#counts.checksumErrors += outcome.code === 'checksum' ? 1 : 0;
        unit.count(outcome.code === 'checksum' ? 'checksumErrors' : 'frameErrors');
        return { fault: { code: outcome.code, detail: outcome.detail }, disturbed: this.#disturbed };
      case 'timeout':
        return { fault: await this.#timedOut(unit, outcome.afterMs) };
      case 'broken':
        unit.count('frameErrors');
        await this.#connection.drop();
        return { fault: { code: 'frame', detail: outcome.detail } };
      default:
        return { fault: { code: 'closed', detail: outcome.detail } };
    }
  }

  async #timedOut(unit: UnitState, afterMs: number): Promise<Fault> {
    this.#counts.timeouts++;
    unit.count('timeouts');
    unit.turnaround.silent();
    if (this.#unanswered >= SILENT_REQUESTS) {
      this.#unanswered = 0;
      await this.#connection.drop();
    }
    return { code: 'timeout', detail: `no reply within ${afterMs} ms` };
  }

  #receive(bytes: Uint8Array): void {
    this.#lastByteAt = this.#deps.now();
    for (const arrival of this.#framing.receive(bytes)) {
      if (arrival.kind === 'late' || arrival.kind === 'stray') this.#strayed();
      else if (this.#hear !== undefined) this.#hear(arrival);
      else if (arrival.kind === 'broken') void this.#connection.drop();
    }
  }

  /** Bytes that answer no request under way: a late reply, or nobody knows what. */
  #strayed(): void {
    const now = this.#deps.now();
    const { matchesReplies } = this.#framing;
    const until = this.#leftAt + this.#settings.latenessMs;
    const late = this.#suspicion.stray(now, matchesReplies ? now : until);
    if (late !== undefined) this.#countLate(late);
  }

  #countLate(unit: UnitState): void {
    this.#counts.lateReplies++;
    unit.count('lateReplies');
    this.#unanswered = 0;
  }
}
