import type { Exchange } from '../telegram/asking-bus.js';
import type { LineRequest, Reading } from '../telegram/asking-line.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { decodePacket, packetLength } from './binary-packet.js';
import { asciiOf, isLineNoise } from './line-text.js';
import { dataCommand, pagesOf, startCommand, type Measurement } from './measurements.js';
import { parseAnnouncement, parseValues, type Announcement, type SensorValue } from './responses.js';
import { Sdi12Error } from './sdi12-error.js';

/** SDI-12 1.4, 7.2: a recorder asks again; values may be fetched as often as it takes. */
const RETRIES = 1;
const FETCH_RETRIES = 2;
/** How much later than announced a service request may come, ms. */
const SERVICE_GRACE_MS = 1_000;
const NO_BYTES = new Uint8Array(0);
const LF = 0x0a;
const CR = 0x0d;

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const judged = <T>(read: () => T): Reading<T> => {
  try {
    return { kind: 'reply', value: read() };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { kind: 'fault', code: error.code === 'checksum' ? 'checksum' : 'frame', detail: error.message };
  }
};

/** The first line that is not empty, behind the noise of breaks; adapters end lines of their own. */
const firstLine = (received: Uint8Array): Uint8Array | undefined => {
  for (let from = 0; ;) {
    const end = received.indexOf(LF, from);
    if (end < 0) return undefined;
    const line = received.subarray(from, end).filter((byte) => byte !== 0 && (byte & 0x7f) !== CR);
    const begin = line.findIndex((byte) => !isLineNoise(byte));
    if (begin >= 0) return line.subarray(begin);
    from = end + 1;
  }
};

const checkSender = (sender: string, asked: string): void => {
  if (sender !== asked && asked !== '?')
    throw new TelegramError('frame', `sensor ${sender} answered what ${asked} was asked`);
};

const checkAlone = (received: Uint8Array): void => {
  if (received.indexOf(LF) !== received.length - 1)
    throw new TelegramError('frame', 'several sensors answer: there is no one address');
};

/** Reads one line, from the sensor that was asked: another's answer is no answer. */
const lineReader =
  <T extends { readonly address: string }>(address: string, parse: (text: string) => T) =>
  (received: Uint8Array): Reading<T> => {
    const line = firstLine(received);
    if (line === undefined) return { kind: 'more' };
    return judged(() => {
      if (address === '?') checkAlone(received);
      const answer = parse(asciiOf(line));
      checkSender(answer.address, address);
      return answer;
    });
  };

const packetReader =
  (address: string) =>
  (received: Uint8Array): Reading<readonly SensorValue[]> => {
    const from = received.findIndex((byte) => byte !== 0);
    const bytes = from < 0 ? NO_BYTES : received.subarray(from);
    const length = judged(() => packetLength(bytes) ?? Number.POSITIVE_INFINITY);
    if (length.kind !== 'reply') return length;
    if (bytes.length < length.value) return { kind: 'more' };
    return judged(() => {
      const packet = decodePacket(bytes.subarray(0, length.value));
      checkSender(packet.address, address);
      return packet.values;
    });
  };

/** Sends a command and gives its answer. Throws an `Sdi12Error`. */
const ask = async <T>(
  exchange: Exchange,
  command: string,
  request: Omit<LineRequest<T>, 'bytes'>,
): Promise<{ readonly value: T; readonly at: number }> => {
  const answer = await exchange.request({ retries: RETRIES, ...request, bytes: latin1(command) });
  if ('fault' in answer) throw new Sdi12Error(answer.fault, answer.at);
  return answer;
};

/**
 * Sends a command that one line answers; `?` as address takes it from any sensor. `retries`: as often as it is sent again.
 * Throws an `Sdi12Error`.
 */
export const askLine = async <T extends { readonly address: string }>(
  exchange: Exchange,
  address: string,
  body: string,
  parse: (text: string) => T,
  retries: number = RETRIES,
): Promise<T> =>
  (await ask(exchange, `${address}${body}!`, { retries, read: lineReader(address, parse) })).value;

const refuse = (exchange: Exchange, detail: string): never => {
  exchange.refused();
  throw new Sdi12Error({ code: 'exception', detail }, exchange.now());
};

/** A measurement that was started; `at`: monotonic ms at which the start left. */
export interface Started extends Announcement {
  readonly at: number;
}

/** Starts a measurement (4.4.5, 4.4.7, 4.4.11, 5). Throws an `Sdi12Error`, also where the sensor does not have it. */
export const start = async (
  exchange: Exchange,
  address: string,
  measurement: Measurement,
  crc: boolean,
): Promise<Started> => {
  const command = startCommand(address, measurement, crc);
  const { value, at } = await ask(exchange, command, {
    read: lineReader(address, (text) => parseAnnouncement(text, measurement.kind)),
  });
  if (value.values === 0) refuse(exchange, `${command} announces no values: the sensor has none there`);
  return { ...value, at };
};

const isServiceRequest = (line: Uint8Array, address: string): boolean =>
  line.length === 1 && ((line[0] ?? 0) & 0x7f) === address.charCodeAt(0);

/**
 * Waits for the service request (4.4.6), which says that values can be fetched before the announced time is over; until
 * then nobody may speak. Where none comes in time they are fetched no less: it may have been lost. Throws an `Sdi12Error`
 * where the line was.
 */
export const awaitService = async (exchange: Exchange, { address, seconds }: Announcement): Promise<void> => {
  if (seconds === 0) return;
  const answer = await exchange.request({
    bytes: NO_BYTES,
    timeoutMs: seconds * 1000 + SERVICE_GRACE_MS,
    maySayNothing: true,
    read: (received): Reading<true> => {
      const line = firstLine(received);
      if (line === undefined) return { kind: 'more' };
      if (isServiceRequest(line, address)) return { kind: 'reply', value: true };
      return { kind: 'fault', code: 'frame', detail: 'something else came than a service request' };
    },
  });
  if ('fault' in answer && answer.fault.code === 'closed') throw new Sdi12Error(answer.fault, answer.at);
};

const askPage = async (
  exchange: Exchange,
  address: string,
  measurement: Measurement,
  page: number,
  crc: boolean,
): Promise<readonly SensorValue[]> => {
  const command = dataCommand(address, measurement, page);
  if (measurement.kind === 'HB')
    return (await ask(exchange, command, { retries: FETCH_RETRIES, read: packetReader(address) })).value;
  const { value } = await ask(exchange, command, {
    retries: FETCH_RETRIES,
    read: lineReader(address, (text) => parseValues(text, { crc })),
  });
  return value.values;
};

/** Fetches the announced values, page by page (4.4.8, 5.1, 5.2); fewer where the sensor ends before. Throws an `Sdi12Error`. */
export const fetchValues = async (
  exchange: Exchange,
  measurement: Measurement,
  { address, values: announced }: Announcement,
  crc: boolean,
): Promise<readonly SensorValue[]> => {
  const values: SensorValue[] = [];
  for (let page = 0; values.length < announced && page < pagesOf(measurement); page++) {
    const more = await askPage(exchange, address, measurement, page, crc);
    if (more.length === 0) break;
    values.push(...more);
  }
  if (values.length > 0) return values;
  const command = dataCommand(address, measurement, 0);
  return refuse(exchange, `${command} gives no values: the measurement was broken off`);
};

/** A question that is answered with values at once: R (4.4.9) and X (4.4.13). Throws an `Sdi12Error`. */
export const askAtOnce = async (
  exchange: Exchange,
  address: string,
  measurement: Measurement,
  crc: boolean,
): Promise<{ readonly values: readonly SensorValue[]; readonly at: number }> => {
  const command = startCommand(address, measurement, crc);
  const { value, at } = await ask(exchange, command, {
    read: lineReader(address, (text) => parseValues(text, { crc: crc && measurement.kind === 'R' })),
  });
  if (value.values.length === 0) refuse(exchange, `${command} gives no values: the sensor has none there`);
  return { values: value.values, at };
};
