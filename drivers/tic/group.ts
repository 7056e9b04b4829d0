import { TelegramError } from '../telegram/telegram-error.js';

/**
 * One group of information (Enedis-NOI-CPT_02E and -54E): `LF label separator [horodate separator] data separator
 * checksum CR`. The separator is a space or a tabulation, and says how the checksum is made.
 */
export interface Group {
  readonly label: string;
  /** With its horodate in standard mode, set apart by a tabulation. */
  readonly data: string;
  readonly mode: TicMode;
  /** Seven bits a character, without LF and CR. */
  readonly raw: Uint8Array;
}

/** How groups are written: `historic` with spaces, `standard` with tabulations. */
export type TicMode = 'historic' | 'standard';

export const HT = 0x09;
export const SP = 0x20;
const FIRST_PRINTABLE = 0x20;
const LAST_PRINTABLE = 0x7e;
/** The six low bits of the sum, moved among the printable characters. */
const SUM_MASK = 0x3f;
const SUM_BASE = 0x20;
/** Label, separator, no data, separator, checksum. */
const SHORTEST = 4;
const LABEL = /^[A-Za-z0-9+_?-]{1,10}$/;

/** Checksum of these characters: those up to the last separator, which belongs to them in standard mode only. */
export const checksum = (characters: Uint8Array): number =>
  (characters.reduce((sum, character) => sum + character, 0) & SUM_MASK) + SUM_BASE;

const refuse = (code: 'checksum' | 'frame', why: string): never => {
  throw new TelegramError(code, why);
};

const show = (raw: Uint8Array): string => JSON.stringify(Buffer.from(raw.subarray(0, 24)).toString('latin1'));

const isText = (character: number): boolean =>
  character === HT || (character >= FIRST_PRINTABLE && character <= LAST_PRINTABLE);

/** A group that was copied from a screen has spaces where the meter sent tabulations. */
const hadTabulations = (raw: Uint8Array): string => {
  const text = Buffer.from(raw.subarray(0, -1)).toString('latin1');
  const [label = '', data = ''] = text.trimEnd().split(/ +(.*)/s);
  const sum = checksum(Buffer.from(`${label}\t${data}\t`, 'latin1'));
  return sum === raw.at(-1) ? ': it is right with tabulations, which were copied as spaces' : '';
};

/**
 * Reads what stands between LF and CR. Throws a `TelegramError` (`checksum` where a character or the checksum is
 * wrong, `frame` where it is no group).
 */
export const parseGroup = (raw: Uint8Array): Group => {
  if (raw.length < SHORTEST) refuse('frame', `${show(raw)} is too short for a group`);
  if (!raw.every(isText)) refuse('checksum', `the group ${show(raw)} has a damaged character`);
  const separator = raw.at(-2);
  if (separator !== HT && separator !== SP) refuse('frame', `the group ${show(raw)} has no separator`);
  const mode = separator === HT ? 'standard' : 'historic';
  const covered = raw.subarray(0, mode === 'standard' ? -1 : -2);
  if (checksum(covered) !== raw.at(-1))
    refuse('checksum', `the checksum of the group ${show(raw)} is wrong${hadTabulations(raw)}`);
  const text = Buffer.from(raw.subarray(0, -2)).toString('latin1');
  const at = text.indexOf(mode === 'standard' ? '\t' : ' ');
  const label = at === -1 ? text : text.slice(0, at);
  if (!LABEL.test(label)) refuse('frame', `${JSON.stringify(label)} is no label`);
  return { label, data: at === -1 ? '' : text.slice(at + 1), mode, raw };
};

/** Writes a group as a meter does, with LF and CR. */
export const formatGroup = (label: string, data: string, mode: TicMode): Uint8Array => {
  const separator = mode === 'standard' ? '\t' : ' ';
  const text = Buffer.from(`${label}${separator}${data}${separator}`, 'latin1');
  const sum = checksum(mode === 'standard' ? text : text.subarray(0, -1));
  return Uint8Array.of(0x0a, ...text, sum, 0x0d);
};
