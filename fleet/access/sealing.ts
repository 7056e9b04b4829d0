import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';
import { AccessError } from './errors.js';

/** Keeps secrets that must be readable again, and hashes that must not be guessed from a copy of the database. */
export interface Sealing {
  /** AES-256-GCM; opens only under the same `label`. */
  seal(plain: Uint8Array, label: string): Uint8Array;
  /** Throws `AccessError` `sealed` where the bytes were sealed under another key or label, or changed. */
  open(sealed: Uint8Array, label: string): Uint8Array;
  /** Keyed hash (HMAC-SHA-256), hex. */
  mac(text: string, label: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** `key`: 32 bytes, the access key of the fleet. */
export const createSealing = (key: Uint8Array, random: (bytes: number) => Uint8Array): Sealing => {
  const derive = (use: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, '', use, KEY_BYTES));
  const [sealKey, macKey] = [derive('terroir seal'), derive('terroir mac')];
  return {
    seal: (plain, label) => {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', sealKey, nonce).setAAD(Buffer.from(label));
      const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
    },
    open: (sealed, label) => {
      try {
        const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, NONCE_BYTES), {
          authTagLength: TAG_BYTES,
        }).setAAD(Buffer.from(label));
        decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
      } catch {
        throw new AccessError(
          'sealed',
          'A secret in registry.db was sealed under another access key: put the right access.key back.',
        );
      }
    },
    mac: (text, label) => createHmac('sha256', macKey).update(`${label}\0${text}`).digest('hex'),
  };
};
