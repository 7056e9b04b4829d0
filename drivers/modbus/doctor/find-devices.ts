import { listen } from '../../channel/listen.js';
import type { BusSettings, Endpoint } from '../../driver.js';
import {
  FinderError,
  settingsName,
  type FindOptions,
  type FindProgress,
  type FindReport,
  type Finder,
  type FinderDeps,
  type FoundDevice,
} from '../../finder.js';
import type { ModbusBus } from '../modbus-bus.js';
import { createModbus } from '../modbus.js';
import {
  LIKELY_ADDRESSES,
  LINE_SETTINGS,
  probeTimeoutMs,
  SERIAL_ADDRESSES,
  TCP_ADDRESSES,
  UNLIKELY_ADDRESSES,
  type LineSettings,
} from './line-candidates.js';
import { probe, type Presence } from './probe.js';
import { recogniseUnit } from './recognise-unit.js';
import { timeLimit } from '../../time-limit.js';

const PATIENT_MS = 1000;
const TCP_PROBE_MS = 300;
/** A server of Modbus TCP says nothing to who does not ask. */
const SILENT_UNASKED = 'tcp';

const endpointWith = (endpoint: Endpoint, settings: LineSettings): Endpoint =>
  endpoint.type === 'serial' ? { ...endpoint, ...settings } : endpoint;

interface Heard {
  readonly address: number;
  readonly presence: Presence;
}

/** One look through a line; what was found so far stands in it when it is stopped. */
class Search {
  readonly #options: FindOptions;
  readonly #deps: FinderDeps;
  readonly #signal: AbortSignal;
  readonly #garbled = new Set<string>();
  readonly #doubtful = new Set<number>();
  readonly #notes: string[] = [];
  #endpoint: Endpoint;
  #overheard = 0;
  #present: number[] = [];
  #devices: FoundDevice[] = [];
  #done = 0;
  #total = 0;
  #looking: AbortSignal;

  constructor(options: FindOptions, deps: FinderDeps, signal: AbortSignal) {
    this.#options = options;
    this.#deps = deps;
    this.#signal = signal;
    this.#looking = signal;
    this.#endpoint = options.target.endpoint;
  }

  async run(): Promise<FindReport> {
    let complete = false;
    try {
      await this.#listen();
      complete = await this.#lookInTime();
      await this.#recognise();
    } catch (error) {
      if (!this.#signal.aborted) throw error;
      complete = false;
    }
    const known = new Set(this.#devices.map(({ address }) => address));
    const unknown = this.#present.map(String).filter((address) => !known.has(address));
    const devices = [
      ...this.#devices,
      ...unknown.map((address) => ({ address, certain: false, rivals: [], samples: [] })),
    ];
    return {
      endpoint: this.#endpoint,
      framing: this.#options.target.framing,
      overheard: this.#overheard,
      devices: devices.toSorted((a, b) => Number(a.address) - Number(b.address)),
      doubtful: [...this.#doubtful].map(String),
      garbled: [...this.#garbled],
      complete,
      notes: this.#notes,
    };
  }

  #tell(phase: FindProgress['phase'], what: string): void {
    const { progress } = this.#deps;
    progress({ phase, what, done: this.#done, total: this.#total, found: this.#present.length });
  }

  async #listen(): Promise<void> {
    const { target, listenMs, force } = this.#options;
    if (target.framing === SILENT_UNASKED) return;
    this.#tell('listening', settingsName(this.#endpoint));
    const { bytes } = await listen(this.#endpoint, this.#deps, listenMs, this.#signal);
    this.#overheard = bytes;
    if (bytes === 0) return;
    const heard = `${bytes} bytes came within ${listenMs} ms although nothing was asked`;
    if (!force)
      throw new FinderError(
        'busy',
        `${heard}: another master speaks on this line, or there is noise on it. Stop the other one first; --force looks all the same and disturbs it`,
      );
    this.#notes.push(`${heard}: another master speaks here, or there is noise`);
  }

  #settings(timeoutMs: number, endpoint: Endpoint): BusSettings {
    const { framing } = this.#options.target;
    return { key: 'scan', endpoint, framing, timeoutMs, latenessMs: timeoutMs, pauseMs: 0 };
  }

  async #withBus<T>(endpoint: Endpoint, timeoutMs: number, work: (bus: ModbusBus) => Promise<T>): Promise<T> {
    const bus = createModbus().openBus(this.#settings(timeoutMs, endpoint), this.#deps);
    try {
      return await work(bus);
    } finally {
      await bus.close();
    }
  }

  #candidates(): readonly LineSettings[] {
    const { endpoint, settled } = this.#options.target;
    if (endpoint.type === 'tcp') return LINE_SETTINGS.slice(0, 1);
    return settled ? [endpoint] : LINE_SETTINGS;
  }

  #addresses(): readonly number[] {
    const { target, addresses } = this.#options;
    return addresses?.map(Number) ?? (target.framing === 'tcp' ? TCP_ADDRESSES : SERIAL_ADDRESSES);
  }

  /** Gives whether all could be tried before the time was over. */
  async #lookInTime(): Promise<boolean> {
    this.#looking = timeLimit(this.#signal, this.#options.lookMs);
    try {
      await this.#look();
      return true;
    } catch (error) {
      if (this.#signal.aborted || !this.#looking.aborted) throw error;
      this.#notes.push(
        `the time was up after ${this.#done} of ${this.#total} tries: --within 30m looks on, --addresses and --baud look at less`,
      );
      return false;
    }
  }

  /** A quick look at every setting first, then all addresses: of the one that answered, else of each in turn. */
  async #look(): Promise<void> {
    const candidates = this.#candidates();
    const all = this.#addresses();
    const likely = all.filter((address) => LIKELY_ADDRESSES.includes(address));
    const quick = likely.length > 0 ? likely : all.slice(0, LIKELY_ADDRESSES.length);
    const passes = candidates.length > 1 ? candidates.length : 2;
    this.#total = (candidates.length > 1 ? candidates.length * quick.length : 0) + passes * all.length;
    const answered = candidates.length > 1 ? await this.#quickLook(candidates, quick) : undefined;
    for (const settings of answered === undefined ? candidates : [answered]) {
      this.#endpoint = endpointWith(this.#endpoint, settings);
      if (await this.#answersEverywhere(settings)) return;
      const rest = all.filter((address) => !this.#present.includes(address));
      if (answered !== undefined) this.#total = this.#done + rest.length;
      await this.#sweep(settings, rest, 'holding');
      if (this.#present.length > 0) return;
    }
    const [settings] = candidates;
    if (settings === undefined) return;
    this.#endpoint = endpointWith(this.#endpoint, settings);
    await this.#sweep(settings, all, 'input');
  }

  async #quickLook(
    candidates: readonly LineSettings[],
    addresses: readonly number[],
  ): Promise<LineSettings | undefined> {
    for (const settings of candidates) {
      await this.#sweep(settings, addresses, 'holding');
      if (this.#present.length > 0) return settings;
    }
    return undefined;
  }

  /** A TCP device without a line behind it may not look at the unit's number at all. */
  async #answersEverywhere(settings: LineSettings): Promise<boolean> {
    const { target, addresses } = this.#options;
    if (target.framing !== 'tcp' || addresses !== undefined) return false;
    await this.#sweep(settings, UNLIKELY_ADDRESSES, 'holding');
    if (this.#present.length < UNLIKELY_ADDRESSES.length) return false;
    this.#present = [1];
    this.#notes.push('one device answers at every unit address: unit 1 stands for all');
    return true;
  }

  /** Asks addresses in turn; doubtful ones once more, with patience, since a slow unit answers into the next one's turn. */
  async #sweep(
    settings: LineSettings,
    addresses: readonly number[],
    table: 'holding' | 'input',
  ): Promise<void> {
    const endpoint = endpointWith(this.#options.target.endpoint, settings);
    const timeoutMs = endpoint.type === 'serial' ? probeTimeoutMs(settings) : TCP_PROBE_MS;
    const doubtful = new Set<number>();
    await this.#withBus(endpoint, timeoutMs, async (bus) => {
      let before: number | undefined;
      for (const address of addresses) {
        const { presence } = await this.#ask(bus, endpoint, address, table);
        if (presence.kind === 'garbled') {
          doubtful.add(address);
          if (before !== undefined) doubtful.add(before);
          this.#garbled.add(settingsName(endpoint));
        }
        before = address;
      }
      const late = (address: number): number => bus.unitCounters(String(address))?.lateReplies ?? 0;
      for (const address of addresses) if (late(address) > 0) doubtful.add(address);
    });
    const asked = [...doubtful].filter((address) => !this.#present.includes(address));
    if (asked.length === 0) return;
    this.#total += asked.length;
    await this.#withBus(endpoint, PATIENT_MS, async (bus) => {
      for (const address of asked) {
        const { presence } = await this.#ask(bus, endpoint, address, table);
        if (presence.kind === 'garbled') this.#doubtful.add(address);
      }
    });
  }

  async #ask(
    bus: ModbusBus,
    endpoint: Endpoint,
    address: number,
    table: 'holding' | 'input',
  ): Promise<Heard> {
    this.#tell('looking', `${settingsName(endpoint)}, address ${address}`);
    const presence = await probe(bus, address, table, this.#looking);
    this.#done++;
    if (presence.kind === 'closed') throw new FinderError('unreachable', presence.detail);
    if (presence.kind === 'answers' && !this.#present.includes(address)) this.#present.push(address);
    return { address, presence };
  }

  async #recognise(): Promise<void> {
    const { profiles } = this.#options;
    this.#done = 0;
    this.#total = this.#present.length * profiles.length;
    await this.#withBus(this.#endpoint, PATIENT_MS, async (bus) => {
      for (const address of this.#present) {
        const what = `the device at address ${address}`;
        this.#tell('recognising', what);
        const unit = await recogniseUnit(bus, String(address), profiles, this.#signal, () => {
          this.#done++;
          this.#tell('recognising', what);
        });
        this.#devices.push({ address: String(address), ...unit });
      }
    });
  }
}

/**
 * Finds Modbus devices: listens, then asks addresses at the settings in their likely order, then finds the profile of
 * each who answers.
 */
export const findModbusDevices: Finder = (options, deps, signal) => new Search(options, deps, signal).run();
