import type { Dialect } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Telegram } from '../telegram/telegram.js';
import { parseGpioEvent } from './gpio-event.js';
import { PulseSection, wiringOf } from './section.js';

/**
 * `count`: pulses, which no single edge tells; `closed`: whether the contact is, 0 or 1; `lost_edges`: edges known to be
 * missing; `gaps`: times that the line was not watched.
 */
export const PULSE_FIELDS = ['count', 'closed', 'lost_edges', 'gaps'] as const;

/** Lines of a chip: 0 to 65535, more than any has. */
const LINE = /^[0-9]{1,5}$/;
const MOST_BYTES = 512;

/** Reads a line that `gpiomon` prints. Throws a `TelegramError`. */
export const decodeEdge = (raw: Uint8Array, section: unknown): Telegram => {
  const text = Buffer.from(raw.subarray(0, MOST_BYTES)).toString('latin1');
  const event = parseGpioEvent(text);
  if (event === undefined)
    throw new TelegramError('decode', `this is no edge as gpiomon prints it: ${text.trim().slice(0, 80)}`);
  const closed = (event.edge === 'falling') === wiringOf(section).activeLow;
  return {
    address: String(event.line),
    fields: new Map([['closed', { value: closed ? 1 : 0, raw }]]),
  };
};

/** Contacts and pulse outputs on digital inputs. */
export const pulseDialect: Dialect = {
  protocol: 'pulse',
  line: { baudRate: 9600, format: '8N1', timeoutMs: 10_000, tcpTimeoutMs: 10_000 },
  framings: ['edges'],
  address: (text) => {
    if (text === undefined) return { problem: 'is missing: the number of the line on the chip' };
    if (!LINE.test(text)) return { problem: `${text} is no line of a chip: a number such as 17` };
    return { value: String(Number(text)) };
  },
  telegrams: {
    section: PulseSection,
    field: (name) =>
      PULSE_FIELDS.some((known) => known === name)
        ? { value: { name, type: 'integer' } }
        : { problem: 'is nothing that an input has', accepted: nearest(name, [...PULSE_FIELDS]) },
    decode: decodeEdge,
  },
};
