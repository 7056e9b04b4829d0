import { createCipheriv, createDecipheriv } from 'node:crypto';
import { HttpError } from './problem.js';

/** Places in a listing as opaque text: sealed, all of one length, and good only for the person and the query they were given to. */
export interface Cursors {
  seal(place: string, boundTo: string): string;
  /** Throws `HttpError` `bad-request` on any text that `seal` did not make for the same `boundTo`. */
  open(cursor: string, boundTo: string): string;
}

/** Places are filled up to this: a longer cursor would tell of a longer id, number or name of somebody else. */
const PLACE_BYTES = 384;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM under a 32-byte key of the fleet. */
export const createCursors = (key: Uint8Array, random: (bytes: number) => Uint8Array): Cursors => ({
  seal: (place, boundTo) => {
    const nonce = random(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo));
    const sealed = Buffer.concat([cipher.update(filled(place)), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url');
  },
  open: (cursor, boundTo) => {
    const bytes = Buffer.from(cursor, 'base64url');
    const whole = bytes.toString('base64url') === cursor;
    if (!whole || bytes.length !== NONCE_BYTES + TAG_BYTES + PLACE_BYTES) throw wrongCursor();
    const nonce = bytes.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(boundTo));
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    try {
      const place = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES));
      const text = Buffer.concat([place, decipher.final()]).toString('utf8');
      return text.slice(0, text.indexOf(END));
    } catch {
      throw wrongCursor();
    }
  },
});

/** Ends a place; no place holds it. */
const END = '\0';

const filled = (place: string): Buffer => {
  const bytes = Buffer.from(place + END);
  if (bytes.length > PLACE_BYTES)
    throw new Error(`A place of ${bytes.length} bytes does not fit into a cursor.`);
  return Buffer.concat([bytes], PLACE_BYTES);
};

const wrongCursor = (): HttpError =>
  new HttpError('bad-request', 'This cursor belongs to another query or person; start again without it.');
