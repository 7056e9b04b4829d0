import type { KeyObject } from 'node:crypto';
import { openBody, parseBatch, verifyBatch, type BatchBody } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';

/** What a captured batch says, and whether it holds. */
export interface Inspection {
  readonly header: BatchHeader;
  readonly verdict: 'verified' | 'not-verified' | 'no-key';
  /** Why it does not hold. */
  readonly fault?: string;
  /** Absent where the body does not open. */
  readonly body?: BatchBody;
}

/**
 * Takes a batch message apart: signature and body hash are checked against the key of the certificate that its
 * header names, the hash tree when the body is opened. Throws `WireError` where the bytes are no batch.
 */
export const inspectBatch = (
  message: Uint8Array,
  keyOf: (source: string, thumbprint: string) => KeyObject | undefined,
): Inspection => {
  const parsed = parseBatch(message);
  const { header } = parsed;
  const key = keyOf(header.source, Buffer.from(header.certificate).toString('hex'));
  const checks = [
    ...(key === undefined ? [] : [() => verifyBatch(parsed, key)]),
    () => {
      openBody(parsed);
    },
  ];
  const faults = checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (error) {
      if (error instanceof WireError) return [error.message];
      throw error;
    }
  });
  const [fault] = faults;
  const verdict = fault !== undefined ? 'not-verified' : key === undefined ? 'no-key' : 'verified';
  return {
    header,
    verdict,
    ...(fault === undefined ? { body: openBody(parsed) } : { fault }),
  };
};
