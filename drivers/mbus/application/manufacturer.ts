const LETTER_BITS = 5;
const BEFORE_A = 64;

/** Three letters in five bits each (EN 13757-3, "Manufacturer identification"; codes by the FLAG association). */
export const manufacturerName = (code: number): string =>
  [2, 1, 0].map((place) => String.fromCharCode(((code >> (LETTER_BITS * place)) & 0x1f) + BEFORE_A)).join('');

/** The code of three capital letters. */
export const manufacturerCode = (name: string): number =>
  Array.from(name).reduce(
    (code, letter) => (code << LETTER_BITS) | ((letter.codePointAt(0) ?? 0) - BEFORE_A),
    0,
  );
