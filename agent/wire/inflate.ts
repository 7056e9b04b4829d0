import { inflateRawSync } from 'node:zlib';
import { WireError } from './errors.js';

const isTooLarge = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';

/**
 * Inflates a raw deflate stream (RFC 1951) into at most `limit` bytes, `limit` ≥ 1. Throws `WireError`
 * 'too-large' or 'malformed'.
 */
export const inflateAtMost = (bytes: Uint8Array, limit: number): Uint8Array => {
  try {
    return inflateRawSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    if (isTooLarge(error)) throw new WireError('too-large', `inflates to more than ${limit} bytes`, error);
    throw new WireError('malformed', 'not a deflate stream', error);
  }
};
