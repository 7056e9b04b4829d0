import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  columnLeaf,
  leafSalt,
  padSecret,
  rootOfPath,
  summaryLeaf,
  treePath,
  treeRoot,
} from '../../agent/wire/hash-tree.js';

const sha256 = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const seed = new Uint8Array(16).fill(5);
const secret = padSecret(seed);
const leaf = (index: number): Uint8Array => sha256(Uint8Array.of(index));
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, (_, index) => leaf(index));

/** The tree as the README defines it, written another way: all places, and pads where nothing is. */
const rootByDefinition = (leaves: readonly Uint8Array[], level = 15): Uint8Array => {
  const [only] = leaves;
  if (only === undefined) return sha256(hex('02'), secret, Uint8Array.of(level));
  if (level === 0) return only;
  const half = 2 ** (level - 1);
  const parts = [
    rootByDefinition(leaves.slice(0, half), level - 1),
    rootByDefinition(leaves.slice(half), level - 1),
  ];
  return sha256(hex('01'), ...parts.toSorted((a, b) => Buffer.compare(a, b)));
};

describe('the hash tree', () => {
  it('is the one that is documented, with any number of leaves', () => {
    for (const count of [1, 2, 3, 5, 8, 21, 64, 100, 1000]) {
      const leaves = leavesOf(count);
      expect(Buffer.from(treeRoot(leaves, secret))).toEqual(rootByDefinition(leaves));
    }
    expect(() => treeRoot([], secret)).toThrow(/1 to 32768/);
    expect(() => treeRoot(leavesOf(32_769), secret)).toThrow(/1 to 32768/);
  });

  it('leads from each leaf to its root by 15 siblings, and from no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (count, pick) => {
        const leaves = leavesOf(count);
        const index = pick % count;
        const path = treePath(leaves, secret, index);
        expect(path).toHaveLength(15);
        expect(rootOfPath(leaf(index), path)).toEqual(treeRoot(leaves, secret));
        expect(rootOfPath(leaf(index + 1), path)).not.toEqual(treeRoot(leaves, secret));
      }),
      { numRuns: 50 },
    );
  });

  it('pads with what cannot be guessed without the seed', () => {
    expect(treePath([leaf(0)], secret, 0)).not.toEqual(treePath([leaf(0)], padSecret(new Uint8Array(16)), 0));
    expect(Buffer.from(secret)).toEqual(
      createHmac('sha256', seed).update(hex('ffffffff')).digest().subarray(0, 16),
    );
  });

  it('hashes salt, point, period and bytes into a leaf, a summary into one of another sort', () => {
    const salt = leafSalt(seed, 3);
    expect(Buffer.from(salt)).toEqual(
      createHmac('sha256', seed).update(hex('00000003')).digest().subarray(0, 16),
    );
    const column = columnLeaf(salt, { point: 258, periodMs: 60_000, bytes: hex('aabb') });
    expect(Buffer.from(column)).toEqual(
      sha256(hex('00'), salt, hex('00000102'), hex('0000ea60'), hex('aabb')),
    );
    expect(Buffer.from(summaryLeaf(salt, hex('aabb')))).toEqual(sha256(hex('03'), salt, hex('aabb')));
  });
});
