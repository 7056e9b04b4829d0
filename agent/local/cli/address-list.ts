import type { Dialect } from '../../../drivers/dialect.js';
import { LocalError } from '../errors.js';

/** What follows each other in a range: numbers, and one sort of letters. */
const NUMBERS = /^[0-9]{1,3}$/;
const LETTERS = [/^[a-z]$/, /^[A-Z]$/];

/** Both ends of a range and what lies between; `undefined` where it is none. */
const rangeOf = (first: string, last: string): readonly string[] | undefined => {
  if (NUMBERS.test(first) && NUMBERS.test(last))
    return Array.from({ length: Math.max(0, Number(last) - Number(first) + 1) }, (_, index) =>
      String(Number(first) + index),
    );
  if (!LETTERS.some((letters) => letters.test(first) && letters.test(last))) return undefined;
  const from = first.charCodeAt(0);
  return Array.from({ length: Math.max(0, last.charCodeAt(0) - from + 1) }, (_, index) =>
    String.fromCharCode(from + index),
  );
};

const usage = (message: string): never => {
  throw new LocalError('usage', `--addresses: ${message}, such as 1-32,100 or 0-9,a,b for single characters`);
};

/**
 * Reads a list of addresses and ranges such as `1-32,100`, or `0-9,a,B` where a protocol has letters; each in its one
 * form. Throws a `LocalError` that says what the protocol takes.
 */
export const parseAddresses = (text: string, dialect: Dialect, framing: string): readonly string[] => {
  const oneForm = (address: string): string => {
    const parsed = dialect.address(address, framing);
    return 'value' in parsed ? parsed.value : usage(parsed.problem);
  };
  return text.split(',').flatMap((part) => {
    const [, first = '', last = ''] = /^\s*([0-9A-Za-z]+)-([0-9A-Za-z]+)\s*$/.exec(part) ?? [];
    if (first === '') return [oneForm(part.trim())];
    const range = rangeOf(first, last);
    if (range === undefined || range.length === 0) return usage(`"${part}" is no range`);
    return range.map(oneForm);
  });
};
