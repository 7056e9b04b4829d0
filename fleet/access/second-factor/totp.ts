import { createHmac } from 'node:crypto';
import { isSame } from '../is-same.js';
import { encodeBase32 } from './base32.js';

/** Length of a time step, ms. */
export const STEP_MS = 30_000;
export const DIGITS = 6;
/** RFC 4226, section 4, R6: at least 128 bits, 160 recommended. */
export const SECRET_BYTES = 20;
/** Steps that a clock may be off, each way. */
const WINDOW = 1;

export const stepAt = (time: number): number => Math.floor(time / STEP_MS);

/** The code of a time step: RFC 6238 with HMAC-SHA-1, truncated as in RFC 4226, section 5.3. */
export const codeOf = (secret: Uint8Array, step: number, digits = DIGITS): string => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 15;
  const number = mac.readUInt32BE(offset) & 0x7f_ff_ff_ff;
  return String(number % 10 ** digits).padStart(digits, '0');
};

/**
 * The step that a code belongs to: this one, or one that a clock somewhat off would show. `undefined` where it
 * belongs to none, or to one that is not after `lastStep`, the last of which a code was taken.
 */
export const matchCode = (
  secret: Uint8Array,
  code: string,
  time: number,
  lastStep = 0,
): number | undefined => {
  const now = stepAt(time);
  let found: number | undefined;
  for (let step = now - WINDOW; step <= now + WINDOW; step += 1) {
    if (step > lastStep && isSame(codeOf(secret, step), code)) found ??= step;
  }
  return found;
};

/** What authenticator apps read from a QR code (the "Key URI Format"). */
export const enrolmentUri = (secret: Uint8Array, login: string, issuer: string): string => {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(login)}`;
  const query = [
    `secret=${encodeBase32(secret)}`,
    `issuer=${encodeURIComponent(issuer)}`,
    'algorithm=SHA1',
    `digits=${DIGITS}`,
    `period=${STEP_MS / 1000}`,
  ];
  return `otpauth://totp/${label}?${query.join('&')}`;
};
