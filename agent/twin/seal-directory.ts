import { decodeDirectory, encodeDirectory } from '#wire/directory-codec.js';
import type { Directory } from '#wire/directory.js';
import { WireError } from '#wire/errors.js';
import { SEED_BYTES } from '#wire/hash-tree.js';

/** A directory as it is sent, and its name. */
export interface SealedDirectory {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** The directory in use, where it says the same: a restart must not give the same list another name. */
const sealedAlready = (directory: Directory, inUse: Uint8Array): SealedDirectory | undefined => {
  try {
    const { hash, seed } = decodeDirectory(inUse);
    const same = Buffer.compare(encodeDirectory(directory, seed).hash, hash) === 0;
    return same ? { hash, bytes: inUse } : undefined;
  } catch (error) {
    // of another version, or damaged: it is sealed anew
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

/**
 * Seals a directory with a new seed, or gives the one in use where nothing has changed. The seed must be
 * unpredictable: with it the entries of neighbours could be guessed from a proof.
 */
export const sealDirectory = (
  directory: Directory,
  inUse: Uint8Array | undefined,
  random: (bytes: number) => Uint8Array,
): SealedDirectory =>
  (inUse === undefined ? undefined : sealedAlready(directory, inUse)) ??
  encodeDirectory(directory, random(SEED_BYTES));
