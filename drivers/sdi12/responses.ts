import { TelegramError } from '../telegram/telegram-error.js';
import { crc16, crcText } from './crc.js';
import type { MeasurementKind } from './measurements.js';

/** Responses are text without their closing <CR><LF>, one character a byte. Sections: SDI-12 1.4. */

const ADDRESS = /^[0-9A-Za-z]$/;

export const isAddress = (text: string): boolean => ADDRESS.test(text);

/** What the sensor answers to the start of a measurement (4.4.5, 4.4.7, 5.1). */
export interface Announcement {
  readonly address: string;
  /** Until its values can be fetched, s. */
  readonly seconds: number;
  readonly values: number;
}

/** One value that a sensor gives; `raw`: as it came, in a text with its sign. */
export interface SensorValue {
  readonly value: number | bigint;
  readonly raw: Uint8Array;
}

const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

const frameError = (message: string): TelegramError => new TelegramError('frame', message);

/** R and X are asked at once and announce nothing; the metadata of R counts as that of C does (6.1). */
const COUNT_DIGITS: Readonly<Record<MeasurementKind, number>> = {
  M: 1,
  V: 1,
  C: 2,
  R: 2,
  X: 2,
  HA: 3,
  HB: 3,
};

/** `atttn`, after C `atttnn`, after HA and HB `atttnnn`. */
export const parseAnnouncement = (text: string, kind: MeasurementKind): Announcement => {
  const digits = COUNT_DIGITS[kind];
  const match = /^([0-9A-Za-z])([0-9]{3})([0-9]{1,3})$/.exec(text);
  const [, address = '', seconds = '', count = ''] = match ?? [];
  if (count.length !== digits)
    throw frameError(
      `${shown(text)} is no answer to the start of ${kind}: an address, 3 digits of seconds, ${digits} of a count`,
    );
  return { address, seconds: Number(seconds), values: Number(count) };
};

/** The three characters lie above the digits, signs and points of values, so that no value can be taken for them. */
const CRC_AT_END = /^(.+?)([@-\x7f]{3})$/s;

/** Takes a CRC off the end; throws where it is wrong. `crc` is '' where there is none. */
const splitCrc = (text: string): { readonly body: string; readonly crc: string } => {
  const [, body, crc] = CRC_AT_END.exec(text) ?? [];
  if (body === undefined || crc === undefined) return { body: text, crc: '' };
  const wanted = crcText(crc16(Buffer.from(body, 'latin1')));
  if (crc !== wanted)
    throw new TelegramError('checksum', `the CRC of ${shown(text)} is ${shown(crc)}, not ${shown(wanted)}`);
  return { body, crc };
};

/** A sign, digits, at most one point (4.4.8.1). */
const VALUE = /[+-](?:[0-9]+\.?[0-9]*|\.[0-9]+)/y;

const parseValue = (body: string, at: number, whole: string): SensorValue => {
  VALUE.lastIndex = at;
  const [text] = VALUE.exec(body) ?? [];
  if (text === undefined)
    throw frameError(`${shown(whole)} has no value at ${shown(body.slice(at))}: a sign and digits`);
  // The sum makes -0 a 0.
  return { value: Number(text) + 0, raw: Uint8Array.from(Buffer.from(text, 'latin1')) };
};

/**
 * `a<values>` or `a<values><CRC>` (4.4.8). A CRC that is there is checked; `crc`: one must be there. No value at all is
 * an answer, too: there is nothing to fetch.
 */
export const parseValues = (
  text: string,
  { crc }: { readonly crc: boolean },
): { readonly address: string; readonly values: readonly SensorValue[] } => {
  // A service request, or a sensor that has nothing to fetch, is an address alone, with or without a CRC.
  if (isAddress(text)) return { address: text, values: [] };
  const split = splitCrc(text);
  if (crc && split.crc === '')
    throw new TelegramError('checksum', `${shown(text)} has no CRC, and this answer must bear one`);
  const address = split.body.slice(0, 1);
  if (!isAddress(address)) throw frameError(`${shown(text)} does not begin with an address`);
  const values: SensorValue[] = [];
  for (let at = 1; at < split.body.length; at += values.at(-1)?.raw.length ?? 1)
    values.push(parseValue(split.body, at, text));
  return { address, values };
};

/** What a sensor says that it is (4.4.2). Texts without the spaces that fill them up. */
export interface Identification {
  readonly address: string;
  /** Version of SDI-12 that it speaks, such as `1.4`. */
  readonly sdi12: string;
  readonly vendor: string;
  readonly model: string;
  readonly version: string;
  /** The optional field: usually the serial number. */
  readonly serial: string;
}

/** `allccccccccmmmmmmvvvxxx...xx`. Sensors that cut off the spaces at the end are understood. */
export const parseIdentification = (text: string): Identification => {
  const [, address = '', major = '', minor = '', rest = ''] =
    /^([0-9A-Za-z])([0-9])([0-9])([\x20-\x7e]{1,30})$/.exec(text) ?? [];
  if (address === '')
    throw frameError(
      `${shown(text)} is no identification: an address, 2 digits of the version, vendor (8), model (6), version (3), 13 at most`,
    );
  const part = (from: number, to: number): string => rest.slice(from, to).trim();
  return {
    address,
    sdi12: `${major}.${minor}`,
    vendor: part(0, 8),
    model: part(8, 14),
    version: part(14, 17),
    serial: part(17, 30),
  };
};

/** Whether a part of an identification begins as a profile says; makers write capitals as they like. */
export const begins = (text: string, start: string | undefined): boolean =>
  start === undefined || text.toLowerCase().startsWith(start.toLowerCase());

/** What a value of a measurement is (6.2): SHEF code or the like, unit, and more where the sensor says more. */
export interface ParameterDescription {
  readonly address: string;
  readonly code: string;
  readonly unit: string;
  readonly more: readonly string[];
}

/** `a,field1,field2,...;`, with a CRC after the semicolon where one was asked for. */
export const parseParameter = (text: string, { crc }: { readonly crc: boolean }): ParameterDescription => {
  const end = text.lastIndexOf(';') + 1;
  const tail = text.slice(end);
  const [, address = '', list = ''] = /^([0-9A-Za-z]),([^;]*);$/.exec(text.slice(0, end)) ?? [];
  if (address === '' || (tail !== '' && tail.length !== 3))
    throw frameError(`${shown(text)} describes no value: an address, fields between commas, a semicolon`);
  if (tail !== '' || crc) {
    const wanted = crcText(crc16(Buffer.from(text.slice(0, end), 'latin1')));
    if (tail !== wanted)
      throw new TelegramError(
        'checksum',
        `the CRC of ${shown(text)} is ${shown(tail)}, not ${shown(wanted)}`,
      );
  }
  const [code = '', unit = '', ...more] = list.split(',').map((field) => field.trim());
  return { address, code, unit, more };
};
