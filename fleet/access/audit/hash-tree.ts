import { createHash } from 'node:crypto';

const HASH_BYTES = 32;
const NODE = Uint8Array.of(1);

/**
 * A growing hash tree (RFC 9162, section 2.1.1) as the roots of its whole subtrees, the largest first: one for each
 * bit that is set in `size`. That is all it takes to add a leaf and to say the root.
 */
export interface Frontier {
  readonly size: number;
  /** Hashes of 32 bytes, one after the other. */
  readonly peaks: Uint8Array;
}

export const NO_LEAVES: Frontier = { size: 0, peaks: new Uint8Array() };

/** The tree with one more leaf, given by its hash. */
export const withLeaf = ({ size, peaks }: Frontier, leaf: Uint8Array): Frontier => {
  let node = leaf;
  let end = peaks.length;
  for (let bits = size; bits % 2 === 1; bits = (bits - 1) / 2) {
    node = join(peaks.subarray(end - HASH_BYTES, end), node);
    end -= HASH_BYTES;
  }
  return { size: size + 1, peaks: Buffer.concat([peaks.subarray(0, end), node]) };
};

/** MTH of RFC 9162; of no leaves the hash of nothing. */
export const rootOf = ({ size, peaks }: Frontier): Uint8Array => {
  if (size === 0) return createHash('sha256').digest();
  let end = peaks.length - HASH_BYTES;
  let root: Uint8Array = peaks.subarray(end);
  for (; end > 0; end -= HASH_BYTES) root = join(peaks.subarray(end - HASH_BYTES, end), root);
  return root;
};

const join = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  createHash('sha256').update(NODE).update(left).update(right).digest();
