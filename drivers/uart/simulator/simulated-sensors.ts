import {
  answerPms,
  encodePms,
  MODE,
  PASSIVE_READ,
  pmsCommandShape,
  SLEEP as PMS_SLEEP,
  type PmsModel,
} from '../pms.js';
import { createFramer } from '../frame.js';
import { encodeMhZ19, mhZ19CommandShape } from '../mh-z19.js';
import {
  ANSWER,
  encodeSds011,
  parseSds011Command,
  QUERY,
  REPORTING,
  sds011CommandShape,
  SLEEP as SDS011_SLEEP,
  VALUES,
} from '../sds011.js';
import type { SensorName } from '../section.js';
import { decodeShdlc, encodeShdlc, FLAG, MOST_BYTES, type ShdlcFrame } from '../shdlc.js';
import {
  NOT_IN_THIS_STATE,
  READ,
  SLEEP as SPS30_SLEEP,
  SPS30_FIELDS,
  START,
  STATUS,
  STOP,
  WAKE,
} from '../sps30.js';
import { TelegramError } from '../../telegram/telegram-error.js';

/** What a field holds now, as the sensor gives it. */
export type FieldValue = (name: string) => number;

/** A sensor on its line. */
export interface SimulatedSensor {
  /** Takes bytes as they come; gives what it answers, in order. */
  readonly hear: (bytes: Uint8Array) => readonly Uint8Array[];
  /** What it says unasked, once a second; nothing where it sleeps or waits to be asked. */
  readonly speak: () => Uint8Array | undefined;
}

const ID = [0xa1, 0x60] as const;
const low = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff];

const createSds011 = (valueOf: FieldValue): SimulatedSensor => {
  let working = true;
  let active = true;
  const frame = createFramer(sds011CommandShape);
  const values = (): Uint8Array =>
    encodeSds011(VALUES, [...low(valueOf('pm2_5')), ...low(valueOf('pm10')), ...ID]);
  const obey = (raw: Uint8Array): readonly Uint8Array[] => {
    const command = parseSds011Command(raw);
    if (command === undefined) return [];
    const { what, set, value } = command;
    if (what === QUERY) return working ? [values()] : [];
    if (set && what === SDS011_SLEEP) working = value === 1;
    if (set && what === REPORTING) active = value === 0;
    return [encodeSds011(ANSWER, [what, set ? 1 : 0, value, 0, ...ID])];
  };
  return {
    hear: (bytes) => frame(bytes).flatMap(obey),
    speak: () => (working && active ? values() : undefined),
  };
};

const createPms = (model: PmsModel, valueOf: FieldValue): SimulatedSensor => {
  let awake = true;
  let active = true;
  const frame = createFramer(pmsCommandShape);
  const values = (): Uint8Array => encodePms(model, valueOf);
  const obey = (raw: Uint8Array): readonly Uint8Array[] => {
    const [command, value] = [raw[2] ?? 0, raw[4] ?? 0];
    if (!pmsCommandShape.sound(raw)) return [];
    if (command === PASSIVE_READ) return awake && !active ? [values()] : [];
    if (command === MODE) active = value === 1;
    if (command === PMS_SLEEP) {
      // It wakes in active mode, and says nothing of it.
      awake = value === 1;
      active = true;
      if (awake) return [];
    }
    return command === MODE || command === PMS_SLEEP ? [answerPms(command, value)] : [];
  };
  return {
    hear: (bytes) => frame(bytes).flatMap(obey),
    speak: () => (awake && active ? values() : undefined),
  };
};

const createMhZ19 = (valueOf: FieldValue): SimulatedSensor => {
  const frame = createFramer(mhZ19CommandShape);
  return {
    hear: (bytes) =>
      frame(bytes)
        .filter((raw) => mhZ19CommandShape.sound(raw))
        .map(() => encodeMhZ19(valueOf('co2'))),
    speak: () => undefined,
  };
};

/** Gives whole frames between flags, and keeps no more than one. */
const createShdlcReader = (): ((bytes: Uint8Array) => readonly Uint8Array[]) => {
  let pending: number[] = [];
  return (bytes) => {
    const frames: Uint8Array[] = [];
    for (const byte of bytes) {
      if (byte !== FLAG && pending.length === 0) continue;
      pending.push(byte);
      if (byte !== FLAG || pending.length === 1) {
        if (pending.length > MOST_BYTES) pending = [];
        continue;
      }
      if (pending.length > 2) frames.push(Uint8Array.from(pending));
      pending = pending.length > 2 ? [] : [FLAG];
    }
    return frames;
  };
};

const createSps30 = (valueOf: FieldValue): SimulatedSensor => {
  let state: 'idle' | 'measuring' | 'asleep' = 'idle';
  const read = createShdlcReader();
  const values = (): Uint8Array => {
    const data = Buffer.alloc(4 * SPS30_FIELDS.length);
    SPS30_FIELDS.forEach((name, index) => data.writeFloatBE(valueOf(name), 4 * index));
    return data;
  };
  const none = new Uint8Array(0);
  const refuse = (command: number): Uint8Array => encodeShdlc(command, none, NOT_IN_THIS_STATE);
  const obey = ({ command }: ShdlcFrame): Uint8Array | undefined => {
    if (state === 'asleep' && command !== WAKE) return undefined;
    const allowed: Readonly<Record<number, boolean>> = {
      [START]: state === 'idle',
      [READ]: state === 'measuring',
      [SPS30_SLEEP]: state === 'idle',
    };
    if (allowed[command] === false) return refuse(command);
    if (command === START) state = 'measuring';
    if (command === STOP || command === WAKE) state = 'idle';
    if (command === SPS30_SLEEP) state = 'asleep';
    if (command === STATUS) return encodeShdlc(command, new Uint8Array(5), 0);
    return encodeShdlc(command, command === READ ? values() : none, 0);
  };
  return {
    hear: (bytes) =>
      read(bytes).flatMap((raw) => {
        try {
          const reply = obey(decodeShdlc(raw, { state: false }));
          return reply === undefined ? [] : [reply];
        } catch (error) {
          if (error instanceof TelegramError) return [];
          throw error;
        }
      }),
    speak: () => undefined,
  };
};

export const createSimulatedSensor = (name: SensorName, valueOf: FieldValue): SimulatedSensor => {
  switch (name) {
    case 'sds011':
      return createSds011(valueOf);
    case 'sps30':
      return createSps30(valueOf);
    case 'mh-z19':
      return createMhZ19(valueOf);
    default:
      return createPms(name, valueOf);
  }
};
