import { Value } from 'typebox/value';
import type { Doubt } from '../sample.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { createChecksum, type LineChecksum } from './checksum.js';
import { createColumns } from './columns.js';
import { deviceTime } from './device-time.js';
import { showText, unescapeText } from './escapes.js';
import { fieldValue } from './field-value.js';
import { LineError } from './line-error.js';
import type { LineLayout } from './line-layout.js';
import { MOST_LINE_BYTES } from './line-framer.js';
import { createPattern, type Pattern } from './pattern/pattern.js';
import { LineSection, type FieldSection } from './section.js';

/** An instrument as its section describes it, ready to read its lines. */
export interface Instrument {
  readonly section: LineSection;
  readonly names: readonly string[];
  /** What asks the device at an address; absent: it speaks unasked. */
  readonly command?: (address: string) => Uint8Array;
  /** Absent: CR, LF or both. */
  readonly terminator?: string;
  readonly checksum?: LineChecksum;
  /** Where the layout is a pattern. */
  readonly pattern?: Pattern;
  /** Reads one line, with or without its end. Throws a `TelegramError`. */
  readonly decode: (raw: Uint8Array) => Telegram;
  /** What a line refuses, where it does. */
  readonly refusal: (raw: Uint8Array) => string | undefined;
}

/** The field that holds the sender's address. */
export const ADDRESS_FIELD = 'address';

const patternLayout = (pattern: Pattern): LineLayout => ({
  names: pattern.names,
  read: (text) => {
    const groups = pattern.match(text);
    if (groups === undefined)
      throw new TelegramError('decode', `"${showText(text)}" does not match the pattern`);
    return groups;
  },
});

const withoutEnd = (raw: Uint8Array, terminator: string | undefined): string => {
  if (raw.length > MOST_LINE_BYTES + 10)
    throw new TelegramError('frame', `a line of ${raw.length} bytes is none`);
  const text = Buffer.from(raw).toString('latin1');
  if (terminator !== undefined && text.endsWith(terminator)) return text.slice(0, -terminator.length);
  return text.replace(/[\r\n]{1,4}$/, '').replace(/^[\r\n]{1,4}/, '');
};

const doubtOf = ({ status }: LineSection, texts: ReadonlyMap<string, string>): Doubt | undefined => {
  if (status === undefined) return undefined;
  const said = (texts.get(status.field) ?? '').trim();
  if (status.sound.includes(said)) return undefined;
  const meaning = status.faults?.[said] ?? 'which is not a sound state';
  return {
    reason: 'sensor-fault',
    detail: `its ${status.field} is ${said === '' ? 'empty' : said}: ${meaning}`,
  };
};

/** Fields that are words by what they are for, unless the section says otherwise: sender, unit, status and time. */
const wordsOf = ({ fields = {}, status, time }: LineSection): ReadonlySet<string> =>
  new Set([
    ADDRESS_FIELD,
    ...Object.values(fields).flatMap(({ unit }) => (unit === undefined ? [] : [unit])),
    ...(status === undefined ? [] : [status.field]),
    ...(time === undefined ? [] : [time.field]),
  ]);

/** What a section says of a field, or what its use says. */
export const fieldSection = (section: LineSection, name: string): FieldSection =>
  section.fields?.[name] ?? (wordsOf(section).has(name) ? { type: 'text' } : {});

const telegramOf = (
  section: LineSection,
  described: (name: string) => FieldSection,
  texts: ReadonlyMap<string, string>,
): Telegram => {
  const doubt = doubtOf(section, texts);
  const fields = [...texts].map(([name, text]): [string, Field] => {
    const { value, fault } = fieldValue(text, described(name), section, texts);
    const doubted = doubt !== undefined && value !== null && name !== section.status?.field;
    const raw = Buffer.from(text, 'latin1');
    return [name, { value, raw, ...(fault && { fault }), ...(doubted && { doubt }) }];
  });
  const time = deviceTime(texts.get(section.time?.field ?? '') ?? '', section.time?.offset);
  return {
    address: (texts.get(ADDRESS_FIELD) ?? '').trim(),
    fields: new Map(fields),
    ...(time !== undefined && { deviceTime: time }),
  };
};

const layoutOf = ({ pattern, columns }: LineSection): readonly [LineLayout, Pattern | undefined] => {
  if ((pattern === undefined) === (columns === undefined))
    throw new LineError('section', 'needs either pattern or columns');
  if (columns !== undefined) return [createColumns(columns), undefined];
  const created = createPattern(pattern ?? '');
  return [patternLayout(created), created];
};

const checkNames = ({ fields = {}, status, time }: LineSection, names: readonly string[]): void => {
  const named = [
    ...Object.keys(fields),
    ...Object.values(fields).flatMap(({ unit }) => (unit === undefined ? [] : [unit])),
    ...(status === undefined ? [] : [status.field]),
    ...(time === undefined ? [] : [time.field]),
  ];
  const unknown = named.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new LineError(
      'section',
      `speaks of a field ${unknown}, and a line has ${names.join(', ') || 'none'}`,
    );
  for (const [name, { unit, units, codes, type }] of Object.entries(fields)) {
    if ((unit === undefined) !== (units === undefined))
      throw new LineError('section', `${name} needs unit and units together`);
    if (codes !== undefined && type !== undefined)
      throw new LineError('section', `${name} has codes, which are whole numbers: leave its type out`);
  }
};

/** Makes an instrument of its section. Throws a `LineError` that says what is wrong with that. */
export const createInstrument = (section: LineSection): Instrument => {
  const [layout, pattern] = layoutOf(section);
  checkNames(section, layout.names);
  const checksum = section.checksum === undefined ? undefined : createChecksum(section.checksum);
  const terminator = section.terminator === undefined ? undefined : unescapeText(section.terminator);
  const sections = new Map(layout.names.map((name) => [name, fieldSection(section, name)]));
  const described = (name: string): FieldSection => sections.get(name) ?? {};
  const command = section.command === undefined ? undefined : unescapeText(section.command);
  const refusal = (raw: Uint8Array): string | undefined => {
    const said = withoutEnd(raw, terminator).trim();
    const meaning = Object.hasOwn(section.errors ?? {}, said) ? section.errors?.[said] : undefined;
    return meaning === undefined ? undefined : `it answers "${showText(said)}": ${meaning}`;
  };
  return {
    section,
    names: layout.names,
    ...(command !== undefined && {
      command: (address: string) => Buffer.from(command.replaceAll('{address}', address), 'latin1'),
    }),
    ...(terminator !== undefined && { terminator }),
    ...(checksum !== undefined && { checksum }),
    ...(pattern !== undefined && { pattern }),
    refusal,
    decode: (raw) => {
      const refused = refusal(raw);
      if (refused !== undefined) throw new TelegramError('decode', refused);
      const line = withoutEnd(raw, terminator);
      return telegramOf(section, described, layout.read(checksum === undefined ? line : checksum.body(line)));
    },
  };
};

const known = new WeakMap<object, Instrument>();

/** The instrument of a profile's section. Throws a `LineError` where that is none. */
export const instrumentOf = (section: unknown): Instrument => {
  const ready = typeof section === 'object' && section !== null ? known.get(section) : undefined;
  if (ready !== undefined) return ready;
  if (!Value.Check(LineSection, section))
    throw new LineError('section', 'is missing: a key line with a pattern or columns');
  const instrument = createInstrument(section);
  known.set(section, instrument);
  return instrument;
};
