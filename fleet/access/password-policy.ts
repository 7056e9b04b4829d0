import { COMMON_WORDS } from './common-words.js';
import { AccessError } from './errors.js';

/** NIST SP 800-63B-4, section 3.1.1.2: 15 where it may be the only factor. */
export const MIN_CHARACTERS = 15;
export const MAX_CHARACTERS = 1000;
/** Characters that must be left once what everybody tries is taken away. */
const FEWEST_OWN = 8;
const FEWEST_DIFFERENT = 5;
const MIN_CONTEXT_WORD = 3;

/** What an attacker would try first at this person. */
export interface PasswordContext {
  readonly login: string;
  readonly name: string;
  readonly organisationName?: string;
}

/**
 * Throws `AccessError` `weak-password` on a password that is too short, or that is little more than common words,
 * neighbouring keys, repetitions, or words about its person. Nothing is asked about kinds of characters.
 */
export const requireGoodPassword = (password: string, context: PasswordContext): void => {
  const length = Array.from(password.normalize('NFKC')).length;
  if (length < MIN_CHARACTERS) {
    throw new AccessError(
      'weak-password',
      `A password has at least ${MIN_CHARACTERS} characters: a few words that only you would put together.`,
    );
  }
  if (length > MAX_CHARACTERS) {
    throw new AccessError('weak-password', `A password has at most ${MAX_CHARACTERS} characters.`);
  }
  const own = Array.from(ownPart(plain(password), context));
  if (own.length < FEWEST_OWN || new Set(own).size < FEWEST_DIFFERENT) {
    throw new AccessError(
      'weak-password',
      'This password is little more than common words, a pattern, or words about you: it would be guessed early.',
    );
  }
};

const plain = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[\p{M}\p{P}\p{S}\p{Z}\p{C}]/gu, '');

/** What is left without what everybody tries. */
const ownPart = (password: string, { login, name, organisationName = '' }: PasswordContext): string => {
  const about = `${login} ${name} ${organisationName}`
    .split(/[\p{P}\p{S}\p{Z}]+/u)
    .map(plain)
    .filter((word) => word.length >= MIN_CONTEXT_WORD)
    .toSorted((a, b) => b.length - a.length);
  const rest = [...about, ...COMMON_WORDS].reduce((text, word) => text.replaceAll(word, ''), password);
  return withoutSequences(withoutRepetition(rest));
};

/** `(.+)` said again and again counts once. */
const withoutRepetition = (text: string): string => text.replaceAll(/(.{1,12}?)\1+/gu, '$1');

/** Of runs like `345` or `fed` only the beginning counts. */
const withoutSequences = (text: string): string => {
  const codes = Array.from(text, (letter) => letter.codePointAt(0) ?? 0);
  const stepTo = (index: number): number => (codes[index] ?? 0) - (codes[index - 1] ?? 0);
  return Array.from(text)
    .filter((_, index) => Math.abs(stepTo(index)) !== 1 || stepTo(index) !== stepTo(index - 1))
    .join('');
};
