import type { Doubt } from '../sample.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { telegramOf } from './frame.js';
import { decodeShdlc, type ShdlcFrame } from './shdlc.js';

/** Sensirion SPS30: datasheet version 1.0, chapter 5 (UART, SHDLC). */
export const START = 0x00;
export const STOP = 0x01;
export const READ = 0x03;
export const SLEEP = 0x10;
export const WAKE = 0x11;
export const STATUS = 0xd2;

/** Start measurement with values as floats (5.3.1). */
export const START_FLOAT = Uint8Array.of(0x01, 0x03);
/** A byte that wakes the interface before the command does (5.3.5). */
export const WAKE_PULSE = 0xff;

/** Table of 5.3.3: mass in µg/m³, number in 1/cm³, typical size in µm (as an integer in nm). */
export const SPS30_FIELDS = [
  'pm1_0',
  'pm2_5',
  'pm4_0',
  'pm10',
  'n0_5',
  'n1_0',
  'n2_5',
  'n4_0',
  'n10',
  'typical_size',
] as const;

/** Error codes of SHDLC (5.2). */
const ERRORS: Readonly<Record<number, string>> = {
  1: 'wrong length of data',
  2: 'unknown command',
  3: 'no right to the command',
  4: 'illegal parameter',
  40: 'internal range error',
  67: 'not possible in this state',
};
export const NOT_IN_THIS_STATE = 67;

/** Status register (4.4): fan out of its speed, laser out of its range, fan stands still or broken. */
const FLAGS: readonly (readonly [bit: number, what: string])[] = [
  [21, 'the fan is out of its speed'],
  [5, 'the laser current is out of its range'],
  [4, 'the fan stands still or is broken'],
];

const errorOf = ({ state }: ShdlcFrame): number => state & 0x7f;

/** Throws where the sensor refuses. */
export const checkState = (frame: ShdlcFrame): void => {
  const error = errorOf(frame);
  if (error !== 0)
    throw new TelegramError(
      'decode',
      `the sensor refuses with ${error}: ${ERRORS[error] ?? 'not in its manual'}`,
    );
};

/** What a status register says against the sensor; `undefined`: nothing. */
export const doubtOfStatus = (data: Uint8Array): Doubt | undefined => {
  if (data.length < 4) return undefined;
  const register = Buffer.from(data).readUInt32BE(0);
  const said = FLAGS.filter(([bit]) => ((register >>> bit) & 1) === 1).map(([, what]) => what);
  return said.length === 0 ? undefined : { reason: 'sensor-fault', detail: said.join(', ') };
};

const FLOAT_BYTES = 4 * SPS30_FIELDS.length;
const WORD_BYTES = 2 * SPS30_FIELDS.length;

const valueAt = (data: Buffer, index: number): Field => {
  if (data.length === WORD_BYTES)
    return { value: data.readUInt16BE(2 * index), raw: data.subarray(2 * index, 2 * index + 2) };
  const raw = data.subarray(4 * index, 4 * index + 4);
  const value = data.readFloatBE(4 * index);
  return Number.isFinite(value)
    ? { value, raw }
    : { value: null, raw, fault: { code: 'sentinel', detail: `the sensor gives ${value}` } };
};

/**
 * Values of a reply to "read measured values"; of the status register, its bits as `status`. No fields where there is
 * no new measurement. Throws a `TelegramError`.
 */
export const decodeSps30 = (raw: Uint8Array): Telegram => {
  const frame = decodeShdlc(raw, { state: true });
  checkState(frame);
  const data = Buffer.from(frame.data);
  if (frame.command === STATUS && data.length >= 4)
    return telegramOf([['status', { value: data.readUInt32BE(0), raw: data.subarray(0, 4) }]]);
  if (frame.command !== READ)
    throw new TelegramError('decode', `command ${frame.command.toString(16)} gives no values`);
  if (data.length === 0) return telegramOf([]);
  if (data.length !== FLOAT_BYTES && data.length !== WORD_BYTES)
    throw new TelegramError('decode', `${data.length} bytes of values: ten floats are 40, ten integers 20`);
  // Bit 7: some flag of the status register is set.
  const doubt: Doubt | undefined =
    (frame.state & 0x80) === 0
      ? undefined
      : { reason: 'sensor-fault', detail: 'the sensor says that its status register tells of an error' };
  return telegramOf(
    SPS30_FIELDS.map((name, index) => [
      name,
      { ...valueAt(data, index), ...(doubt === undefined ? {} : { doubt }) },
    ]),
  );
};
