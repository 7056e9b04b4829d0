import { listen } from '../channel/listen.js';
import type { Endpoint, UnitSettings } from '../driver.js';
import type { Sample } from '../sample.js';
import {
  FinderError,
  settingsName,
  type Candidate,
  type Finder,
  type FinderDeps,
  type FindOptions,
  type FindReport,
  type FoundDevice,
} from '../finder.js';
import { recogniseSensor } from './recognise-sensor.js';
import type { Identification } from './responses.js';
import { createSdi12Bus, type Sdi12Bus } from './sdi12-bus.js';
import { Sdi12Error } from './sdi12-error.js';
import { withTimeLimit } from '../time-limit.js';

const ADDRESSES = Array.from('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ');
/** The line itself, then what adapters speak. */
const SETTINGS = [
  { baudRate: 1200, dataBits: 7, parity: 'even', stopBits: 1 },
  { baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 },
  { baudRate: 19_200, dataBits: 8, parity: 'none', stopBits: 1 },
  { baudRate: 115_200, dataBits: 8, parity: 'none', stopBits: 1 },
] as const;
/** A sensor begins to answer within 15 ms (7.1); the rest is for the adapter's break and this machine, ms. */
const REPLY_MS = 300;
const TCP_REPLY_MS = 1_200;

interface Found {
  readonly address: string;
  /** Absent: it answers, and does not say what it is. */
  readonly said?: Identification;
}

/** Only silence is no answer: what comes in another form comes from somewhere. */
const somebody = async (ask: () => Promise<unknown>): Promise<boolean> => {
  try {
    await ask();
    return true;
  } catch (error) {
    if (!(error instanceof Sdi12Error)) throw error;
    if (error.code === 'closed') throw new FinderError('unreachable', error.message);
    return error.code !== 'timeout';
  }
};

/** One look through a line; what was found so far stands in it when it is stopped. */
class Search {
  readonly #options: FindOptions;
  readonly #deps: FinderDeps;
  readonly #devices: FoundDevice[] = [];
  readonly #doubtful: string[] = [];
  readonly #garbled = new Set<string>();
  readonly #notes: string[] = [];
  #endpoint: Endpoint;
  #overheard = 0;

  constructor(options: FindOptions, deps: FinderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#endpoint = options.target.endpoint;
  }

  async run(signal: AbortSignal): Promise<FindReport> {
    const complete = await withTimeLimit(signal, this.#options.lookMs, async (looking) => {
      try {
        await this.#listen(looking);
        await this.#look(looking, signal);
        return true;
      } catch (error) {
        if (!looking.aborted) throw error;
        return false;
      }
    });
    return {
      endpoint: this.#endpoint,
      framing: this.#options.target.framing,
      overheard: this.#overheard,
      devices: this.#devices,
      doubtful: this.#doubtful,
      garbled: [...this.#garbled],
      complete,
      notes: this.#notes,
    };
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { listenMs, force } = this.#options;
    this.#tell('listening', settingsName(this.#endpoint), 0, 1);
    const { bytes } = await listen(this.#endpoint, this.#deps, listenMs, signal);
    this.#overheard = bytes;
    if (bytes === 0) return;
    const heard = `${bytes} bytes came within ${listenMs} ms although nothing was asked`;
    if (!force)
      throw new FinderError(
        'busy',
        `${heard}: another recorder speaks on this line, or there is noise on it. Stop the other one first; --force looks all the same and disturbs it`,
      );
    this.#notes.push(`${heard}: another recorder speaks here, or there is noise`);
  }

  #tell(phase: 'listening' | 'looking' | 'recognising', what: string, done: number, total: number): void {
    this.#deps.progress({ phase, what, done, total, found: this.#devices.length });
  }

  async #look(looking: AbortSignal, signal: AbortSignal): Promise<void> {
    const { endpoint, settled } = this.#options.target;
    const tries = endpoint.type === 'serial' && !settled ? SETTINGS : [{}];
    for (const settings of tries) {
      this.#endpoint = { ...endpoint, ...settings };
      if (await this.#lookAt(looking, signal)) return;
    }
    this.#endpoint = endpoint;
  }

  /** Whether anybody answers at these settings. */
  async #lookAt(looking: AbortSignal, signal: AbortSignal): Promise<boolean> {
    const timeoutMs = this.#endpoint.type === 'serial' ? REPLY_MS : TCP_REPLY_MS;
    const { framing } = this.#options.target;
    const settings = {
      key: 'scan',
      endpoint: this.#endpoint,
      framing,
      timeoutMs,
      latenessMs: timeoutMs,
      pauseMs: 0,
    };
    const bus = createSdi12Bus(settings, this.#deps);
    try {
      // All sensors answer `?!` at once: garbled, where there are several.
      if (!(await somebody(() => bus.queryAddress(looking)))) return false;
      await this.#askAll(bus, looking, signal);
      if (this.#devices.length === 0) this.#garbled.add(settingsName(this.#endpoint));
      return this.#devices.length > 0;
    } finally {
      await bus.close();
    }
  }

  async #askAll(bus: Sdi12Bus, looking: AbortSignal, signal: AbortSignal): Promise<void> {
    const addresses = this.#options.addresses ?? ADDRESSES;
    for (const [done, address] of addresses.entries()) {
      looking.throwIfAborted();
      this.#tell('looking', `${settingsName(this.#endpoint)}, address ${address}`, done, addresses.length);
      const found = await this.#askOne(bus, address, looking);
      if (found === undefined) continue;
      this.#tell('recognising', `the sensor at ${address}`, done, addresses.length);
      this.#devices.push(await this.#recognised(bus, found, signal));
    }
  }

  async #askOne(bus: Sdi12Bus, address: string, signal: AbortSignal): Promise<Found | undefined> {
    let there = false;
    try {
      there = await bus.answers(address, signal);
      return there ? { address, said: await bus.identify(address, signal) } : undefined;
    } catch (error) {
      if (!(error instanceof Sdi12Error)) throw error;
      if (there) return { address };
      this.#doubtful.push(address);
      return undefined;
    }
  }

  async #recognised(bus: Sdi12Bus, { address, said }: Found, signal: AbortSignal): Promise<FoundDevice> {
    if (said === undefined) return { address, certain: false, rivals: [], samples: [] };
    const says = [said.vendor, said.model, said.version, said.serial].filter((part) => part !== '').join(' ');
    const [best, ...rivals] = recogniseSensor(said, this.#options.profiles);
    if (best === undefined) return { address, certain: false, rivals: [], samples: [], says };
    const samples = await this.#sample(bus, address, best, signal);
    const fitting = samples.filter(({ value }) => value !== null).length;
    const proved = { ...best, fitting, against: samples.length - fitting };
    return { address, best: proved, certain: proved.against === 0, rivals, samples, says };
  }

  #sample(
    bus: Sdi12Bus,
    address: string,
    { profile }: Candidate,
    signal: AbortSignal,
  ): Promise<readonly Sample[]> {
    const unit: UnitSettings = { address, maxRegisters: profile.maxRegisters, section: profile.section };
    return bus.read({ unit, points: profile.points }, signal);
  }
}

/**
 * Finds SDI-12 sensors: at each of the settings that adapters use until somebody answers `?!`, then by `a!` at all 62
 * addresses; recognises them by `aI!`, and reads what their profile says.
 */
export const findSdi12Devices: Finder = (options, deps, signal) => new Search(options, deps).run(signal);
