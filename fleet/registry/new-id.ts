import { randomBytes } from 'node:crypto';

const ID_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 20;

/** A new id of the wire contract: 20 letters and digits, 103 bits of randomness. */
export const newId = (): string => {
  let id = '';
  while (id.length < ID_LENGTH) {
    // bytes beyond the last whole multiple of 36 would favour the first letters
    for (const byte of randomBytes(ID_LENGTH))
      if (byte < 252 && id.length < ID_LENGTH) id += ID_LETTERS[byte % 36];
  }
  return id;
};
