import { Turns } from '../channel/turns.js';
import type { Bus, BusDeps, BusSettings, ReadRequest, UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import { isFieldPoint, type FieldPoint } from '../profile.js';
import { AskingLine, type LineAnswer, type LineRequest, type LineTraits } from './asking-line.js';
import { TelegramError } from './telegram-error.js';

const NO_BYTES = new Uint8Array(0);
const CLOSED: Fault = { code: 'closed', detail: 'the bus was closed' };

/** The line while it is one caller's turn. */
export interface Exchange {
  /**
   * Sends bytes once the line is free (after a fault: once no late reply can come), and collects what comes until
   * `read` finds a whole reply or a fault in it, or nothing more comes. Rejects only when `signal` aborts.
   */
  request<T>(request: LineRequest<T>): Promise<LineAnswer<T>>;
  /** The device answered soundly, and refused. */
  refused(): void;
  /** Times that the line was opened: state that a device keeps of its master does not outlive an opening. */
  readonly openings: number;
  readonly signal: AbortSignal;
  /** Monotonic ms. */
  now(): number;
  /** Resolves after `ms`; rejects when `signal` aborts. */
  delay(ms: number): Promise<void>;
}

/**
 * Asks one unit for points. Gives at least one sample for each; throws a `TelegramError` where all come to the same
 * fault, nothing else.
 */
export type Ask = (
  exchange: Exchange,
  unit: UnitSettings,
  points: readonly FieldPoint[],
) => Promise<readonly Sample[]>;

export interface AskingBus extends Bus {
  /**
   * Runs a task alone on the line; what it asks is counted for the unit at `address`. Gives a fault where the bus is
   * closed; rejects when `signal` aborts, or with what the task throws.
   */
  talk<T>(address: string, task: (exchange: Exchange) => Promise<T>, signal: AbortSignal): Promise<T | Fault>;
}

/** The same fault for each point. */
export const faultySamples = (
  points: readonly { readonly key: string }[],
  fault: Fault,
  at: number,
): readonly Sample[] => points.map(({ key }) => ({ point: key, value: null, raw: NO_BYTES, at, fault }));

/** An encrypted telegram came whole: its fault is that it cannot be decoded. */
export const faultOf = ({ code, message }: TelegramError): Fault => ({
  code: code === 'encrypted' ? 'decode' : code,
  detail: message,
});

const isFault = (result: readonly Sample[] | Fault): result is Fault => 'code' in result;

/** A bus of devices that speak when they are asked. It connects when it is first needed, and again after a loss. */
export const createAskingBus = (
  settings: BusSettings,
  deps: BusDeps,
  ask: Ask,
  traits: LineTraits = {},
): AskingBus => {
  const line = new AskingLine(settings, deps, traits);
  const turns = new Turns();
  const closing = new AbortController();

  const exchangeFor = (address: string, signal: AbortSignal): Exchange => {
    const unit = line.unit(address);
    return {
      request: (request) => line.request(unit, request, signal),
      refused: () => line.countException(unit),
      get openings() {
        return line.openings;
      },
      signal,
      now: deps.now,
      delay: (ms) => deps.delay(ms, signal),
    };
  };

  const talk = async <T>(
    address: string,
    task: (exchange: Exchange) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | Fault> => {
    const scope = AbortSignal.any([signal, closing.signal]);
    try {
      return await turns.take(() => task(exchangeFor(address, scope)), scope);
    } catch (error) {
      signal.throwIfAborted();
      if (closing.signal.aborted) return CLOSED;
      throw error;
    }
  };

  const read = async ({ unit, points }: ReadRequest, signal: AbortSignal): Promise<readonly Sample[]> => {
    const fields = points.filter(isFieldPoint);
    try {
      const result = await talk(unit.address, (exchange) => ask(exchange, unit, fields), signal);
      return isFault(result) ? faultySamples(points, result, deps.now()) : result;
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      return faultySamples(points, faultOf(error), deps.now());
    }
  };

  return {
    read,
    talk,
    hints: () => line.hints,
    counters: () => line.counters(),
    unitCounters: (address) => line.unitCounters(address),
    close: async () => {
      closing.abort();
      await turns.idle();
      await line.close();
    },
  };
};
