import type { Exchange } from '../telegram/asking-bus.js';
import { decodeMhZ19, mhZ19Shape, readMhZ19 } from './mh-z19.js';
import { commandPms, decodePms, PASSIVE_READ, pmsShape, SLEEP as PMS_SLEEP, type PmsModel } from './pms.js';
import {
  ANSWER,
  commandSds011,
  decodeSds011,
  QUERY,
  sds011Shape,
  SLEEP as SDS011_SLEEP,
  VALUES,
} from './sds011.js';
import type { SensorName } from './section.js';
import { ask, frameReader, type Sensor } from './sensor.js';
import { createSps30 } from './sps30-sensor.js';

const RETRIES = 1;
/** Sensors that fall asleep or wake do not always say so, ms. */
const SETTING_MS = 1_000;

const isValues = (frame: Uint8Array): boolean => frame[1] === VALUES;
const answersSleep = (frame: Uint8Array): boolean => frame[1] === ANSWER && frame[2] === SDS011_SLEEP;
/** The answer to a command has no words but its own. */
const hasValues = (frame: Uint8Array): boolean => frame[3] !== 4;

/** Values come when they are asked for, or unasked once a second: the first are as good. */
const sds011: Sensor = {
  wake: (exchange) => setSds011(exchange, 1),
  sleep: (exchange) => setSds011(exchange, 0),
  measure: async (exchange) => {
    const { value, at } = await ask(exchange, {
      bytes: commandSds011(QUERY),
      retries: RETRIES,
      read: frameReader(sds011Shape, isValues, decodeSds011),
    });
    return { telegram: value, at };
  },
};

const setSds011 = async (exchange: Exchange, work: 0 | 1): Promise<void> => {
  await exchange.request({
    bytes: commandSds011(SDS011_SLEEP, work),
    timeoutMs: SETTING_MS,
    retries: RETRIES,
    maySayNothing: true,
    read: frameReader(sds011Shape, answersSleep, () => true),
  });
};

/** In active mode frames come unasked, in passive mode when asked: the first are as good. */
const pms = (model: PmsModel): Sensor => ({
  wake: (exchange) => setPms(exchange, 1),
  sleep: (exchange) => setPms(exchange, 0),
  measure: async (exchange) => {
    const { value, at } = await ask(exchange, {
      bytes: commandPms(PASSIVE_READ, 0),
      retries: RETRIES,
      read: frameReader(pmsShape, hasValues, (frame) => decodePms(model, frame)),
    });
    return { telegram: value, at };
  },
});

/** Any frame shows that it heard; one that falls asleep answers, one that wakes need not. */
const setPms = async (exchange: Exchange, work: 0 | 1): Promise<void> => {
  await exchange.request({
    bytes: commandPms(PMS_SLEEP, work),
    timeoutMs: SETTING_MS,
    maySayNothing: true,
    read: frameReader(
      pmsShape,
      () => true,
      () => true,
    ),
  });
};

const mhZ19: Sensor = {
  measure: async (exchange) => {
    const { value, at } = await ask(exchange, {
      bytes: readMhZ19(),
      retries: RETRIES,
      read: frameReader(mhZ19Shape, () => true, decodeMhZ19),
    });
    return { telegram: value, at };
  },
};

/** How a sensor is talked with; what it remembers is of one line. */
export const createSensor = (name: SensorName): Sensor => {
  switch (name) {
    case 'sds011':
      return sds011;
    case 'sps30':
      return createSps30();
    case 'mh-z19':
      return mhZ19;
    default:
      return pms(name);
  }
};
