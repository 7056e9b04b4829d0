import { WireError } from '../errors.js';
import { MAX_PACKED } from '../limits.js';
import type { ByteReader } from '../packed/byte-reader.js';

/** Integers of a field ready to pack. Throws 'unencodable' naming the field. */
export const integersOf = (values: readonly number[], field: string): Float64Array => {
  for (const value of values) {
    if (!Number.isInteger(value) || Math.abs(value) > MAX_PACKED) {
      throw new WireError('unencodable', `${field} ${value} is not an integer within ±(2^50 − 1)`);
    }
  }
  return Float64Array.from(values);
};

export const requireAscending = (ordinals: Float64Array, code: 'unencodable' | 'malformed'): void => {
  let previous = -1;
  for (const ordinal of ordinals) {
    if (ordinal <= previous) throw new WireError(code, `ordinals of a column do not ascend at ${ordinal}`);
    previous = ordinal;
  }
};

/** Place of a word in its list: its number on the wire. Throws 'unencodable'. */
export const indexIn = <Word extends string | number>(
  words: readonly Word[],
  word: Word,
  field: string,
): number => {
  const index = words.indexOf(word);
  if (index < 0) throw new WireError('unencodable', `${field} ${word} is not of the contract`);
  return index;
};

/** The word that a number stands for. Throws 'unknown-content'. */
export const itemAt = <Word extends string>(words: readonly Word[], index: number, field: string): Word => {
  const word = words[index];
  if (word === undefined)
    throw new WireError('unknown-content', `${field} ${index} is unknown to this version`);
  return word;
};

/** Reads the length of a column: 1 to `most`. */
export const countOf = (reader: ByteReader, most: number): number => {
  const count = reader.varint();
  if (count === 0) throw new WireError('malformed', 'a column is empty');
  if (count > most) throw new WireError('malformed', 'a column holds more than the header counts');
  reader.reserve(count);
  return count;
};
