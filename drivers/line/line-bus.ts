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
import type { FieldPoint } from '../profile.js';
import { createAskingBus, faultySamples, type Ask, type Exchange } from '../telegram/asking-bus.js';
import { createListeningBus } from '../telegram/listening-bus.js';
import { samplesOf } from '../telegram/samples-of.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { lineDialect } from './dialect.js';
import { instrumentOf, type Instrument } from './instrument.js';
import { LineError } from './line-error.js';
import { createLineFramer } from './line-framer.js';

/** Bytes that may come before the reply: greetings, echoes, other instruments' lines. */
const MOST_REPLY_BYTES = 8192;
const UNUSED: BusCounters = {
  requests: 0,
  ok: 0,
  timeouts: 0,
  checksumErrors: 0,
  exceptions: 0,
  lateReplies: 0,
  reconnects: 0,
  load: 0,
};

type Reply = { readonly telegram: Telegram } | { readonly refused: string };

/** Looks for the reply among the lines that came; keeps why the last line was none. */
class ReplyReader {
  readonly #instrument: Instrument;
  readonly #address: string;
  #strange: TelegramError | undefined;

  constructor(instrument: Instrument, address: string) {
    this.#instrument = instrument;
    this.#address = address;
  }

  /** Of the last line that could not be read. */
  get strange(): TelegramError | undefined {
    return this.#strange;
  }

  read(received: Uint8Array): Reply | undefined {
    this.#strange = undefined;
    for (const line of createLineFramer(this.#instrument.terminator, false)(received)) {
      const reply = this.#line(line);
      if (reply !== undefined) return reply;
    }
    return undefined;
  }

  #line(line: Uint8Array): Reply | undefined {
    const refused = this.#instrument.refusal(line);
    if (refused !== undefined) return { refused };
    try {
      const telegram = this.#instrument.decode(line);
      const { address } = telegram;
      if (this.#address === '' || address === '' || address === this.#address) return { telegram };
      this.#strange = new TelegramError('frame', `${address} answers, and ${this.#address} was asked`);
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      this.#strange = error;
    }
    return undefined;
  }
}

const instrumentFor = (section: unknown): Instrument => {
  try {
    return instrumentOf(section);
  } catch (error) {
    if (!(error instanceof LineError)) throw error;
    throw new TelegramError('decode', `the key line ${error.message}`, { cause: error });
  }
};

const ask: Ask = async (
  exchange: Exchange,
  { address, section }: UnitSettings,
  points: readonly FieldPoint[],
): Promise<readonly Sample[]> => {
  const instrument = instrumentFor(section);
  if (instrument.command === undefined)
    throw new TelegramError('frame', 'this device speaks unasked, and others on this line are asked');
  const reader = new ReplyReader(instrument, address);
  const answer = await exchange.request<Reply>({
    bytes: instrument.command(address),
    retries: 1,
    mostBytes: MOST_REPLY_BYTES,
    read: (received) => {
      const reply = reader.read(received);
      if (reply !== undefined) return { kind: 'reply', value: reply };
      const { strange } = reader;
      if (strange?.code === 'checksum') return { kind: 'fault', code: 'checksum', detail: strange.message };
      return { kind: 'more' };
    },
  });
  if ('fault' in answer) {
    if (answer.fault.code !== 'closed' && reader.strange !== undefined) throw reader.strange;
    return faultySamples(points, answer.fault, answer.at);
  }
  if ('refused' in answer.value) {
    exchange.refused();
    return faultySamples(points, { code: 'exception', detail: answer.value.refused }, answer.at);
  }
  return samplesOf(points, answer.value.telegram, answer.at);
};

const decodeLine = (raw: Uint8Array, section: unknown): Telegram => {
  if (lineDialect.telegrams === undefined) throw new TelegramError('decode', 'lines have no telegrams');
  return lineDialect.telegrams.decode(raw, section);
};

const listen = (settings: BusSettings, deps: BusDeps): Bus =>
  createListeningBus(settings, deps, {
    createFramer: (section) => createLineFramer(instrumentFor(section).terminator, true),
    decode: decodeLine,
    complete: false,
  });

/**
 * One line of ASCII instruments. Its first device decides whether the line is asked or listened to: it cannot be both.
 */
export class LineBus implements Bus {
  readonly #settings: BusSettings;
  readonly #deps: BusDeps;
  #bus: { readonly asks: boolean; readonly bus: Bus } | undefined;

  constructor(settings: BusSettings, deps: BusDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  async read(request: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> {
    const opened = this.#open(request.unit);
    return 'bus' in opened
      ? opened.bus.read(request, signal)
      : faultySamples(request.points, opened, this.#deps.now());
  }

  #open({ section }: UnitSettings): { readonly asks: boolean; readonly bus: Bus } | Fault {
    try {
      const asks = instrumentFor(section).command !== undefined;
      this.#bus ??= {
        asks,
        bus: asks ? createAskingBus(this.#settings, this.#deps, ask) : listen(this.#settings, this.#deps),
      };
      if (this.#bus.asks === asks) return this.#bus;
      const detail = asks
        ? 'this device must be asked, and others on this line speak unasked: it needs a line of its own'
        : 'this device speaks unasked, and others on this line are asked: it needs a line of its own';
      return { code: 'frame', detail };
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return { code: 'decode', detail: error.message };
    }
  }

  hints(): readonly string[] {
    return this.#bus?.bus.hints?.() ?? [];
  }

  counters(): BusCounters {
    return this.#bus?.bus.counters() ?? UNUSED;
  }

  unitCounters(address: string): UnitCounters | undefined {
    return this.#bus?.bus.unitCounters(address);
  }

  async close(): Promise<void> {
    await this.#bus?.bus.close();
  }
}
