import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../agent/wire/cbor.js';
import { decodeDirectory, directoryLeaves, encodeDirectory } from '../../agent/wire/directory-codec.js';
import { WireError } from '../../agent/wire/errors.js';
import { leafSalt, padSecret, rootOfPath, treePath } from '../../agent/wire/hash-tree.js';
import { directories } from './arbitraries.js';
import { directory } from './golden/values.js';

const SEED = new Uint8Array(16).fill(9);

const decodePlain = ({ configuration, devices, points }: Record<string, unknown>): unknown => {
  const entries = [
    { configuration },
    ...(Array.isArray(devices) ? devices : []).map((device: unknown) => ({ device })),
    ...(Array.isArray(points) ? points : []).map((point: unknown) => ({ point })),
  ];
  const map = new Map<number, unknown>([
    [1, SEED],
    [2, entries.map(encodeCbor)],
  ]);
  return decodeDirectory(deflateRawSync(encodeCbor(map)));
};

describe('directories', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(directories, (value) => {
        const { bytes, hash } = encodeDirectory(value, SEED);
        expect(decodeDirectory(bytes)).toMatchObject({ directory: value, hash, seed: SEED });
      }),
      { numRuns: 100 },
    );
  });

  it('are named by their content and seed, whatever the order of keys', () => {
    const { hash } = encodeDirectory(directory, SEED);
    const turned = Object.fromEntries(Object.entries(directory).toReversed());
    expect(encodeDirectory({ ...directory, ...turned }, SEED).hash).toEqual(hash);
    expect(encodeDirectory(directory, leafSalt(SEED, 1)).hash).not.toEqual(hash);
  });

  it('show one entry under their name without the others', () => {
    const { hash, entries, seed } = decodeDirectory(encodeDirectory(directory, SEED).bytes);
    const leaves = directoryLeaves(entries, seed);
    for (const [index, leaf] of leaves.entries()) {
      expect(rootOfPath(leaf, treePath(leaves, padSecret(seed), index))).toEqual(hash);
    }
  });

  it.each([
    [
      'a kind that is none',
      { points: [{ ...directory.points[0], kind: 'speed' }] },
      /points\/0\/kind.*gauge/,
    ],
    ['a number that is taken', { points: [directory.points[0], directory.points[0]] }, /is taken/],
    ['a point of no device', { devices: [] }, /not listed/],
    ['a device twice', { devices: [directory.devices[0], directory.devices[0]] }, /twice/],
    ['a window of no length', { points: [{ ...directory.points[0], windows: [0] }] }, /windows\/0/],
  ])('are refused with %s', (_, change, message) => {
    expect(() => decodePlain({ ...directory, ...change })).toThrow(message);
  });

  it('are never inflated beyond the limit', () => {
    expect(() => decodeDirectory(deflateRawSync(new Uint8Array(16 * 1024 * 1024)))).toThrow(
      /inflates to more/,
    );
  });

  it('throw nothing but WireError on any bytes', () => {
    const anyEntries = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 4 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), anyEntries, (bytes, entries) => {
        const map = new Map<number, unknown>([
          [1, SEED],
          [2, entries],
        ]);
        for (const payload of [bytes, deflateRawSync(bytes), deflateRawSync(encodeCbor(map))]) {
          expect(() => decodeDirectory(payload)).toThrow(WireError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
