import { existsSync, readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openBody, parseBatch, sealBatch, verifyBatch } from '../../../agent/wire/batch.js';
import { decodeDirectory, encodeDirectory } from '../../../agent/wire/directory-codec.js';
import { decodeMessage, encodeMessage, type MessageKind } from '../../../agent/wire/message-codec.js';
import { draftOf, publicKey, signer } from '../signing.js';
import { batches, directory, messages } from './values.js';

/** The file's bytes; where there is none yet, the failure shows what to write into it. */
const golden = (name: string, made: Uint8Array): Uint8Array => {
  const file = new URL(`1/${name}.hex`, import.meta.url);
  if (!existsSync(file))
    throw new Error(`${file.pathname} is missing; it would be\n${Buffer.from(made).toString('hex')}`);
  return Uint8Array.from(Buffer.from(readFileSync(file, 'utf8').replace(/\s/g, ''), 'hex'));
};

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const holds = (kind: MessageKind): void => {
  const made = encodeMessage(kind, messages[kind]);
  const kept = golden(kind, made);
  expect(decodeMessage(kind, kept)).toEqual(messages[kind]);
  expect(hexOf(made)).toBe(hexOf(kept));
};

describe('version 1, for ever', () => {
  it.each(['hello', 'welcome', 'ack', 'resend', 'command', 'result', 'status', 'health'] as const)(
    '%s',
    (kind) => {
      holds(kind);
    },
  );

  it('directory', () => {
    const seed = Uint8Array.from({ length: 16 }, (_, index) => 255 - index);
    const made = encodeDirectory(directory, seed);
    const kept = golden('directory', made.bytes);
    expect(decodeDirectory(kept)).toMatchObject({ directory, hash: made.hash, seed });
    // Builds of zlib deflate differently; what they deflate is the same.
    expect(hexOf(inflateRawSync(made.bytes))).toBe(hexOf(inflateRawSync(kept)));
  });

  it.each(Object.keys(batches))('batch of %s', (name) => {
    const content = batches[name];
    if (content === undefined) throw new Error(name);
    const made = sealBatch(draftOf(content), signer);
    const parsed = parseBatch(golden(`batch-${name}`, made.message));
    verifyBatch(parsed, publicKey);
    expect(openBody(parsed)).toEqual({ ...content, erased: 0 });
    const again = parseBatch(made.message);
    expect(hexOf(inflateRawSync(again.body))).toBe(hexOf(inflateRawSync(parsed.body)));
    expect({ ...again.header, bodyHash: 0 }).toEqual({ ...parsed.header, bodyHash: 0 });
  });
});
