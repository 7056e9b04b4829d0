import type { FieldForm, Parsed } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import { SENTENCES, type Column } from './sentences.js';

const typeOf = (column: Column): FieldForm['type'] =>
  column.is === 'integer' || column.is === 'text' ? column.is : 'float';

/** Every field that a sentence may have, but those of transducers. */
export const NMEA_FIELDS: ReadonlyMap<string, FieldForm['type']> = new Map<string, FieldForm['type']>([
  ...[...SENTENCES].flatMap(([type, { columns }]) =>
    columns.flatMap((column): readonly (readonly [string, FieldForm['type']])[] =>
      'name' in column ? [[`${type}.${column.name}`, typeOf(column)]] : [],
    ),
  ),
  ...['R', 'T'].flatMap((reference) => [
    [`MWV.${reference}.angle`, 'float'] as const,
    [`MWV.${reference}.speed`, 'float'] as const,
  ]),
  ['GSV.in_view', 'integer'],
  ['GSV.heard', 'integer'],
  ['GSV.snr_max', 'integer'],
]);

/** Type of a transducer, and its name where it has one. */
const TRANSDUCER = /^XDR\.[A-Z](\.[A-Za-z0-9_#-]{1,40})?$/;

/** Reads the name of a field: `GGA.altitude`, `MWV.R.speed`, `XDR.C.ENV_INSIDE`. */
export const nmeaField = (name: string): Parsed<FieldForm> => {
  const type = NMEA_FIELDS.get(name) ?? (TRANSDUCER.test(name) ? 'float' : undefined);
  if (type !== undefined) return { value: { name, type } };
  return {
    problem: 'is no field of a sentence that is read',
    accepted: [...nearest(name, NMEA_FIELDS.keys()), 'XDR.<type>.<name>'],
  };
};
