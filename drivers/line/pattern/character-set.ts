const SIZE = 256;

/** Which Latin-1 characters are meant: 1 at the code of each. */
export type CharacterSet = Uint8Array;

export const setOf = (holds: (code: number) => boolean): CharacterSet =>
  Uint8Array.from({ length: SIZE }, (_, code) => (holds(code) ? 1 : 0));

export const only = (character: string): CharacterSet => setOf((code) => code === character.charCodeAt(0));

export const complement = (set: CharacterSet): CharacterSet => set.map((held) => 1 - held);

export const union = (sets: readonly CharacterSet[]): CharacterSet =>
  setOf((code) => sets.some((set) => set[code] === 1));

const matching = (expression: RegExp): CharacterSet =>
  setOf((code) => expression.test(String.fromCharCode(code)));

/** `\d` and its kin, as ECMAScript means them. */
export const CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: matching(/\d/),
  D: matching(/\D/),
  w: matching(/\w/),
  W: matching(/\W/),
  s: matching(/\s/),
  S: matching(/\S/),
  '.': matching(/./),
};
