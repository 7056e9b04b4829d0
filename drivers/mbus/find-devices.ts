import { listen } from '../channel/listen.js';
import type { Endpoint } from '../driver.js';
import {
  FinderError,
  settingsName,
  type FindOptions,
  type FindReport,
  type Finder,
  type FinderDeps,
  type FoundDevice,
} from '../finder.js';
import type { AskingBus, Exchange } from '../telegram/asking-bus.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { mbusAddressText, SELECTED, type SecondaryAddress } from './address.js';
import { createMbus } from './mbus.js';
import { identityOf, initialise, requestAll, select, type Readout } from './readout.js';
import { recogniseMbus } from './recognise-device.js';
import { withTimeLimit } from '../time-limit.js';

/** The usual speed first; meters that do not find their own are set to one of the others. */
const SPEEDS = [2400, 300, 9600, 4800, 1200, 600];
const PRIMARY_ADDRESSES = Array.from({ length: 251 }, (_, address) => address);
const DIGITS = 8;
/** Those that EN 13757-7 gives a name lie below. */
const MEDIA = Array.from({ length: 0x40 }, (_, medium) => medium);
const ANY_DIGIT = 'F';
/** EN 13757-2: a reply begins within 330 bit times and 50 ms; the rest is for adapters and this machine. */
const REPLY_BITS = 330;
const REPLY_MS = 50 + 150;
const TCP_MS = 800;

const replyMs = (endpoint: Endpoint): number =>
  endpoint.type === 'serial' ? Math.ceil((1000 * REPLY_BITS) / endpoint.baudRate) + REPLY_MS : TCP_MS;

interface Found {
  readonly address: string;
  readonly readout: Readout;
}

const isReadout = (answer: object): answer is Readout => 'parts' in answer;

/** One look through a line; what was found so far stands in it when it is stopped. */
class Search {
  readonly #options: FindOptions;
  readonly #deps: FinderDeps;
  readonly #found: Found[] = [];
  /** Answers, and never soundly. */
  readonly #doubtful: string[] = [];
  readonly #garbled = new Set<string>();
  readonly #notes: string[] = [];
  #endpoint: Endpoint;
  #overheard = 0;
  #done = 0;
  #total = 0;

  constructor(options: FindOptions, deps: FinderDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#endpoint = options.target.endpoint;
  }

  async run(signal: AbortSignal): Promise<FindReport> {
    const complete = await withTimeLimit(signal, this.#options.lookMs, async (looking) => {
      try {
        await this.#listen(looking);
        await this.#look(looking);
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
      devices: this.#found.map((found) => this.#recognised(found)),
      doubtful: this.#doubtful,
      garbled: [...this.#garbled],
      complete,
      notes: this.#notes,
    };
  }

  #recognised({ address, readout }: Found): FoundDevice {
    return { address, ...recogniseMbus(readout, this.#options.profiles, this.#deps.now()) };
  }

  #tell(what: string): void {
    const total = Math.max(this.#total, this.#done);
    this.#deps.progress({ phase: 'looking', what, done: this.#done, total, found: this.#found.length });
  }

  async #listen(signal: AbortSignal): Promise<void> {
    const { listenMs, force } = this.#options;
    const what = settingsName(this.#endpoint);
    this.#deps.progress({ phase: 'listening', what, done: 0, total: 1, found: 0 });
    const { bytes } = await listen(this.#endpoint, this.#deps, listenMs, signal);
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

  async #look(signal: AbortSignal): Promise<void> {
    const { endpoint, settled } = this.#options.target;
    const speeds = endpoint.type === 'serial' && !settled ? SPEEDS : [undefined];
    for (const baudRate of speeds) {
      const tried =
        endpoint.type === 'serial' && baudRate !== undefined ? { ...endpoint, baudRate } : endpoint;
      this.#endpoint = tried;
      await this.#withBus(tried, signal, (exchange) => this.#lookAt(exchange));
      if (this.#found.length > 0 || this.#doubtful.length > 0) return;
    }
    this.#endpoint = endpoint;
  }

  async #withBus(
    endpoint: Endpoint,
    signal: AbortSignal,
    work: (exchange: Exchange) => Promise<void>,
  ): Promise<void> {
    const timeoutMs = replyMs(endpoint);
    const { framing } = this.#options.target;
    const bus: AskingBus = createMbus().openBus(
      { key: 'scan', endpoint, framing, timeoutMs, latenessMs: timeoutMs, pauseMs: 0 },
      this.#deps,
    );
    try {
      await bus.talk('scan', work, signal);
    } finally {
      await bus.close();
    }
  }

  async #lookAt(exchange: Exchange): Promise<void> {
    const { addresses } = this.#options;
    const asked = addresses?.map(Number).filter((address) => PRIMARY_ADDRESSES.includes(address));
    const primaries = asked ?? PRIMARY_ADDRESSES;
    for (const address of addresses ?? [])
      if (!primaries.includes(Number(address)))
        this.#notes.push(
          `${address} was not asked: only primary addresses, 0 to 250, can be looked at one by one`,
        );
    this.#done = 0;
    this.#total = primaries.length + (addresses === undefined ? 1 : 0);
    if (addresses === undefined) {
      await initialise(exchange, SELECTED);
      await this.#narrow(exchange, 0, { identification: ANY_DIGIT.repeat(DIGITS) });
    }
    const known = new Set(this.#found.map(({ readout }) => readout.address));
    for (const address of primaries) {
      this.#tell(`${settingsName(this.#endpoint)}, address ${address}`);
      if (!known.has(address)) await this.#askPrimary(exchange, address);
      this.#done++;
    }
  }

  /**
   * Selects by a mask; where more than one device answers, by each digit in its next place. Devices with the same
   * identification are told apart by their media, as the two inputs of an adapter are, then by their fabrication numbers
   * in the same way as by the identification.
   */
  async #narrow(exchange: Exchange, place: number, mask: SecondaryAddress): Promise<boolean> {
    const text = mbusAddressText({ kind: 'secondary', ...mask });
    this.#tell(`${settingsName(this.#endpoint)}, devices ${text}`);
    const failed = await select(exchange, mask, 0);
    this.#done++;
    this.#checkOpen(failed);
    if (failed?.fault.code === 'timeout') return false;
    const answer = failed === undefined ? await this.#readOut(exchange, SELECTED) : undefined;
    // Readouts that were broken off begin anew when their devices are selected next.
    await initialise(exchange, SELECTED);
    if (answer !== undefined) this.#keep(answer, mask.fabrication);
    else if (place < DIGITS) await this.#narrowDigits(exchange, place, mask);
    else if (mask.fabrication !== undefined) this.#doubtful.push(text);
    else if (mask.medium !== undefined || !(await this.#narrowMedia(exchange, mask)))
      await this.#narrowDigits(exchange, 0, { ...mask, fabrication: ANY_DIGIT.repeat(DIGITS) });
    return true;
  }

  async #narrowDigits(exchange: Exchange, place: number, mask: SecondaryAddress): Promise<void> {
    this.#total += 10;
    for (let digit = 0; digit < 10; digit++) {
      const next = (text: string): string => `${text.slice(0, place)}${digit}${text.slice(place + 1)}`;
      const { identification, fabrication } = mask;
      const narrower =
        fabrication === undefined
          ? { ...mask, identification: next(identification) }
          : { ...mask, fabrication: next(fabrication) };
      await this.#narrow(exchange, place + 1, narrower);
    }
  }

  /** Whether any medium was answered for. */
  async #narrowMedia(exchange: Exchange, mask: SecondaryAddress): Promise<boolean> {
    this.#total += MEDIA.length;
    let answered = false;
    for (const medium of MEDIA)
      answered = (await this.#narrow(exchange, DIGITS, { ...mask, medium })) || answered;
    return answered;
  }

  #keep(readout: Readout, fabrication: string | undefined): void {
    const identity = identityOf(readout.parts);
    if (identity?.identification === undefined) return;
    const address = mbusAddressText({
      kind: 'secondary',
      identification: identity.identification,
      ...(identity.manufacturer === undefined ? {} : { manufacturer: identity.manufacturer }),
      ...(identity.version === undefined ? {} : { version: identity.version }),
      ...(identity.medium === undefined ? {} : { medium: identity.medium }),
      ...(fabrication === undefined ? {} : { fabrication }),
    });
    if (!this.#found.some((found) => found.address === address)) this.#found.push({ address, readout });
  }

  async #askPrimary(exchange: Exchange, address: number): Promise<void> {
    if (!(await initialise(exchange, address))) return;
    const readout = await this.#readOut(exchange, address);
    if (readout === undefined) this.#doubtful.push(String(address));
    else this.#found.push({ address: String(address), readout });
  }

  /** `undefined`: nothing sound came. */
  async #readOut(exchange: Exchange, address: number): Promise<Readout | undefined> {
    try {
      const answer = await requestAll(exchange, address, 0);
      if (isReadout(answer)) return answer;
      this.#checkOpen(answer);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      this.#notes.push(`the device at ${address} sends what cannot be read: ${error.message}`);
    }
    this.#garbled.add(settingsName(this.#endpoint));
    return undefined;
  }

  #checkOpen(
    answer: { readonly fault: { readonly code: string; readonly detail: string } } | undefined,
  ): void {
    if (answer?.fault.code === 'closed') throw new FinderError('unreachable', answer.fault.detail);
  }
}

/**
 * Finds M-Bus devices: by wildcard search of their secondary addresses, with collisions narrowed down digit by digit,
 * then by the primary addresses that are left; on a serial port at each speed until somebody answers.
 */
export const findMbusDevices: Finder = (options, deps, signal) => new Search(options, deps).run(signal);
