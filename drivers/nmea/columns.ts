import type { Fault } from '../sample.js';
import type { Column } from './sentences.js';

/** One field of a sentence, before it knows its bytes. */
export interface Reading {
  readonly name: string;
  readonly value: number | string | null;
  readonly fault?: Fault;
  /** The device gave it in the field's own unit. */
  readonly exact?: boolean;
}

/** Digits that a converted number keeps. */
const DIGITS = 10;
/** Of a degree: a tenth of a millimetre. */
const PLACES = 9;
const NUMBER = /^[+-]?(\d{1,12}(\.\d{0,12})?|\.\d{1,12})$/;

export const empty = (name: string): Reading => ({
  name,
  value: null,
  fault: { code: 'sentinel', detail: `${name} is empty` },
});

export const wrong = (name: string, detail: string): Reading => ({
  name,
  value: null,
  fault: { code: 'decode', detail: `${name} ${detail}` },
});

export const times = (text: string, factor: number): number =>
  factor === 1 ? Number(text) : Number((Number(text) * factor).toPrecision(DIGITS));

/** A number as it stands in a sentence, times a factor. */
export const numeric = (name: string, text: string, factor = 1): Reading => {
  if (text === '') return empty(name);
  if (!NUMBER.test(text)) return wrong(name, `is no number: "${text.slice(0, 20)}"`);
  return { name, value: times(text, factor), ...(factor === 1 ? { exact: true } : {}) };
};

const whole = (name: string, text: string): Reading => {
  if (text === '') return empty(name);
  return /^[+-]?\d{1,9}$/.test(text)
    ? { name, value: Number(text) }
    : wrong(name, `is no whole number: "${text.slice(0, 20)}"`);
};

/** A number and the letter of its unit, which may be left out where there is one. */
export const measured = (
  name: string,
  text: string,
  unit: string,
  units: Readonly<Record<string, number>>,
): Reading => {
  if (text === '') return empty(name);
  const letters = Object.keys(units);
  const factor = units[unit === '' && letters.length === 1 ? (letters[0] ?? '') : unit];
  return factor === undefined
    ? wrong(name, `has the unit "${unit.slice(0, 4)}", not ${letters.join(', ')}`)
    : numeric(name, text, factor);
};

const sided = (name: string, text: string, side: string): Reading => {
  const reading = numeric(name, text);
  if (typeof reading.value !== 'number' || side === 'E') return reading;
  return side === 'W' ? { ...reading, value: -reading.value } : wrong(name, `is neither east nor west`);
};

const position = (
  { name, sides, limit }: Extract<Column, { is: 'position' }>,
  text: string,
  side: string,
): Reading => {
  if (text === '' && side === '') return empty(name);
  const width = limit === 90 ? 2 : 3;
  const [, degrees = '', minutes = ''] =
    new RegExp(`^(\\d{${width}})([0-5]\\d(?:\\.\\d{0,9})?)$`).exec(text) ?? [];
  const value = Number(degrees) + Number(minutes) / 60;
  if (degrees === '' || value > limit || side.length !== 1 || !sides.includes(side))
    return wrong(name, `is no position: "${text.slice(0, 20)} ${side.slice(0, 4)}"`);
  const signed = side === sides[0] ? value : 0 - value;
  return { name, value: Number(signed.toFixed(PLACES)) };
};

/** How many places of a sentence a column takes. */
export const widthOf = (column: Column): number => {
  if (column.is === 'skip') return column.count;
  return column.is === 'measure' || column.is === 'sided' || column.is === 'position' ? 2 : 1;
};

/** Reads a column from its first place on; nothing where it has no field. */
export const readColumn = (column: Column, first: string, second: string): Reading | undefined => {
  switch (column.is) {
    case 'number':
      return numeric(column.name, first, column.factor);
    case 'integer':
      return whole(column.name, first);
    case 'text':
      return first === '' ? empty(column.name) : { name: column.name, value: first };
    case 'measure':
      return measured(column.name, first, second, column.units);
    case 'sided':
      return sided(column.name, first, second);
    case 'position':
      return position(column, first, second);
    case 'time':
    case 'date':
    case 'skip':
      return undefined;
  }
};
