import type { Field } from '../telegram/telegram.js';
import { showText } from './escapes.js';
import type { FieldSection, LineSection } from './section.js';

const NUMBER = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$/;
const WHOLE = /^[+-]?[0-9]+$/;
const HEX = /^(?:0x)?[0-9a-fA-F]{1,15}$/;
const LARGEST = 2n ** 63n - 1n;
/** Decimal digits that a double carries for certain. */
const EXACT_DIGITS = 15;

type Value = Pick<Field, 'value' | 'fault'>;

const none = (code: 'decode' | 'sentinel', detail: string): Value => ({
  value: null,
  fault: { code, detail },
});

const floatOf = (text: string): Value => {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { value } : none('decode', `"${showText(text)}" is no number`);
};

const wholeOf = (text: string): Value => {
  if (!WHOLE.test(text)) return none('decode', `"${showText(text)}" is no whole number`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value > LARGEST || value < -LARGEST) return none('decode', `${text} is beyond 64 bits`);
  const safe = Number(value);
  return { value: Number.isSafeInteger(safe) ? safe : value };
};

const hexOf = (text: string): Value =>
  HEX.test(text)
    ? wholeOf(String(Number.parseInt(text, 16)))
    : none('decode', `"${showText(text)}" is no hexadecimal number`);

const codeOf = (text: string, codes: Readonly<Record<string, number>>): Value => {
  const code = Object.hasOwn(codes, text) ? codes[text] : undefined;
  return code === undefined
    ? none('decode', `"${showText(text)}" is none of ${Object.keys(codes).join(', ')}`)
    : { value: code };
};

/** A value in the unit that the line itself names. */
const inUnit = (
  { value, fault }: Value,
  { unit = '', units = {} }: FieldSection,
  texts: ReadonlyMap<string, string>,
): Value => {
  if (value === null || typeof value === 'string' || unit === '') return { value, ...(fault && { fault }) };
  const named = (texts.get(unit) ?? '').trim();
  const factor = Object.hasOwn(units, named) ? units[named] : undefined;
  if (factor === undefined)
    return none('decode', `it is in "${showText(named)}", which is none of ${Object.keys(units).join(', ')}`);
  return { value: factor === 1 ? value : Number((Number(value) * factor).toPrecision(EXACT_DIGITS)) };
};

/** Reads what stands in a field. `texts`: all fields of the line. */
export const fieldValue = (
  text: string,
  field: FieldSection,
  { noValue = [], decimal = '.' }: Pick<LineSection, 'noValue' | 'decimal'>,
  texts: ReadonlyMap<string, string>,
): Value => {
  const trimmed = text.trim();
  if (trimmed === '') return none('sentinel', 'it is empty');
  if (noValue.includes(trimmed)) return none('sentinel', `"${showText(trimmed)}" means no value`);
  if (field.codes !== undefined) return codeOf(trimmed, field.codes);
  if (field.type === 'text') return { value: trimmed };
  if (field.type === 'hex') return hexOf(trimmed);
  // Balances set the sign apart: "-   12.3".
  const signed = trimmed.replace(/^([+-])\s+/, '$1');
  const plain = decimal === ',' ? signed.replace(',', '.') : signed;
  return inUnit(field.type === 'integer' ? wholeOf(plain) : floatOf(plain), field, texts);
};
