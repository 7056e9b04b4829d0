import type { Doubt, Fault } from '../sample.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { readColumn, widthOf, type Reading } from './columns.js';
import { parseSentence, type Sentence } from './sentence.js';
import { SENTENCES, type SentenceForm } from './sentences.js';
import { satelliteFields, transducerFields, windFields } from './shaped.js';
import { sentenceTime } from './time.js';

const LF = 0x0a;
const CR = 0x0d;
/** Sentences of one telegram at most: a group of GSV has nine. */
const MAX_SENTENCES = 64;

/** Fix qualities of GGA whose position is not measured now. */
const GUESSED: Readonly<Record<string, string>> = { 6: 'estimated', 7: 'entered by hand', 8: 'simulated' };
/** The same as letters of the mode, from version 2.3 on. */
const GUESSED_MODES: Readonly<Record<string, string>> = {
  E: 'estimated',
  M: 'entered by hand',
  S: 'simulated',
};

const linesOf = (bytes: Uint8Array): readonly Uint8Array[] => {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== LF && bytes[at] !== CR) continue;
    if (at > from) lines.push(bytes.subarray(from, at));
    from = at + 1;
  }
  return lines;
};

const readRow = (form: SentenceForm, { fields }: Sentence): readonly Reading[] => {
  const readings = new Map<string, Reading>();
  let place = 0;
  for (const column of form.columns) {
    // Later versions of the standard appended columns.
    if (place < fields.length) {
      const reading = readColumn(column, fields[place] ?? '', fields[place + 1] ?? '');
      const known = reading === undefined ? undefined : readings.get(reading.name);
      const better =
        known === undefined || known.value === null || (reading?.exact === true && known.exact !== true);
      if (reading !== undefined && better && !(known !== undefined && reading.value === null))
        readings.set(reading.name, reading);
    }
    place += widthOf(column);
  }
  return [...readings.values()];
};

/** Courses and speeds without the letters between them: before version 2.0. */
const oldCourse = (sentence: Sentence): Sentence => {
  const [course = '', magnetic = '', knots = '', kilometres = '', ...more] = sentence.fields;
  if (sentence.fields.length !== 4 || more.length > 0 || magnetic === 'T') return sentence;
  return { ...sentence, fields: [course, 'T', magnetic, 'M', knots, 'N', kilometres, 'K'] };
};

const valueOf = (readings: readonly Reading[], name: string): Reading['value'] | undefined =>
  readings.find((reading) => reading.name === name)?.value;

/** Why a sentence has no values, or why they are to be doubted, by its status and mode. */
const validity = (
  { type }: Sentence,
  readings: readonly Reading[],
): { readonly fault?: Fault; readonly doubt?: Doubt } => {
  const none = (why: string) => ({ fault: { code: 'sentinel', detail: `${type}: ${why}` } }) as const;
  const guessed = (why: string | undefined) =>
    why === undefined
      ? {}
      : ({ doubt: { reason: 'sensor-fault', detail: `${type}: the position is ${why}` } } as const);
  const quality = valueOf(readings, 'quality');
  if (quality === 0) return none('no fix');
  if (quality === null) return none('the quality of the fix is not said');
  if (typeof quality === 'number') return guessed(GUESSED[quality]);
  const fix = valueOf(readings, 'fix');
  if (fix === 1) return none('no fix');
  if (fix === null) return none('whether there is a fix is not said');
  const status = valueOf(readings, 'status');
  const mode = valueOf(readings, 'mode');
  if (status !== undefined && status !== 'A') return none(`status ${status ?? 'is empty'}, no fix`);
  if (mode === 'N') return none('mode N, no fix');
  return typeof mode === 'string' ? guessed(GUESSED_MODES[mode]) : {};
};

const judged = (
  sentence: Sentence,
  form: SentenceForm,
  readings: readonly Reading[],
): readonly (Reading & Pick<Field, 'doubt'>)[] => {
  const { fault, doubt } = validity(sentence, readings);
  return readings.map((reading) => {
    if (form.always?.includes(reading.name) === true || reading.value === null) return reading;
    if (fault !== undefined) return { name: reading.name, value: null, fault };
    return doubt === undefined ? reading : { ...reading, doubt };
  });
};

const shaped = (sentence: Sentence): readonly Reading[] => {
  if (sentence.type === 'MWV') return windFields(sentence);
  if (sentence.type === 'XDR') return transducerFields(sentence);
  throw new TelegramError('decode', `sentences of the type ${sentence.type} are not read`);
};

const fieldsOf = (sentence: Sentence): readonly (Reading & Pick<Field, 'doubt'>)[] => {
  const form = SENTENCES.get(sentence.type);
  if (form === undefined) return shaped(sentence);
  const row = sentence.type === 'VTG' ? oldCourse(sentence) : sentence;
  return judged(row, form, readRow(form, row));
};

const timeOf = (sentences: readonly Sentence[]): Pick<Telegram, 'deviceTime' | 'deviceClock'> => {
  const timed = sentences.map((sentence) => ({ type: sentence.type, time: sentenceTime(sentence) }));
  const said = timed.find(({ type, time }) => type === 'RMC' && time !== undefined);
  const { time } = said ?? timed.find((each) => each.time !== undefined) ?? {};
  if (time === undefined) return {};
  return { deviceTime: time, ...(said === undefined ? {} : { deviceClock: 'sound' }) };
};

/**
 * Reads one sentence, or several of one telegram such as a group of GSV. Fields are named by the sentence: `GGA.altitude`.
 * An empty field, and one that the sentence's status makes void, has no value. Throws a `TelegramError`.
 */
export const decodeNmea = (bytes: Uint8Array, needsChecksum = true): Telegram => {
  const lines = linesOf(bytes);
  if (lines.length === 0) throw new TelegramError('frame', 'there is no sentence');
  if (lines.length > MAX_SENTENCES) throw new TelegramError('frame', `more than ${MAX_SENTENCES} sentences`);
  const sentences = lines.map((line) => parseSentence(line, needsChecksum));
  const fields = new Map<string, Field>();
  const put = (
    type: string,
    raw: Uint8Array,
    readings: readonly (Reading & Pick<Field, 'doubt'>)[],
  ): void => {
    for (const { name, value, fault, doubt } of readings)
      fields.set(`${type}.${name}`, {
        value,
        raw,
        ...(fault === undefined ? {} : { fault }),
        ...(doubt === undefined ? {} : { doubt }),
      });
  };
  const views = sentences.filter(({ type }) => type === 'GSV');
  for (const sentence of sentences)
    if (sentence.type !== 'GSV') put(sentence.type, sentence.raw, fieldsOf(sentence));
  if (views.length > 0) put('GSV', bytes, satelliteFields(views));
  const talkers = [...new Set(sentences.map(({ talker }) => talker))];
  return { address: talkers.length === 1 ? (talkers[0] ?? '') : '', fields, ...timeOf(sentences) };
};
