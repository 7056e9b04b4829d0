import type { Doubt } from '../sample.js';
import type { Exchange } from '../telegram/asking-bus.js';
import type { Reading } from '../telegram/asking-line.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { ask, judged, type Measured, type Sensor } from './sensor.js';
import { decodeShdlc, encodeShdlc, findShdlc, MOST_BYTES, type ShdlcFrame } from './shdlc.js';
import {
  checkState,
  decodeSps30,
  doubtOfStatus,
  NOT_IN_THIS_STATE,
  READ,
  SLEEP,
  START,
  START_FLOAT,
  STATUS,
  STOP,
  WAKE,
  WAKE_PULSE,
} from './sps30.js';
import { UartError } from './uart-error.js';

const NO_DATA = new Uint8Array(0);
const RETRIES = 1;
/** A new measurement comes every second (5.3.3): how often it is asked for, and how many times, ms. */
const NEXT_MS = 500;
const TRIES = 8;

interface Replied {
  readonly frame: ShdlcFrame;
  readonly raw: Uint8Array;
}

/** The reply to a command; that to another one is none. */
const replyReader =
  (command: number) =>
  (received: Uint8Array): Reading<Replied> => {
    const raw = findShdlc(received);
    if (raw === undefined) return { kind: 'more' };
    return judged(() => {
      const frame = decodeShdlc(raw, { state: true });
      if (frame.command === command) return { frame, raw: Uint8Array.from(raw) };
      throw new TelegramError('frame', `command ${frame.command} was answered, not ${command}`);
    });
  };

/** Sends a command; its refusal is in the frame's state. Throws a `UartError`. */
const send = (exchange: Exchange, command: number, data: Uint8Array = NO_DATA, retries = RETRIES) =>
  ask(exchange, {
    bytes: encodeShdlc(command, data),
    retries,
    mostBytes: 2 * MOST_BYTES,
    read: replyReader(command),
  });

/** What the sensor refuses is its own fault, not the line's. */
const accepted = (exchange: Exchange, { frame }: Replied, at: number, tolerated: readonly number[]): void => {
  if (tolerated.includes(frame.state & 0x7f)) return;
  try {
    checkState(frame);
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    exchange.refused();
    throw new UartError({ code: 'exception', detail: error.message }, at);
  }
};

/** Before firmware 2.0 it knows neither sleep nor waking. */
const UNKNOWN_COMMAND = 2;

const command = async (
  exchange: Exchange,
  code: number,
  data: Uint8Array,
  tolerated: readonly number[],
): Promise<void> => {
  const { value, at } = await send(exchange, code, data);
  accepted(exchange, value, at, tolerated);
};

const statusDoubt = async (exchange: Exchange): Promise<Doubt | undefined> => {
  // Without clearing it.
  const { value } = await send(exchange, STATUS, Uint8Array.of(0));
  return doubtOfStatus(value.frame.data);
};

const readOnce = async (exchange: Exchange): Promise<Measured | undefined> => {
  const { value, at } = await send(exchange, READ);
  accepted(exchange, value, at, [NOT_IN_THIS_STATE]);
  if ((value.frame.state & 0x7f) !== 0 || value.frame.data.length === 0) return undefined;
  const failing = (value.frame.state & 0x80) === 0 ? undefined : await statusDoubt(exchange);
  try {
    return { telegram: decodeSps30(value.raw), at, ...(failing === undefined ? {} : { doubt: failing }) };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    throw new UartError({ code: 'decode', detail: error.message }, at);
  }
};

/** The first byte wakes the interface, the command the sensor (5.3.5). */
const wakeUp = async (exchange: Exchange): Promise<void> => {
  const wake = encodeShdlc(WAKE, NO_DATA);
  await exchange.request({
    bytes: Uint8Array.of(WAKE_PULSE, ...wake),
    retries: RETRIES,
    maySayNothing: true,
    read: replyReader(WAKE),
  });
};

/** It measures from its start command on, which it forgets with its power. */
export const createSps30 = (): Sensor => {
  let startedAt: number | undefined;

  const start = async (exchange: Exchange): Promise<void> => {
    // It refuses to start what runs already.
    await command(exchange, START, START_FLOAT, [NOT_IN_THIS_STATE]);
    startedAt = exchange.openings;
  };

  return {
    wake: async (exchange) => {
      await wakeUp(exchange);
      await start(exchange);
    },
    measure: async (exchange) => {
      if (startedAt !== exchange.openings) await start(exchange);
      for (let left = TRIES; left > 0; left--) {
        const measured = await readOnce(exchange);
        if (measured !== undefined) return measured;
        await exchange.delay(NEXT_MS);
      }
      startedAt = undefined;
      throw new UartError({ code: 'exception', detail: 'the sensor has no measurement' }, exchange.now());
    },
    sleep: async (exchange) => {
      startedAt = undefined;
      await command(exchange, STOP, NO_DATA, [NOT_IN_THIS_STATE]);
      await command(exchange, SLEEP, NO_DATA, [UNKNOWN_COMMAND]);
    },
  };
};
