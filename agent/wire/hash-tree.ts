import { createHash, createHmac } from 'node:crypto';
import { MAX_LEAVES, TREE_DEPTH } from './limits.js';
import { WireError } from './errors.js';

export const SALT_BYTES = 16;
export const SEED_BYTES = 16;
export const HASH_BYTES = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
const PAD = Uint8Array.of(2);
const SUMMARY = Uint8Array.of(3);
/** No leaf has this number. */
const PAD_NUMBER = 0xffffffff;

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

export const uint32 = (value: number): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Salt of the leaf at `index`: HMAC-SHA256(seed, uint32 index), first 16 bytes. It shows nothing of the seed. */
export const leafSalt = (seed: Uint8Array, index: number): Uint8Array =>
  new Uint8Array(createHmac('sha256', seed).update(uint32(index)).digest().subarray(0, SALT_BYTES));

/** What the pads of a tree are made of; it shows nothing of the salts. */
export const padSecret = (seed: Uint8Array): Uint8Array => leafSalt(seed, PAD_NUMBER);

/** Leaf of one column: SHA-256(0x00 ‖ salt ‖ uint32 point ‖ uint32 period ms ‖ column), big-endian. */
export const columnLeaf = (
  salt: Uint8Array,
  column: { readonly point: number; readonly periodMs: number; readonly bytes: Uint8Array },
): Uint8Array => sha256(LEAF, salt, uint32(column.point), uint32(column.periodMs), column.bytes);

/** Leaf of a batch's summary: SHA-256(0x03 ‖ salt ‖ summary). */
export const summaryLeaf = (salt: Uint8Array, summary: Uint8Array): Uint8Array =>
  sha256(SUMMARY, salt, summary);

/** Leaf of an entry of a directory: SHA-256(0x00 ‖ salt ‖ entry). */
export const entryLeaf = (salt: Uint8Array, entry: Uint8Array): Uint8Array => sha256(LEAF, salt, entry);

/** The smaller first: a path needs no directions, and tells no place. */
const node = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  Buffer.compare(a, b) < 0 ? sha256(NODE, a, b) : sha256(NODE, b, a);

/** What stands for a subtree of `level` that has no leaves. */
const pad = (secret: Uint8Array, level: number): Uint8Array => sha256(PAD, secret, Uint8Array.of(level));

const sibling = (row: readonly Uint8Array[], index: number, secret: Uint8Array, level: number): Uint8Array =>
  row[index % 2 === 0 ? index + 1 : index - 1] ?? pad(secret, level);

const parents = (row: readonly Uint8Array[], secret: Uint8Array, level: number): readonly Uint8Array[] =>
  row.flatMap((left, index) => (index % 2 === 0 ? [node(left, sibling(row, index, secret, level))] : []));

/**
 * Root of the tree over leaf hashes. It always has 2^15 places: where there are no leaves, a subtree is one pad that
 * nobody can guess, so that a path has the same length and look whatever else was sealed.
 */
export const treeRoot = (leaves: readonly Uint8Array[], secret: Uint8Array): Uint8Array => {
  if (leaves.length === 0 || leaves.length > MAX_LEAVES) {
    throw new WireError('unencodable', `a hash tree has 1 to ${MAX_LEAVES} leaves, not ${leaves.length}`);
  }
  let row = leaves;
  for (let level = 0; level < TREE_DEPTH; level += 1) row = parents(row, secret, level);
  return row[0] ?? sha256();
};

/** The siblings from the leaf at `index` to the root: 15 hashes. */
export const treePath = (
  leaves: readonly Uint8Array[],
  secret: Uint8Array,
  index: number,
): readonly Uint8Array[] => {
  const path: Uint8Array[] = [];
  let row = leaves;
  for (let level = 0; level < TREE_DEPTH; level += 1) {
    path.push(sibling(row, index >> level, secret, level));
    row = parents(row, secret, level);
  }
  return path;
};

/** The root that a leaf and its siblings lead to. */
export const rootOfPath = (leaf: Uint8Array, path: readonly Uint8Array[]): Uint8Array =>
  path.reduce(node, leaf);
