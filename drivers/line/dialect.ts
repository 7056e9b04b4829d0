import type { Dialect, FieldForm, Parsed } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { fieldSection, instrumentOf, type Instrument } from './instrument.js';
import { LineError } from './line-error.js';
import { LineSection } from './section.js';

const ADDRESS = /^[\x21-\x7e]{1,32}$/;

const formOf = (name: string, { section, names }: Instrument): Parsed<FieldForm> => {
  if (!names.includes(name))
    return { problem: 'is no field of its lines', accepted: nearest(name, [...names]) };
  const { type = 'float', codes, units } = fieldSection(section, name);
  if (codes !== undefined || type === 'hex') return { value: { name, type: 'integer' } };
  const whole = type === 'integer' && Object.values(units ?? {}).every(Number.isInteger);
  return { value: { name, type: type === 'text' ? 'text' : whole ? 'integer' : 'float' } };
};

/** Instruments that speak lines of text, each described by its section. */
export const lineDialect: Dialect = {
  protocol: 'line',
  // RS-232 instruments leave the factory so more often than not. The first line may have begun before it was listened to,
  // and is no line: one that speaks every second is heard after two.
  line: { baudRate: 9600, format: '8N1', timeoutMs: 4000, tcpTimeoutMs: 4000 },
  framings: ['text'],
  address: (text) => {
    if (text === undefined || text === '') return { value: '' };
    if (!ADDRESS.test(text)) return { problem: `${text} is no address: up to 32 signs without blanks` };
    return { value: text };
  },
  telegrams: {
    section: LineSection,
    needsSection: true,
    check: (section) => {
      try {
        instrumentOf(section);
        return undefined;
      } catch (error) {
        if (error instanceof LineError) return error.message;
        throw error;
      }
    },
    field: (name, section) => {
      try {
        return formOf(name, instrumentOf(section));
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        return { problem: `cannot be read: the key line ${error.message}` };
      }
    },
    decode: (raw, section) => {
      try {
        return instrumentOf(section).decode(raw);
      } catch (error) {
        if (!(error instanceof LineError)) throw error;
        throw new TelegramError('decode', `the key line ${error.message}`, { cause: error });
      }
    },
  },
};
