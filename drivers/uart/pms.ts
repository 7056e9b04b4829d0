import type { Doubt } from '../sample.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { checkSum, int16, sumOf, telegramOf, uint16, wordField, type FrameShape } from './frame.js';

/**
 * Plantower PMS: "Digital universal particle concentration sensor", appendix I and II of the PMS5003, PMS7003, PMSA003,
 * PMS5003T and PMS5003ST manuals. `42 4D`, length (2), words, sum of all bytes before (2), high byte first.
 */
const MARK = [0x42, 0x4d] as const;
const HEADER = 4;
const CHECK = 2;
/** Commands to the sensor: mark, command, two bytes of data, sum. */
const COMMAND_LENGTH = 7;
const LONGEST = 64;

export const PASSIVE_READ = 0xe2;
export const MODE = 0xe1;
export const SLEEP = 0xe4;

/** Words in their order; `undefined` is reserved. By model, since two have frames of one length. */
const CONCENTRATIONS = ['pm1_0_cf1', 'pm2_5_cf1', 'pm10_cf1', 'pm1_0', 'pm2_5', 'pm10'] as const;
const COUNTS = ['n0_3', 'n0_5', 'n1_0', 'n2_5', 'n5_0', 'n10'] as const;

export type PmsModel = 'pms' | 'pms5003t' | 'pms5003st';

interface Layout {
  readonly words: readonly (string | undefined)[];
  /** Words that are signed. */
  readonly signed: readonly string[];
  /** Whether the last word is version and error code. */
  readonly state: boolean;
}

/** By model and the length that the frame announces. */
const LAYOUTS: Readonly<Record<PmsModel, ReadonlyMap<number, Layout>>> = {
  pms: new Map([
    // PMS3003: no counts, three reserved words.
    [20, { words: [...CONCENTRATIONS, undefined, undefined, undefined], signed: [], state: false }],
    [28, { words: [...CONCENTRATIONS, ...COUNTS], signed: [], state: true }],
  ]),
  pms5003t: new Map([
    [
      28,
      {
        words: [...CONCENTRATIONS, ...COUNTS.slice(0, 4), 'temperature', 'humidity'],
        signed: ['temperature'],
        state: true,
      },
    ],
  ]),
  pms5003st: new Map([
    [
      36,
      {
        words: [...CONCENTRATIONS, ...COUNTS, 'formaldehyde', 'temperature', 'humidity', undefined],
        signed: ['temperature'],
        state: true,
      },
    ],
  ]),
};

/** Every name that a frame of the model can have. */
export const pmsFields = (model: PmsModel): readonly string[] => [
  ...new Set(
    [...LAYOUTS[model].values()].flatMap(({ words, state }) => [
      ...words.filter((word) => word !== undefined),
      ...(state ? ['version', 'error'] : []),
    ]),
  ),
];

const sumBefore = (frame: Uint8Array): number => sumOf(frame.subarray(0, frame.length - CHECK)) & 0xffff;
const isSound = (frame: Uint8Array): boolean => uint16(frame, frame.length - CHECK) === sumBefore(frame);

/** Frames have whole words, and a checksum of two bytes. */
const lengthOf = (bytes: Uint8Array): number | undefined => {
  if (bytes.length < HEADER) return undefined;
  const announced = uint16(bytes, 2);
  return announced % 2 === 0 && announced >= 4 && HEADER + announced <= LONGEST ? HEADER + announced : 0;
};

export const pmsShape: FrameShape = { mark: MARK, length: lengthOf, most: LONGEST, sound: isSound };
export const pmsCommandShape: FrameShape = {
  mark: MARK,
  length: () => COMMAND_LENGTH,
  most: COMMAND_LENGTH,
  sound: isSound,
};

/** Checks a frame of the sensor. Throws a `TelegramError`. */
export const checkPms = (frame: Uint8Array): void => {
  if (frame[0] !== MARK[0] || frame[1] !== MARK[1] || lengthOf(frame) !== frame.length)
    throw new TelegramError(
      'frame',
      `${frame.length} bytes are no frame of a PMS: 42 4d, a length, so many bytes`,
    );
  checkSum('a PMS', uint16(frame, frame.length - CHECK), sumBefore(frame));
};

const stateFields = (frame: Uint8Array): readonly (readonly [string, Field])[] => {
  const at = frame.length - CHECK - 2;
  return [
    ['version', { value: frame[at] ?? 0, raw: frame.subarray(at, at + 1) }],
    ['error', { value: frame[at + 1] ?? 0, raw: frame.subarray(at + 1, at + 2) }],
  ];
};

/**
 * Concentrations in µg/m³, for factory calibration (`_cf1`) and in the atmosphere (`pm1_0`, `pm2_5`, `pm10`); `n0_3` to
 * `n10`: particles beyond that diameter in 0.1 L; `temperature` and `humidity` in tenths, `formaldehyde` in thousandths
 * of mg/m³; `version`, `error`. An error code is a doubt of every value. Throws a `TelegramError`.
 */
export const decodePms = (model: PmsModel, frame: Uint8Array): Telegram => {
  checkPms(frame);
  const announced = uint16(frame, 2);
  const layout = LAYOUTS[model].get(announced);
  if (layout === undefined)
    throw new TelegramError(
      'decode',
      announced === 4
        ? 'the frame answers a command: it has no values'
        : `a frame of ${announced} bytes: that of a ${model} has ${[...LAYOUTS[model].keys()].join(' or ')}`,
    );
  const error = layout.state ? (frame[frame.length - CHECK - 1] ?? 0) : 0;
  const doubt: Doubt | undefined =
    error === 0 ? undefined : { reason: 'sensor-fault', detail: `the sensor says error ${error}` };
  const values = layout.words.flatMap((name, index): readonly (readonly [string, Field])[] => {
    if (name === undefined) return [];
    const at = HEADER + 2 * index;
    const field = wordField(frame, at);
    const value = layout.signed.includes(name) ? int16(frame, at) : field.value;
    return [[name, { ...field, value, ...(doubt === undefined ? {} : { doubt }) }]];
  });
  return telegramOf([...values, ...(layout.state ? stateFields(frame) : [])]);
};

/** The model whose frames announce so many bytes, where that tells; a PMS5003T looks like a PMS5003. */
export const pmsModelOf = (frame: Uint8Array): PmsModel =>
  LAYOUTS.pms5003st.has(uint16(frame, 2)) ? 'pms5003st' : 'pms';

const sealed = (bytes: readonly number[]): Uint8Array => {
  const sum = bytes.reduce((total, byte) => total + byte, 0) & 0xffff;
  return Uint8Array.from([...bytes, sum >> 8, sum & 0xff]);
};

export const commandPms = (command: number, value: number): Uint8Array =>
  sealed([...MARK, command, value >> 8, value & 0xff]);

/** The answer to a mode or to sleep. */
export const answerPms = (command: number, value: number): Uint8Array =>
  sealed([...MARK, 0, 4, command, value & 0xff]);

/** A frame with these words; a name without a value is 0, as are reserved words. */
export const encodePms = (model: PmsModel, valueOf: (name: string) => number): Uint8Array => {
  const [announced, layout] = [...LAYOUTS[model]].at(-1) ?? [0, { words: [], state: false }];
  const words = layout.words.map((name) => (name === undefined ? 0 : valueOf(name) & 0xffff));
  const state = layout.state ? [valueOf('version') & 0xff, valueOf('error') & 0xff] : [];
  return sealed([...MARK, 0, announced, ...words.flatMap((word) => [word >> 8, word & 0xff]), ...state]);
};
