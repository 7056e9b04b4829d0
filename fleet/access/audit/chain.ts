import { createHash } from 'node:crypto';
import type { AuditAppended, AuditEntry, AuditLink, AuditNewest } from '../../store/audit-store.js';
import { NO_LEAVES, withLeaf } from './hash-tree.js';

/** Hash before the first entry of a trail. */
export const GENESIS = new Uint8Array(32);

/** What an entry is made of. */
export interface Draft {
  readonly trail: string;
  readonly at: number;
  readonly salt: Uint8Array;
  readonly content: string;
}

/** Bytes of a salt. */
export const SALT_BYTES = 16;

/** What a trail gets next: the entry that follows its newest, and its hash tree after it. */
export const appendedAfter = (newest: AuditNewest | undefined, draft: Draft): AuditAppended => {
  const entry = entryAfter(newest, draft);
  const before = newest === undefined ? NO_LEAVES : { size: newest.number + 1, peaks: newest.peaks };
  return { entry, peaks: withLeaf(before, entry.hash).peaks };
};

/** The entry that follows `newest` in its trail. */
export const entryAfter = (newest: AuditLink | undefined, draft: Draft): AuditEntry => {
  const number = newest === undefined ? 0 : newest.number + 1;
  const contentHash = contentHashOf(draft.salt, draft.content);
  const hash = hashOf({ ...draft, number, contentHash }, newest?.hash ?? GENESIS);
  return { ...draft, number, contentHash, hash };
};

/** The salt keeps erased content from being guessed by its hash. */
export const contentHashOf = (salt: Uint8Array, content: string): Uint8Array =>
  createHash('sha256').update(salt).update(content).digest();

/**
 * An entry's hash is a leaf of its trail's hash tree (RFC 9162, section 2.1.1: SHA-256 over 0x00 and the leaf), and
 * the leaf holds the hash before it: entries are chained as well.
 */
export const hashOf = (
  { trail, number, at, contentHash }: Pick<AuditEntry, 'trail' | 'number' | 'at' | 'contentHash'>,
  previous: Uint8Array,
): Uint8Array =>
  createHash('sha256')
    .update(LEAF)
    .update(JSON.stringify([trail, number, at, hex(contentHash), hex(previous)]))
    .digest();

const LEAF = Uint8Array.of(0);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
