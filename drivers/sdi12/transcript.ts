import type { Field, Telegram } from '../telegram/telegram.js';
import { TelegramError } from '../telegram/telegram-error.js';
import { decodePacket, packetLength } from './binary-packet.js';
import { identificationFields, UNNAMED, valueFields } from './fields.js';
import { asciiOf, isLineNoise, withoutParity } from './line-text.js';
import { parseCommandBody, type Measurement } from './measurements.js';
import {
  parseAnnouncement,
  parseIdentification,
  parseParameter,
  parseValues,
  type SensorValue,
} from './responses.js';
import { sdi12SectionOf, type Sdi12Section } from './section.js';

/** Longest that a telegram is taken to be: what 1,000 pages of a high-volume measurement take. */
const MOST_BYTES = 1_000_000;
const CR = 0x0d;
const LF = 0x0a;
const BANG = 0x21;

/** What the commands so far say of the response that follows. */
interface Asked {
  /** Of the last command; absent where a response stands alone. */
  readonly body?: string;
  /** The measurement whose values `aD0!` and those after it fetch. */
  readonly measurement?: Measurement;
  readonly crc: boolean;
}

interface Reading {
  asked: Asked;
  address: string;
  readonly fields: Map<string, Field>;
  /** Values of each measurement that have come. */
  readonly counts: Map<string, number>;
  /** In words, as long as no values have come. */
  readonly announced: string[];
}

const LONGEST_COMMAND = 44;
const COMMAND = /^[0-9A-Za-z?]((?:[A-Z][ -~]{0,41})?)!$/;

const afterCommand = (asked: Asked, body: string): Asked => {
  if (/^DB?[0-9]{1,3}$/.test(body)) return { ...asked, body };
  const parsed = parseCommandBody(body);
  return parsed === undefined ? { body, crc: false } : { body, ...parsed };
};

const isMetadata = (body: string): boolean => /^I[MCRVH]/.test(body);

const take = (reading: Reading, address: string): void => {
  if (reading.address !== '' && reading.address !== address)
    throw new TelegramError('frame', `sensors ${reading.address} and ${address} speak in one telegram`);
  reading.address = address;
};

const add = (reading: Reading, values: readonly SensorValue[], section: Sdi12Section): void => {
  const { measurement } = reading.asked;
  const name = measurement === undefined ? UNNAMED : `${measurement.kind}${measurement.suffix}`;
  const before = reading.counts.get(name) ?? 0;
  reading.counts.set(name, before + values.length);
  for (const [field, value] of valueFields(measurement, before + 1, values, section))
    reading.fields.set(field, value);
};

/** An announcement, where one is due: it has no sign, and values have. */
const readsAnnouncement = (text: string, { body, measurement }: Asked): boolean => {
  if (body === undefined) return /^[0-9A-Za-z][0-9]{4,6}$/.test(text);
  if (!/^[0-9A-Za-z][0-9]+$/.test(text)) return false;
  return measurement !== undefined && !body.startsWith('D') && !'RX'.includes(measurement.kind);
};

/** By the digits of its count, what a bare announcement may be of. */
const BARE_KINDS = ['M', 'C', 'HA'] as const;

const announced = (reading: Reading, text: string): void => {
  const kind = reading.asked.measurement?.kind ?? BARE_KINDS[text.length - 5] ?? 'M';
  const { address, seconds, values } = parseAnnouncement(text, kind);
  take(reading, address);
  const of = reading.asked.measurement === undefined ? `as after ${kind}` : `after ${reading.asked.body}`;
  reading.announced.push(`announces ${values} values in ${seconds} s (${of})`);
};

const takeText = (reading: Reading, text: string, section: Sdi12Section): void => {
  const { body, crc } = reading.asked;
  const unasked = body === undefined;
  if (readsAnnouncement(text, reading.asked)) return announced(reading, text);
  if (body === 'I' || (unasked && /^[0-9A-Za-z][0-9]{2}[ -~]{8,}$/.test(text))) {
    const identification = parseIdentification(text);
    take(reading, identification.address);
    for (const [name, field] of identificationFields(identification)) reading.fields.set(name, field);
  } else if ((body !== undefined && isMetadata(body)) || (unasked && text[1] === ',')) {
    describe(reading, text, body);
  } else if (body?.startsWith('X') === true && !/^.(?:[+-]|$)/.test(text)) {
    take(reading, text.slice(0, 1));
    reading.fields.set(`${body}.text`, { value: text.slice(1), raw: Buffer.from(text) });
  } else {
    const response = parseValues(text, { crc });
    take(reading, response.address);
    add(reading, response.values, section);
  }
};

/** Metadata: of a value after `aIM_001!`, or how many there are after `aIM!`. */
const describe = (reading: Reading, text: string, body = ''): void => {
  if (body !== '' && !body.includes('_')) {
    const kind = parseCommandBody(body.slice(1))?.measurement.kind ?? 'M';
    const { address, values } = parseAnnouncement(text, kind);
    take(reading, address);
    reading.fields.set(`${body}.values`, { value: values, raw: Buffer.from(text) });
    return;
  }
  const crc = parseCommandBody(body.slice(1, body.indexOf('_')))?.crc ?? false;
  const { address, code, unit, more } = parseParameter(text, { crc });
  take(reading, address);
  const name = body === '' ? 'I' : body;
  reading.fields.set(`${name}.code`, { value: code, raw: Buffer.from(code) });
  reading.fields.set(`${name}.unit`, { value: unit, raw: Buffer.from(unit) });
  more.forEach((text_, index) =>
    reading.fields.set(`${name}.${index + 3}`, { value: text_, raw: Buffer.from(text_) }),
  );
};

/** Where a command ends that begins here; 0 where none does. */
const commandLength = (bytes: Uint8Array): number => {
  const end = bytes.subarray(0, LONGEST_COMMAND).indexOf(BANG);
  if (end < 0) return 0;
  const text = Buffer.from(bytes.subarray(0, end + 1)).toString('latin1');
  return COMMAND.test(text) ? end + 1 : 0;
};

/** Length of a binary packet that stands here: after `aDB0!`, or alone where its own size and CRC say so. */
const packetHere = (bytes: Uint8Array, { body }: Asked): number => {
  if (body === undefined ? bytes.length < 6 : !body.startsWith('DB')) return 0;
  if (body !== undefined) return Math.min(packetLength(bytes) ?? bytes.length, bytes.length);
  const size = (bytes[1] ?? 0) | ((bytes[2] ?? 0) << 8);
  return size <= 1000 && size + 6 === bytes.length ? bytes.length : 0;
};

const lineEnd = (bytes: Uint8Array): number => {
  const end = bytes.indexOf(LF);
  return end < 0 ? bytes.length : end + 1;
};

/** Reads what stands at the beginning, and says how many bytes of it. */
const step = (reading: Reading, bytes: Uint8Array, section: Sdi12Section): number => {
  const command = commandLength(bytes);
  if (command > 0) {
    const body = Buffer.from(bytes.subarray(1, command - 1)).toString('latin1');
    reading.asked = afterCommand(reading.asked, body);
    return command;
  }
  const packet = packetHere(bytes, reading.asked);
  if (packet > 0) {
    const { address, values } = decodePacket(bytes.subarray(0, packet));
    take(reading, address);
    add(reading, values, section);
    return packet;
  }
  const end = lineEnd(bytes);
  const line = asciiOf(bytes.subarray(0, end))
    .replaceAll('\0', '')
    .replace(/\r?\n?$/, '');
  if (line !== '') takeText(reading, line, section);
  return end;
};

/**
 * Reads what a line carried while one sensor was asked: its responses, each ended by <CR><LF>, with or without the
 * commands before them (`0M!00013<CR><LF>0D0!0+1.5...`), or one binary packet. Values are named by the command that
 * they answer (`M.1`, `C1.2`, `R0.1`), those of a bare response `D.1`, `D.2`; `aI!` gives `I.vendor` and so on. Throws a
 * `TelegramError`, nothing else.
 */
export const decodeTranscript = (raw: Uint8Array, section: unknown): Telegram => {
  if (raw.length > MOST_BYTES) throw new TelegramError('frame', `${raw.length} bytes are no one telegram`);
  const reading: Reading = {
    asked: { crc: false },
    address: '',
    fields: new Map(),
    counts: new Map(),
    announced: [],
  };
  const known = sdi12SectionOf(section);
  const bytes = packetHere(raw, reading.asked) > 0 ? raw : withoutParity(raw);
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at];
    // Lines may be empty.
    if (byte === undefined || isLineNoise(byte) || byte === CR || byte === LF) at++;
    else at += step(reading, bytes.subarray(at), known);
  }
  if (reading.address === '') throw new TelegramError('frame', 'there is no response in it');
  const { address, fields, announced: remarks } = reading;
  return { address, fields, ...(fields.size > 0 || remarks.length === 0 ? {} : { remarks }) };
};
