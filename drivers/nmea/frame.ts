import type { Framer } from '../telegram/listening-bus.js';
import { isReadSentence } from './sentences.js';

const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;
/** The standard allows 82 characters; devices with many transducers take more. */
const MAX_SENTENCE = 512;
/** Sentences of one GSV group. */
const MAX_GROUP = 9;

interface Group {
  readonly talker: string;
  readonly total: number;
  readonly sentences: Uint8Array[];
}

const joined = (sentences: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(sentences.flatMap((sentence) => [...sentence, CR, LF]));

/** Puts the sentences of a GSV group together; a group with a gap is given up. */
const createGrouper = (): ((sentence: Uint8Array, text: string) => Uint8Array | undefined) => {
  let group: Group | undefined;
  return (sentence, text) => {
    const [, talker = '', total = '', number = ''] = /^\$(..)GSV,(\d),(\d),/.exec(text) ?? [];
    if (number === '' || Number(total) > MAX_GROUP) return undefined;
    if (number === '1') group = { talker, total: Number(total), sentences: [] };
    if (group === undefined || group.talker !== talker || group.sentences.length + 1 !== Number(number)) {
      group = undefined;
      return undefined;
    }
    group.sentences.push(sentence);
    if (group.sentences.length < group.total) return undefined;
    const whole = joined(group.sentences);
    group = undefined;
    return whole;
  };
};

/**
 * Cuts sentences out of what comes, `$` to the end of the line. Sentences that this driver does not read, and makers' own,
 * are passed over: a receiver sends many. The sentences of a GSV group are given as one telegram.
 */
export const createNmeaFramer = (): Framer => {
  const group = createGrouper();
  let line: number[] | undefined;
  const end = (telegrams: Uint8Array[]): void => {
    if (line === undefined) return;
    const sentence = Uint8Array.from(line);
    line = undefined;
    const text = Buffer.from(sentence).toString('latin1');
    const type = text.slice(3, 6);
    if (text.startsWith('$P') || !isReadSentence(type)) return;
    const telegram = type === 'GSV' ? group(sentence, text) : sentence;
    if (telegram !== undefined) telegrams.push(telegram);
  };
  return (bytes) => {
    const telegrams: Uint8Array[] = [];
    for (const byte of bytes) {
      if (byte === DOLLAR) line = [byte];
      else if (byte === CR || byte === LF) end(telegrams);
      else if (line !== undefined) {
        line.push(byte);
        if (line.length > MAX_SENTENCE) line = undefined;
      }
    }
    return telegrams;
  };
};
