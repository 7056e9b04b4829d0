import type { Doubt } from '../sample.js';
import type { Exchange } from '../telegram/asking-bus.js';
import type { LineRequest, Reading } from '../telegram/asking-line.js';
import type { Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { createFramer, type FrameShape } from './frame.js';
import { UartError } from './uart-error.js';

export interface Measured {
  readonly telegram: Telegram;
  /** Monotonic ms at which it was asked for. */
  readonly at: number;
  /** What the sensor says against all of it. */
  readonly doubt?: Doubt;
}

/** How one kind of sensor is talked with. What fails throws a `UartError`; nothing else is thrown unless by abort. */
export interface Sensor {
  /** Ends its sleep, where it has one; does no harm to one that is awake. */
  readonly wake?: (exchange: Exchange) => Promise<void>;
  readonly measure: (exchange: Exchange) => Promise<Measured>;
  /** Stops laser and fan. */
  readonly sleep?: (exchange: Exchange) => Promise<void>;
}

/** Reads what was received by `decode`; its `TelegramError` is the fault. */
export const judged = <T>(decode: () => T): Reading<T> => {
  try {
    return { kind: 'reply', value: decode() };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { kind: 'fault', code: error.code === 'checksum' ? 'checksum' : 'frame', detail: error.message };
  }
};

/** Sends a request and gives its reply. Throws a `UartError`. */
export const ask = async <T>(
  exchange: Exchange,
  request: LineRequest<T>,
): Promise<{ readonly value: T; readonly at: number }> => {
  const answer = await exchange.request(request);
  if ('fault' in answer) throw new UartError(answer.fault, answer.at);
  return answer;
};

/**
 * Takes the first sound frame of a kind out of what was received. A sensor may be in the middle of a frame that nobody
 * asked for, so that only a damaged frame at the very beginning is a fault.
 */
export const frameReader =
  <T>(shape: FrameShape, wanted: (frame: Uint8Array) => boolean, decode: (frame: Uint8Array) => T) =>
  (received: Uint8Array): Reading<T> => {
    const frames = createFramer(shape)(received);
    const frame = frames.find((each) => shape.sound(each) && wanted(each));
    if (frame !== undefined) return judged(() => decode(frame));
    const [first] = frames;
    const damaged =
      first !== undefined && !shape.sound(first) && first.every((byte, at) => received[at] === byte);
    return damaged ? judged(() => decode(first)) : { kind: 'more' };
  };
