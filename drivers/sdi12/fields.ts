import type { FieldForm, Parsed } from '../dialect.js';
import type { Field } from '../telegram/telegram.js';
import { measurementName, MOST_VALUES, parseMeasurement, type Measurement } from './measurements.js';
import type { Identification, SensorValue } from './responses.js';
import type { Sdi12Section } from './section.js';

const IDENTIFICATION = ['sdi12', 'vendor', 'model', 'version', 'serial'] as const;

/** A field as it is asked for: a value of a measurement, counted from 1, or a part of the identification. */
export type FieldPlace =
  | { readonly measurement: Measurement; readonly index: number }
  | { readonly identification: (typeof IDENTIFICATION)[number] };

const ACCEPTED = ['M.1', 'M1.2', 'C.1', 'C9.1', 'R0.1', 'V.1', 'HA.1', 'HB.1', 'X<command>.1', 'I.serial'];

/** Where a field stands; `undefined` where there is none of that name. */
export const placeOf = (name: string): FieldPlace | undefined => {
  const dot = name.lastIndexOf('.');
  const [before, after] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
  if (before === 'I') {
    const identification = IDENTIFICATION.find((part) => part === after);
    return identification === undefined ? undefined : { identification };
  }
  const measurement = parseMeasurement(before);
  const index = /^[1-9][0-9]{0,2}$/.test(after) ? Number(after) : 0;
  if (measurement === undefined || index < 1 || index > MOST_VALUES[measurement.kind]) return undefined;
  return { measurement, index };
};

export const readField = (text: string): Parsed<FieldForm> => {
  const name = text.trim();
  const place = placeOf(name);
  if (place === undefined)
    return { problem: 'is no value of a measurement, such as M.1 or C2.3', accepted: ACCEPTED };
  return { value: { name, type: 'identification' in place ? 'text' : 'float' } };
};

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

const numberField = ({ value, raw }: SensorValue, { noValue = [] }: Sdi12Section): Field => {
  if (typeof value === 'number' && !Number.isFinite(value))
    return { value: null, raw, fault: { code: 'sentinel', detail: `the sensor gives ${value}` } };
  if (noValue.includes(Number(value)))
    return { value: null, raw, fault: { code: 'sentinel', detail: `the sensor has no value: ${value}` } };
  return { value, raw };
};

/** What names values whose command is not known: a bare response does not say what was asked. */
export const UNNAMED = 'D';

/** Values of one measurement, named and counted from `first`. */
export const valueFields = (
  measurement: Measurement | undefined,
  first: number,
  values: readonly SensorValue[],
  section: Sdi12Section,
): readonly (readonly [string, Field])[] => {
  const name = measurement === undefined ? UNNAMED : measurementName(measurement);
  return values.map((each, index) => [`${name}.${first + index}`, numberField(each, section)]);
};

export const identificationFields = (identification: Identification): readonly (readonly [string, Field])[] =>
  IDENTIFICATION.filter((part) => identification[part] !== '').map((part) => [
    `I.${part}`,
    { value: identification[part], raw: latin1(identification[part]) },
  ]);
