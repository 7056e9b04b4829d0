import { encodeBase32 } from '../second-factor/base32.js';

/** An API key as programs carry it: `tk1_<id>_<secret>`. The beginning tells scanners of leaked secrets what it is. */
export interface KeyText {
  /** Public; what the key is called by. */
  readonly id: string;
  readonly secret: string;
}

const ID_BYTES = 8;
const SECRET_BYTES = 32;
const PATTERN = /^tk1_([a-z2-7]{13})_([a-z2-7]{52})$/;

export const newKeyText = (random: (bytes: number) => Uint8Array): KeyText => ({
  id: encodeBase32(random(ID_BYTES)).toLowerCase(),
  secret: encodeBase32(random(SECRET_BYTES)).toLowerCase(),
});

export const formatKey = ({ id, secret }: KeyText): string => `tk1_${id}_${secret}`;

/** `undefined`: this is no API key, whole and unchanged. */
export const parseKey = (text: string): KeyText | undefined => {
  const [, id, secret] = PATTERN.exec(text) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
};
