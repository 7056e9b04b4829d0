import type {
  Bus,
  BusCounters,
  BusDeps,
  BusSettings,
  ChipEndpoint,
  ReadRequest,
  UnitCounters,
  UnitSettings,
  WriteRequest,
  WriteResult,
} from '../driver.js';
import type { Doubt, Fault, Sample } from '../sample.js';
import { isFieldPoint, type FieldPoint } from '../profile.js';
import { faultySamples } from '../telegram/asking-bus.js';
import { samplesOf } from '../telegram/samples-of.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { findGpioTools, type GpioTools } from './gpio-tools.js';
import { LineWatch, type Watched } from './line-watch.js';
import type { News } from './untold.js';
import { PulseError } from './pulse-error.js';
import { wiringOf } from './section.js';

const LARGEST = 2n ** 63n - 1n;

interface Unit {
  readonly watch: LineWatch;
  readonly counts: { ok: number; timeouts: number };
}

const plain = (value: bigint): number | bigint =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value;

const NO_NEWS: News = { changes: [] };

const doubtOf = (why: string | undefined): { readonly doubt?: Doubt } =>
  why === undefined ? {} : { doubt: { reason: 'gap', detail: why } };

const contact = (closed: boolean | undefined, raw: Uint8Array): Field =>
  closed === undefined
    ? { value: null, raw, fault: { code: 'sentinel', detail: 'no edge and no level of it is known yet' } }
    : { value: closed ? 1 : 0, raw };

const telegramOf = (address: string, watched: Watched, gap: string | undefined): Telegram => {
  const { count, lostEdges, gaps, closed, raw } = watched;
  return {
    address,
    fields: new Map<string, Field>([
      ['count', { value: plain(count), raw, ...doubtOf(gap) }],
      ['closed', contact(closed, raw)],
      ['lost_edges', { value: lostEdges, raw }],
      ['gaps', { value: gaps, raw }],
    ]),
  };
};

/** Of the contact each change with its time and then what it is now; of the others what they are now. */
const samplesFor = (point: FieldPoint, address: string, watched: Watched, now: number): readonly Sample[] => {
  const news = watched.news.get(point.key) ?? NO_NEWS;
  const current = samplesOf([point], telegramOf(address, watched, news.gap), now);
  if (point.field !== 'closed') return current;
  const changes = news.changes.flatMap(({ closed, at }, index) => {
    const field = { ...contact(closed, watched.raw), ...doubtOf(index === 0 ? news.dropped : undefined) };
    return samplesOf([point], { address, fields: new Map([['closed', field]]) }, at);
  });
  return point.kind === 'event' && changes.length > 0 ? changes : [...changes, ...current];
};

/** The digital inputs of one chip, each watched from its first read on. */
export class PulseBus implements Bus {
  readonly #settings: BusSettings;
  readonly #chip: ChipEndpoint;
  readonly #deps: BusDeps;
  readonly #units = new Map<string, Unit>();
  #tools: Promise<GpioTools> | undefined;

  constructor(settings: BusSettings, chip: ChipEndpoint, deps: BusDeps) {
    this.#settings = settings;
    this.#chip = chip;
    this.#deps = deps;
  }

  async read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    return this.#read(request, true, signal);
  }

  /** Sets the count to what the dial says. Throws a `PulseError` for any other point. */
  async write({ unit, point, value }: WriteRequest, signal: AbortSignal): Promise<WriteResult> {
    if (!isFieldPoint(point) || point.field !== 'count')
      throw new PulseError('not-writable', `${point.key} is not a count: only that can be set to the dial`);
    const pulses = Math.round((Number(value) - point.offset) / point.scale);
    if (!Number.isSafeInteger(pulses) || BigInt(pulses) > LARGEST)
      throw new PulseError('value', `${String(value)} is no count`);
    const [before] = await this.#read({ unit, points: [point] }, false, signal);
    if (before === undefined || before.fault !== undefined) {
      const fault: Fault = before?.fault ?? { code: 'closed', detail: 'the line is not watched' };
      return { outcome: 'failed', before: before ?? this.#nothing(point, fault), fault };
    }
    const failure = await this.#unit(unit).watch.set(BigInt(pulses), signal);
    if (failure !== undefined)
      return { outcome: 'failed', before, fault: { code: 'closed', detail: failure } };
    const [after] = await this.#read({ unit, points: [point] }, false, signal);
    return { outcome: 'written', before, ...(after === undefined ? {} : { after }) };
  }

  counters(): BusCounters {
    const units = [...this.#units.values()];
    const sum = (of: (unit: Unit) => number): number => units.reduce((total, unit) => total + of(unit), 0);
    const ok = sum(({ counts }) => counts.ok);
    const timeouts = sum(({ counts }) => counts.timeouts);
    return {
      requests: ok + timeouts,
      ok,
      timeouts,
      checksumErrors: 0,
      exceptions: 0,
      lateReplies: 0,
      reconnects: sum(({ watch }) => watch.reconnects),
      load: 0,
    };
  }

  unitCounters(address: string): UnitCounters | undefined {
    const unit = this.#units.get(address);
    if (unit === undefined) return undefined;
    return {
      ...unit.counts,
      checksumErrors: 0,
      frameErrors: 0,
      exceptions: 0,
      lateReplies: 0,
      echoes: 0,
      turnaroundMs: null,
      timeoutMs: this.#settings.timeoutMs,
      holes: 0,
    };
  }

  async close(): Promise<void> {
    await Promise.all([...this.#units.values()].map(({ watch }) => watch.close()));
  }

  async #read(
    { unit, points }: ReadRequest,
    tells: boolean,
    signal: AbortSignal,
  ): Promise<readonly Sample[]> {
    const { watch, counts } = this.#unit(unit);
    const asking = { keys: points.map(({ key }) => key), tells };
    const watched = await watch.read(asking, this.#settings.timeoutMs, signal);
    const now = this.#deps.now();
    if (typeof watched === 'string') {
      counts.timeouts++;
      return faultySamples(points, { code: 'closed', detail: watched }, now);
    }
    counts.ok++;
    return points.filter(isFieldPoint).flatMap((point) => samplesFor(point, unit.address, watched, now));
  }

  #unit({ address, section }: UnitSettings): Unit {
    const known = this.#units.get(address);
    if (known !== undefined) return known;
    const line = { chip: this.#chip.chip, line: Number(address), wiring: wiringOf(section) };
    const watch = new LineWatch(line, this.#deps, (signal) => this.#findTools(signal));
    const unit: Unit = { watch, counts: { ok: 0, timeouts: 0 } };
    this.#units.set(address, unit);
    return unit;
  }

  /** Which version is installed is asked once; where that failed, again. */
  async #findTools(signal: AbortSignal): Promise<GpioTools> {
    this.#tools ??= findGpioTools(this.#deps, signal);
    try {
      return await this.#tools;
    } catch (error) {
      this.#tools = undefined;
      throw error;
    }
  }

  #nothing({ key }: FieldPoint, fault: Fault): Sample {
    return { point: key, value: null, raw: new Uint8Array(0), at: this.#deps.now(), fault };
  }
}
