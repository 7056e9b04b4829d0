import type { Dialect, FieldForm, Parsed } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import type { Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { decodeMhZ19 } from './mh-z19.js';
import { decodePms, pmsFields, pmsModelOf } from './pms.js';
import { decodeSds011 } from './sds011.js';
import { sensorSettings, UartSection, type SensorName } from './section.js';
import { FLAG } from './shdlc.js';
import { decodeSps30, SPS30_FIELDS } from './sps30.js';

type FieldTypes = ReadonlyMap<string, FieldForm['type']>;

const integers = (names: readonly string[]): FieldTypes => new Map(names.map((name) => [name, 'integer']));

const FIELDS: Readonly<Record<SensorName, FieldTypes>> = {
  sds011: new Map([...integers(['pm2_5', 'pm10']), ['id', 'text']]),
  pms: integers(pmsFields('pms')),
  pms5003t: integers(pmsFields('pms5003t')),
  pms5003st: integers(pmsFields('pms5003st')),
  sps30: new Map(SPS30_FIELDS.map((name) => [name, 'float'])),
  'mh-z19': integers(['co2']),
};

const decodeAs = (sensor: SensorName, raw: Uint8Array): Telegram => {
  switch (sensor) {
    case 'sds011':
      return decodeSds011(raw);
    case 'sps30':
      return decodeSps30(raw);
    case 'mh-z19':
      return decodeMhZ19(raw);
    default:
      return decodePms(sensor, raw);
  }
};

/** Whose frame it is by its first bytes, which no two of them share. */
const sensorOf = (raw: Uint8Array): SensorName | undefined => {
  switch (raw[0]) {
    case 0xaa:
      return 'sds011';
    case 0x42:
      return pmsModelOf(raw);
    case FLAG:
      return 'sps30';
    case 0xff:
      return 'mh-z19';
    default:
      return undefined;
  }
};

/**
 * Reads one frame: by the section's sensor, else as its first bytes tell. Throws a `TelegramError`, nothing else.
 */
export const decodeUart = (raw: Uint8Array, section: unknown): Telegram => {
  const sensor = sensorSettings(section)?.sensor ?? sensorOf(raw);
  if (sensor === undefined)
    throw new TelegramError('frame', 'no frame that is known begins so: aa, 42 4d, 7e or ff');
  return decodeAs(sensor, raw);
};

const readField = (name: string, section: unknown): Parsed<FieldForm> => {
  const sensor = sensorSettings(section)?.sensor;
  if (sensor === undefined) return { problem: 'cannot be read: uart.sensor does not say whose it is' };
  const type = FIELDS[sensor].get(name.trim());
  if (type === undefined)
    return { problem: `is no field of ${sensor}`, accepted: nearest(name, FIELDS[sensor].keys()) };
  return { value: { name: name.trim(), type } };
};

const check = (section: unknown): string | undefined => {
  const settings = sensorSettings(section);
  return settings?.sensor === 'mh-z19' && settings.dutyCycle
    ? 'has a dutyCycle, but an mh-z19 does not sleep'
    : undefined;
};

export const uartDialect: Dialect = {
  protocol: 'uart',
  // SDS011, PMS and MH-Z19; the SPS30 speaks 115200 8N1.
  line: { baudRate: 9600, format: '8N1', timeoutMs: 3000, tcpTimeoutMs: 3000 },
  framings: ['uart'],
  address: (text) =>
    text === undefined || text.trim() === ''
      ? { value: '' }
      : { problem: `${text} is too much: one sensor on its line has no address` },
  telegrams: { section: UartSection, check, field: readField, decode: decodeUart },
};
