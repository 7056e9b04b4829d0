import { Connection } from '../channel/connection.js';
import type {
  Bus,
  BusCounters,
  BusDeps,
  BusSettings,
  ReadRequest,
  UnitCounters,
  UnitSettings,
} from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import { isFieldPoint, type FieldPoint, type ProfilePoint } from '../profile.js';
import { Heard } from './heard.js';
import { TelegramError } from './telegram-error.js';
import type { Telegram } from './telegram.js';

/** Takes bytes as they come, in any pieces; gives the telegrams that have become whole. Bounded whatever comes. */
export type Framer = (bytes: Uint8Array) => readonly Uint8Array[];

/** What differs between protocols whose devices speak unasked. */
export interface ListeningParts {
  /** A framer that begins anew: one for each section and opening of the line. */
  readonly createFramer: (section: unknown) => Framer;
  /** Reads one whole telegram; throws a `TelegramError`, nothing else. */
  readonly decode: (raw: Uint8Array, section: unknown) => Telegram;
  /** Each telegram says all that there is, so that nobody waits for the next one for what is not in it. */
  readonly complete: boolean;
}

/**
 * A line that has said nothing sound for so long is opened anew: TCP connections die without a word, and a device may have
 * been set to another speed.
 */
const SILENT_MS = 60_000;
const SILENT_TIMEOUTS = 10;
const RETRY_MS = 500;
/** Of a character: start, data, parity, stop. */
const BITS = 10;
/** Devices that one line is listened to for at most. */
const MAX_UNITS = 64;
/** Addresses of others that a fault names. */
const MAX_NAMED = 4;

/** The devices whose telegrams are read by the same section. */
interface Stream {
  readonly section: unknown;
  frame: Framer;
  readonly units: Map<string, Unit>;
}

interface Unit {
  readonly heard: Heard;
  readonly counts: { ok: number; timeouts: number };
}

const CLOSED: Fault = { code: 'closed', detail: 'the bus was closed' };

const fieldPoint = (point: ProfilePoint): FieldPoint => {
  if (isFieldPoint(point)) return point;
  throw new TelegramError('decode', `point ${point.key} lives in a register, not in a field of a telegram`);
};

const damagedFields = ({ fields }: Telegram): number =>
  [...fields.values()].filter(({ fault }) => fault?.code === 'checksum').length;

/** A line whose devices speak unasked: from the first read on it is listened to, whether or not somebody reads. */
class ListeningBus implements Bus {
  readonly #settings: BusSettings;
  readonly #deps: BusDeps;
  readonly #parts: ListeningParts;
  readonly #connection: Connection;
  readonly #closing = new AbortController();
  readonly #streams: Stream[] = [];
  readonly #since: number;
  readonly #counts = { requests: 0, ok: 0, timeouts: 0, checksumErrors: 0, frameErrors: 0 };
  #others: readonly string[] = [];
  #listening: Promise<void> | undefined;
  #lastByte = 0;
  /** When a telegram was sound, or the line was opened, monotonic ms. */
  #lastSound = 0;
  #bytes = 0;
  /** Why the line is not open; absent while it is, or is being opened. */
  #down: string | undefined;
  /** The last telegram that was refused, since the last sound one. */
  #refused: TelegramError | undefined;
  #waiting: (() => void)[] = [];
  #idle = new AbortController();

  constructor(settings: BusSettings, deps: BusDeps, parts: ListeningParts) {
    this.#settings = settings;
    this.#deps = deps;
    this.#parts = parts;
    this.#since = deps.now();
    this.#connection = new Connection(settings.endpoint, deps, {
      opened: () => this.#begin(),
      received: (bytes) => this.#receive(bytes),
      lost: (why) => {
        this.#down = why;
        this.#idle.abort();
        this.#arouse();
      },
    });
  }

  async read({ unit, points }: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    signal.throwIfAborted();
    const asked = points.map(fieldPoint);
    const known = this.#unit(unit);
    this.#counts.requests++;
    if (known === undefined) {
      const fault: Fault = { code: 'frame', detail: `more than ${MAX_UNITS} devices on one line` };
      return asked.map((point) => this.#nothing(point, fault));
    }
    if (!this.#closing.signal.aborted) this.#listening ??= this.#listen();
    const ready = (): boolean => asked.every((point) => known.heard.ready(point));
    await this.#wait(ready, signal);
    const answered = asked.some((point) => known.heard.ready(point));
    for (const counts of [this.#counts, known.counts]) counts[answered ? 'ok' : 'timeouts']++;
    const silence = this.#silence(unit.address);
    return asked.flatMap((point) => known.heard.take(point, silence, this.#deps.now()));
  }

  hints(): readonly string[] {
    return this.#connection.hints;
  }

  counters(): BusCounters {
    const { requests, ok, timeouts, checksumErrors } = this.#counts;
    const { endpoint } = this.#settings;
    const elapsed = this.#deps.now() - this.#since;
    const busy = endpoint.type === 'serial' ? (1000 * BITS * this.#bytes) / endpoint.baudRate : 0;
    return {
      requests,
      ok,
      timeouts,
      checksumErrors,
      exceptions: 0,
      lateReplies: 0,
      reconnects: this.#connection.reconnects,
      load: elapsed > 0 ? Math.min(1, busy / elapsed) : 0,
    };
  }

  /** Damage is of the line: a telegram that cannot be read does not say whose it was. */
  unitCounters(address: string): UnitCounters | undefined {
    const counts = this.#streams.map(({ units }) => units.get(address)?.counts).find(Boolean);
    if (counts === undefined) return undefined;
    const { checksumErrors, frameErrors } = this.#counts;
    return {
      ...counts,
      checksumErrors,
      frameErrors,
      exceptions: 0,
      lateReplies: 0,
      echoes: 0,
      turnaroundMs: null,
      timeoutMs: this.#settings.timeoutMs,
      holes: 0,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#arouse();
    await this.#listening;
    await this.#connection.drop();
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        const channel = await this.#connection.open(signal);
        if (typeof channel === 'string') {
          this.#down = channel;
          this.#arouse();
          await this.#deps.delay(RETRY_MS, signal);
        } else {
          await this.#untilSilent(signal);
        }
      } catch (cause) {
        if (!signal.aborted) this.#down = cause instanceof Error ? cause.message : String(cause);
      }
    }
  }

  /** Resolves when the line was lost, or was dropped since nothing comes any more. */
  async #untilSilent(signal: AbortSignal): Promise<void> {
    const silentMs = Math.max(SILENT_MS, SILENT_TIMEOUTS * this.#settings.timeoutMs);
    while (this.#connection.isOpen) {
      const left = this.#lastSound + silentMs - this.#deps.now();
      if (left <= 0) {
        this.#down = `nothing sound has come for ${Math.round(silentMs / 1000)} s`;
        await this.#connection.drop();
        return;
      }
      await this.#deps
        .delay(left, AbortSignal.any([signal, this.#idle.signal]))
        .catch(() => signal.throwIfAborted());
    }
  }

  #begin(): void {
    this.#down = undefined;
    this.#idle = new AbortController();
    this.#lastSound = this.#deps.now();
    for (const stream of this.#streams) stream.frame = this.#parts.createFramer(stream.section);
  }

  #receive(bytes: Uint8Array): void {
    this.#lastByte = this.#deps.now();
    this.#bytes += bytes.length;
    for (const stream of this.#streams) for (const raw of stream.frame(bytes)) this.#hear(stream, raw);
  }

  #hear({ section, units }: Stream, raw: Uint8Array): void {
    const telegram = this.#decode(raw, section);
    if (telegram === undefined) return;
    const { address } = telegram;
    const heard = [units.get(''), address === '' ? undefined : units.get(address)].filter(
      (unit) => unit !== undefined,
    );
    for (const unit of heard) unit.heard.accept(telegram, this.#lastByte);
    if (heard.length > 0) this.#arouse();
    else if (!this.#others.includes(address)) this.#others = [...this.#others, address].slice(-MAX_NAMED);
  }

  #decode(raw: Uint8Array, section: unknown): Telegram | undefined {
    try {
      const telegram = this.#parts.decode(raw, section);
      this.#counts.checksumErrors += damagedFields(telegram);
      this.#refused = undefined;
      this.#lastSound = this.#lastByte;
      this.#connection.confirm();
      return telegram;
    } catch (error) {
      // Thrown out of a port's data handler, a fault of a decoder would end the program.
      const refused =
        error instanceof TelegramError
          ? error
          : new TelegramError('decode', `the decoder failed: ${String(error)}`, { cause: error });
      this.#refused = refused;
      this.#counts[refused.code === 'checksum' ? 'checksumErrors' : 'frameErrors']++;
      return undefined;
    }
  }

  #unit({ address, section }: UnitSettings): Unit | undefined {
    const stream = this.#stream(section);
    const known = stream.units.get(address);
    if (known !== undefined) return known;
    if (this.#streams.reduce((sum, { units }) => sum + units.size, 0) >= MAX_UNITS) return undefined;
    const unit: Unit = { heard: new Heard(this.#parts.complete), counts: { ok: 0, timeouts: 0 } };
    stream.units.set(address, unit);
    return unit;
  }

  #stream(section: unknown): Stream {
    const known = this.#streams.find((stream) => stream.section === section);
    if (known !== undefined) return known;
    const stream: Stream = { section, frame: this.#parts.createFramer(section), units: new Map() };
    this.#streams.push(stream);
    return stream;
  }

  #arouse(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when `ready`, after the timeout, or when the line is down or closed. Rejects when `signal` aborts. */
  async #wait(ready: () => boolean, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const patience = { over: false };
    const end = (): void => {
      patience.over = true;
      this.#arouse();
    };
    const scope = AbortSignal.any([signal, this.#closing.signal, done.signal]);
    const timer = this.#deps.delay(this.#settings.timeoutMs, scope).then(end, end);
    while (!patience.over && this.#down === undefined && !ready())
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    done.abort();
    await timer;
    signal.throwIfAborted();
  }

  /** Why nothing is known of a unit. */
  #silence(address: string): Fault {
    if (this.#closing.signal.aborted) return CLOSED;
    if (this.#down !== undefined) return { code: 'closed', detail: this.#down };
    const refused = this.#refused;
    if (refused !== undefined)
      return { code: refused.code === 'encrypted' ? 'decode' : refused.code, detail: refused.message };
    const silence = `nothing of it came within ${this.#settings.timeoutMs} ms`;
    if (address === '' || this.#others.length === 0) return { code: 'timeout', detail: silence };
    const others = this.#others.map((other) => (other === '' ? 'a device without address' : other));
    return { code: 'timeout', detail: `${silence}; on the line is ${others.join(', ')}, not ${address}` };
  }

  #nothing({ key }: FieldPoint, fault: Fault): Sample {
    return { point: key, value: null, raw: new Uint8Array(0), at: this.#deps.now(), fault };
  }
}

/** A bus for devices that speak unasked. Connects nothing before the first read. */
export const createListeningBus = (settings: BusSettings, deps: BusDeps, parts: ListeningParts): Bus =>
  new ListeningBus(settings, deps, parts);
