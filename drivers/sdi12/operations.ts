import type { Fault } from '../sample.js';
import type { AskingBus, Exchange } from '../telegram/asking-bus.js';
import type { Reading } from '../telegram/asking-line.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { askLine } from './exchanges.js';
import { MOST_VALUES, parseCommandBody, type Measurement } from './measurements.js';
import {
  isAddress,
  parseAnnouncement,
  parseIdentification,
  parseParameter,
  type Identification,
  type ParameterDescription,
} from './responses.js';
import { Sdi12Error } from './sdi12-error.js';

/** What a technician does on a line. What fails rejects with an `Sdi12Error`. */
export interface Sdi12Operations {
  /** The address of the only sensor on the line, `?!` (4.4.3). */
  queryAddress(signal: AbortSignal): Promise<string>;
  /** Whether a sensor answers at an address, `a!` (4.4.1), asked once; rejects where what comes is no sound answer. */
  answers(address: string, signal: AbortSignal): Promise<boolean>;
  /** `aI!` (4.4.2). */
  identify(address: string, signal: AbortSignal): Promise<Identification>;
  /** Gives a sensor another address, `aAb!` (4.4.4), once nobody answers at that one. */
  changeAddress(from: string, to: string, signal: AbortSignal): Promise<void>;
  /** What each value of a measurement (`M`, `C1`, `RC0`, ...) is, in its order (6). */
  describe(
    address: string,
    measurement: string,
    signal: AbortSignal,
  ): Promise<readonly ParameterDescription[]>;
}

const addressOnly = (text: string): { readonly address: string } => {
  if (!isAddress(text))
    throw new TelegramError('frame', `${JSON.stringify(text)} is no address alone: several sensors at once?`);
  return { address: text };
};

/** From the first answer to `?!` to that of another sensor through a slow adapter, ms. */
const ANOTHER_MS = 250;

const isFault = (result: object): result is Fault => 'code' in result && 'detail' in result;

/** A task that a technician has done: its fault is an error. */
const alone = async <T extends object>(
  asking: AskingBus,
  address: string,
  task: (exchange: Exchange) => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  const result = await asking.talk(address, task, signal);
  if (isFault(result)) throw new Sdi12Error(result);
  return result;
};

const isThere = async (exchange: Exchange, address: string, retries?: number): Promise<boolean> => {
  try {
    await askLine(exchange, address, '', addressOnly, retries);
    return true;
  } catch (error) {
    if (error instanceof Sdi12Error && error.code === 'timeout') return false;
    throw error;
  }
};

const change = async (
  exchange: Exchange,
  from: string,
  to: string,
): Promise<{ readonly address: string }> => {
  for (const address of [from, to])
    if (!isAddress(address))
      throw new Sdi12Error({ code: 'exception', detail: `${address} is no SDI-12 address` });
  if (await isThere(exchange, to))
    throw new Sdi12Error({ code: 'exception', detail: `a sensor answers at ${to} already` });
  return askLine(exchange, from, `A${to}`, (text) => {
    const answer = addressOnly(text);
    if (answer.address !== to)
      throw new TelegramError('frame', `the sensor says ${answer.address}, not its new address ${to}`);
    return { address: from };
  });
};

/** All sensors of a line answer `?!` at once, or nearly: one that is late must not answer the next question. */
const queryAddress = async (exchange: Exchange): Promise<{ readonly address: string }> => {
  const answer = await askLine(exchange, '?', '', addressOnly);
  const another = await exchange.request({
    bytes: new Uint8Array(0),
    timeoutMs: ANOTHER_MS,
    maySayNothing: true,
    read: (): Reading<true> => ({ kind: 'reply', value: true }),
  });
  if ('value' in another)
    throw new Sdi12Error({ code: 'frame', detail: 'several sensors answer: there is no one address' });
  return answer;
};

/** A measurement as it is named in a metadata command. */
const named = (measurement: string): { readonly measurement: Measurement; readonly crc: boolean } => {
  const parsed = parseCommandBody(measurement);
  if (parsed === undefined)
    throw new Sdi12Error({
      code: 'exception',
      detail: `${measurement} is no measurement: M, M1, C, R0, V, ...`,
    });
  return parsed;
};

const describeValue = (
  exchange: Exchange,
  address: string,
  measurement: string,
  index: number,
): Promise<ParameterDescription> => {
  const { crc } = named(measurement);
  const body = `I${measurement}_${String(index).padStart(3, '0')}`;
  return askLine(exchange, address, body, (text) => parseParameter(text, { crc }));
};

/** `aIR0!` is no command (6.1, table 19): the values of R are asked for one by one, until the sensor has no more. */
const describeContinuous = async (
  exchange: Exchange,
  address: string,
  measurement: string,
): Promise<readonly ParameterDescription[]> => {
  const values = [await describeValue(exchange, address, measurement, 1)];
  try {
    while (values.length < MOST_VALUES.R)
      values.push(await describeValue(exchange, address, measurement, values.length + 1));
  } catch (error) {
    if (!(error instanceof Sdi12Error) || error.code !== 'timeout') throw error;
  }
  return values;
};

/** `aIM!` says how many (6.1), `aIM_001!` and so on what each is (6.2). */
const describeAll = async (
  exchange: Exchange,
  address: string,
  measurement: string,
): Promise<readonly ParameterDescription[]> => {
  const { kind } = named(measurement).measurement;
  if (kind === 'R') return describeContinuous(exchange, address, measurement);
  const parse = (text: string) => parseAnnouncement(text, kind);
  const { values: count } = await askLine(exchange, address, `I${measurement}`, parse);
  const values: ParameterDescription[] = [];
  while (values.length < count)
    values.push(await describeValue(exchange, address, measurement, values.length + 1));
  return values;
};

/** The operations of a line, each alone on it. */
export const createOperations = (asking: AskingBus): Sdi12Operations => ({
  queryAddress: async (signal) => (await alone(asking, '?', queryAddress, signal)).address,
  answers: async (address, signal) =>
    (
      await alone(
        asking,
        address,
        async (exchange) => ({ there: await isThere(exchange, address, 0) }),
        signal,
      )
    ).there,
  identify: (address, signal) =>
    alone(asking, address, (exchange) => askLine(exchange, address, 'I', parseIdentification), signal),
  changeAddress: async (from, to, signal) => {
    await alone(asking, from, (exchange) => change(exchange, from, to), signal);
  },
  describe: async (address, measurement, signal) => {
    const task = async (exchange: Exchange) => ({
      values: await describeAll(exchange, address, measurement),
    });
    return (await alone(asking, address, task, signal)).values;
  },
});
