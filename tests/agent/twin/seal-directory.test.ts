import { describe, expect, it } from 'vitest';
import { sealDirectory } from '../../../agent/twin/seal-directory.js';
import { decodeDirectory } from '../../../agent/wire/directory-codec.js';
import { directory } from '../../wire/golden/values.js';

const counting = () => {
  let calls = 0;
  return (bytes: number): Uint8Array => new Uint8Array(bytes).fill((calls += 1));
};

describe('the directory that an agent seals', () => {
  it('keeps its name over a restart, as long as it says the same', () => {
    const random = counting();
    const first = sealDirectory(directory, undefined, random);
    expect(sealDirectory({ ...directory }, first.bytes, random)).toEqual(first);
  });

  it('has new salts where anything changed, so that no leaf can be compared with an old one', () => {
    const random = counting();
    const first = sealDirectory(directory, undefined, random);
    const second = sealDirectory({ ...directory, configuration: 'f'.repeat(64) }, first.bytes, random);
    expect(second.hash).not.toEqual(first.hash);
    expect(decodeDirectory(second.bytes).seed).not.toEqual(decodeDirectory(first.bytes).seed);
  });

  it('is sealed anew where the one in use cannot be read', () => {
    const { bytes } = sealDirectory(directory, new Uint8Array([1, 2]), counting());
    expect(decodeDirectory(bytes).directory).toEqual(directory);
  });
});
