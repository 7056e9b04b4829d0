import { TelegramError } from '../telegram/telegram-error.js';

/** One sentence of NMEA 0183 (IEC 61162-1): `$ talker type , field ... * checksum CR LF`. */
export interface Sentence {
  /** Two letters of who speaks: GP, GN, WI, II. */
  readonly talker: string;
  /** Three letters of what is said. */
  readonly type: string;
  readonly fields: readonly string[];
  readonly raw: Uint8Array;
}

const DOLLAR = 0x24;
const BACKSLASH = 0x5c;
const HIGHEST = 0x7e;
const LOWEST = 0x20;

/** Exclusive or of all characters between `$` and `*`. */
export const checksum = (text: string): number =>
  Buffer.from(text, 'latin1').reduce((sum, byte) => sum ^ byte, 0);

const refuse = (code: 'checksum' | 'frame' | 'decode', why: string): never => {
  throw new TelegramError(code, why);
};

const show = (text: string): string => JSON.stringify(text.slice(0, 40));

const body = (line: string, needsChecksum: boolean): string => {
  const star = line.lastIndexOf('*');
  if (star === -1) {
    if (needsChecksum) refuse('checksum', `the sentence ${show(line)} has no checksum`);
    return line.slice(1);
  }
  const [text, stated] = [line.slice(1, star), line.slice(star + 1)];
  if (!/^[0-9A-Fa-f]{2}$/.test(stated)) refuse('frame', `"${stated.slice(0, 8)}" is no checksum`);
  if (checksum(text) !== Number.parseInt(stated, 16))
    refuse('checksum', `the checksum of the sentence ${show(line)} is wrong`);
  return text;
};

/**
 * What stands behind the TAG blocks of a line (IEC 61162-450, NMEA 0183 4.0: `\s:source,c:time*hh\` before the sentence):
 * who passed it on, and when. They say nothing of the sentence, and are passed over where their own checksum holds.
 */
const behindTags = (raw: Uint8Array): Uint8Array => {
  let rest = raw;
  while (rest[0] === BACKSLASH) {
    const end = rest.indexOf(BACKSLASH, 1);
    if (end === -1) refuse('frame', 'a TAG block has no end');
    const [text = '', stated = ''] = Buffer.from(rest.subarray(1, end)).toString('latin1').split('*');
    if (!/^[0-9A-Fa-f]{2}$/.test(stated) || checksum(text) !== Number.parseInt(stated, 16))
      refuse('checksum', `the checksum of the TAG block ${show(text)} is wrong`);
    rest = rest.subarray(end + 1);
  }
  return rest;
};

/**
 * Reads one sentence without its line end. Throws a `TelegramError`: `frame` where it is none, `checksum`, `decode` where
 * it is a maker's own or an encapsulated one.
 */
export const parseSentence = (tagged: Uint8Array, needsChecksum: boolean): Sentence => {
  const raw = behindTags(tagged);
  if (raw[0] === 0x21) refuse('decode', 'encapsulated sentences (AIS) are not read');
  if (raw[0] !== DOLLAR)
    refuse('frame', `a sentence begins with $: ${show(Buffer.from(raw).toString('latin1'))}`);
  if (!raw.every((byte) => byte >= LOWEST && byte <= HIGHEST))
    refuse('checksum', 'the sentence has a damaged character');
  const line = Buffer.from(raw).toString('latin1').trimEnd();
  const [address = '', ...fields] = body(line, needsChecksum).split(',');
  if (address.startsWith('P')) refuse('decode', `${address.slice(0, 12)} is a maker's own sentence`);
  if (!/^[A-Z0-9]{2}[A-Z]{3}$/.test(address)) refuse('frame', `${show(address)} names no sentence`);
  return {
    talker: address.slice(0, 2),
    type: address.slice(2),
    fields: fields.map((field) => field.trim()),
    raw,
  };
};

/** Writes a sentence as a device does. */
export const formatSentence = (talker: string, type: string, fields: readonly string[]): Uint8Array => {
  const text = [talker + type, ...fields].join(',');
  const sum = checksum(text).toString(16).toUpperCase().padStart(2, '0');
  return Uint8Array.from(Buffer.from(`$${text}*${sum}\r\n`, 'latin1'));
};
