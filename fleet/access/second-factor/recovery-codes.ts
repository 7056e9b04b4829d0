import { encodeBase32 } from './base32.js';

export const RECOVERY_CODES = 10;
const CODE_BYTES = 10;
const GROUP = /.{4}/g;

/** New recovery codes: 80 random bits each, as `abcd-efgh-ijkl-mnop`. */
export const newRecoveryCodes = (random: (bytes: number) => Uint8Array): string[] =>
  Array.from({ length: RECOVERY_CODES }, () => {
    const text = encodeBase32(random(CODE_BYTES)).toLowerCase();
    return (text.match(GROUP) ?? []).join('-');
  });

/** A recovery code as it is hashed, however it was typed; `undefined`: it is none. */
export const readRecoveryCode = (text: string): string | undefined => {
  const plain = text.toLowerCase().replaceAll(/[\s-]/g, '');
  return /^[a-z2-7]{16}$/.test(plain) ? plain : undefined;
};
