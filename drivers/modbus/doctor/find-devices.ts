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
import { withTimeLimit } from '../../time-limit.js';

const PATIENT_MS = 1000;
const TCP_PROBE_MS = 300;
/** A server of Modbus TCP says nothing to who does not ask. */
const SILENT_UNASKED = 'tcp';

const endpointWith = (endpoint: Endpoint, settings: LineSettings): Endpoint =>
  endpoint.type === 'serial' ? { ...endpoint, ...settings } : endpoint;

/** Settings, of the likely ones, at which devices are looked for although others were found. */
const USUAL_SETTINGS = 8;

const elsewhere = (addresses: readonly number[], there: Endpoint, here: Endpoint): string => {
  const who = addresses.length === 1 ? 'a device answers' : 'devices answer';
  const [baud = '', format = ''] = settingsName(there).split(' ');
  return `${who} at ${settingsName(there)} too, address ${addresses.join(', ')}, and a line has one speed and format: set to ${settingsName(here)} what shall share this line; --baud ${baud} --format ${format} shows what it is`;
};

/** Who answers at one setting. */
interface Answering {
  readonly present: number[];
  /** Addresses from which something comes, and never a sound reply. */
  readonly doubtful: Set<number>;
}

/** One look through a line; what was found so far stands in it when it is stopped. */
class Search {
  readonly #options: FindOptions;
  readonly #deps: FinderDeps;
  readonly #signal: AbortSignal;
  readonly #garbled = new Set<string>();
  readonly #notes: string[] = [];
  /** Settings with which the port could not be opened. */
  readonly #refused = new Set<LineSettings>();
  #endpoint: Endpoint;
  #overheard = 0;
  #answering: Answering = { present: [], doubtful: new Set() };
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
    const { present, doubtful } = this.#answering;
    const unknown = present.map(String).filter((address) => !known.has(address));
    const devices = [
      ...this.#devices,
      ...unknown.map((address) => ({ address, certain: false, rivals: [], samples: [] })),
    ];
    return {
      endpoint: this.#endpoint,
      framing: this.#options.target.framing,
      overheard: this.#overheard,
      devices: devices.toSorted((a, b) => Number(a.address) - Number(b.address)),
      doubtful: [...doubtful].map(String),
      garbled: [...this.#garbled],
      complete,
      notes: this.#notes,
    };
  }

  #tell(phase: FindProgress['phase'], what: string): void {
    const { progress } = this.#deps;
    progress({ phase, what, done: this.#done, total: this.#total, found: this.#answering.present.length });
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
    try {
      await withTimeLimit(this.#signal, this.#options.lookMs, async (looking) => {
        this.#looking = looking;
        await this.#look();
      });
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
      if (this.#refused.has(settings)) continue;
      this.#endpoint = endpointWith(this.#endpoint, settings);
      if (await this.#answersEverywhere(settings)) return;
      const rest = all.filter((address) => !this.#answering.present.includes(address));
      if (answered !== undefined) this.#total = this.#done + rest.length;
      await this.#sweep(settings, rest, 'holding');
      if (this.#answering.present.length === 0) continue;
      if (answered !== undefined) await this.#lookElsewhere(settings, candidates, quick);
      return;
    }
    const settings = candidates.find((each) => !this.#refused.has(each));
    if (settings === undefined) return;
    this.#endpoint = endpointWith(this.#endpoint, settings);
    await this.#sweep(settings, all, 'input');
  }

  async #quickLook(
    candidates: readonly LineSettings[],
    addresses: readonly number[],
  ): Promise<LineSettings | undefined> {
    for (const settings of candidates) {
      await this.#try(settings, addresses, this.#answering);
      if (this.#answering.present.length > 0) return settings;
      if (this.#refused.size === candidates.length)
        throw new FinderError('unreachable', this.#notes.at(-1) ?? '');
    }
    return undefined;
  }

  /** A port that cannot do some settings, as the Pi's mini-UART can no parity, is looked through at the others. */
  async #try(settings: LineSettings, addresses: readonly number[], answering: Answering): Promise<void> {
    try {
      await this.#sweep(settings, addresses, 'holding', answering);
    } catch (error) {
      if (!(error instanceof FinderError) || error.code !== 'unreachable') throw error;
      this.#done += addresses.length;
      this.#refused.add(settings);
      const endpoint = endpointWith(this.#options.target.endpoint, settings);
      this.#notes.push(`${settingsName(endpoint)} could not be tried: ${error.message}`);
    }
  }

  /**
   * In a box of meters each may have settings of its own, and hears nothing at those of the others: those that answer at
   * one of the settings not tried yet are told, since a line has one. A port that does not mind its settings tells nothing.
   */
  async #lookElsewhere(
    found: LineSettings,
    candidates: readonly LineSettings[],
    addresses: readonly number[],
  ): Promise<void> {
    const others = candidates.slice(candidates.indexOf(found) + 1, USUAL_SETTINGS);
    this.#total = this.#done + others.length * addresses.length;
    const notes: string[] = [];
    for (const settings of others) {
      const endpoint = endpointWith(this.#options.target.endpoint, settings);
      const there: Answering = { present: [], doubtful: new Set() };
      await this.#try(settings, addresses, there);
      if (there.present.length > 0) notes.push(elsewhere(there.present, endpoint, this.#endpoint));
    }
    if (notes.length <= others.length / 2) this.#notes.push(...notes);
  }

  /** A TCP device without a line behind it may not look at the unit's number at all. */
  async #answersEverywhere(settings: LineSettings): Promise<boolean> {
    const { target, addresses } = this.#options;
    if (target.framing !== 'tcp' || addresses !== undefined) return false;
    await this.#sweep(settings, UNLIKELY_ADDRESSES, 'holding');
    if (this.#answering.present.length < UNLIKELY_ADDRESSES.length) return false;
    this.#answering = { present: [1], doubtful: new Set() };
    this.#notes.push('one device answers at every unit address: unit 1 stands for all');
    return true;
  }

  /** Asks addresses in turn; doubtful ones once more, with patience, since a slow unit answers into the next one's turn. */
  async #sweep(
    settings: LineSettings,
    addresses: readonly number[],
    table: 'holding' | 'input',
    answering = this.#answering,
  ): Promise<void> {
    const endpoint = endpointWith(this.#options.target.endpoint, settings);
    const timeoutMs = endpoint.type === 'serial' ? probeTimeoutMs(settings) : TCP_PROBE_MS;
    const doubtful = new Set<number>();
    await this.#withBus(endpoint, timeoutMs, async (bus) => {
      let before: number | undefined;
      for (const address of addresses) {
        const presence = await this.#ask(bus, endpoint, address, table, answering);
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
    const asked = [...doubtful].filter((address) => !answering.present.includes(address));
    if (asked.length === 0) return;
    this.#total += asked.length;
    await this.#withBus(endpoint, PATIENT_MS, async (bus) => {
      for (const address of asked) {
        const presence = await this.#ask(bus, endpoint, address, table, answering);
        if (presence.kind === 'garbled') answering.doubtful.add(address);
      }
    });
  }

  async #ask(
    bus: ModbusBus,
    endpoint: Endpoint,
    address: number,
    table: 'holding' | 'input',
    { present }: Answering,
  ): Promise<Presence> {
    this.#tell('looking', `${settingsName(endpoint)}, address ${address}`);
    const presence = await probe(bus, address, table, this.#looking);
    this.#done++;
    if (presence.kind === 'closed') throw new FinderError('unreachable', presence.detail);
    if (presence.kind === 'answers' && !present.includes(address)) present.push(address);
    return presence;
  }

  async #recognise(): Promise<void> {
    const { profiles } = this.#options;
    this.#done = 0;
    this.#total = this.#answering.present.length * profiles.length;
    await this.#withBus(this.#endpoint, PATIENT_MS, async (bus) => {
      for (const address of this.#answering.present) {
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
