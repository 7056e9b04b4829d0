import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { moveFile, removeFile } from './durable-file.js';
import { IdentityError } from './errors.js';
import { dropPendingRenewal, loadPendingRenewal } from './renewal.js';
import { loadIdentity, type HeldIdentity } from './stored-identity.js';

const KEY_FILE = /^key(-[0-9a-f]{16})?\.pem$/;

/**
 * The two identities that a gateway may hold: the one in use, and the one that follows it. The next one is tried
 * first, and takes the place of the other only when the fleet has welcomed it; where the fleet refuses one, the other
 * is tried. So there is no moment at which a gateway holds nothing that the fleet would take.
 */
export interface IdentitySlots {
  readonly inUse: HeldIdentity;
  /**
   * Which of them a renewal is to follow now; none while a next one waits for its first use. Where the fleet takes
   * neither any more (both may have expired on a shelf), the next and the one in use by turns.
   */
  renewable(turn: number): HeldIdentity | undefined;
  /** What the next connection shows. */
  forAttempt(): HeldIdentity;
  /** The fleet welcomed a session of this identity; `true` where it is in use from now on. */
  welcomed(identity: HeldIdentity): boolean;
  /** The fleet did not take this identity. */
  refused(identity: HeldIdentity): void;
  /** A renewal has put another one into the second slot. */
  lookForNext(): void;
}

/** Opens the slots of a data folder that holds an identity. Throws `IdentityError` 'damaged'. */
export const openIdentitySlots = (dataFolder: string): IdentitySlots => {
  const found = loadIdentity(dataFolder);
  if (found === undefined) throw new IdentityError('damaged', `there is no identity in ${dataFolder}`);
  let inUse = found;
  let next = loadNext(dataFolder);
  let preferNext = true;
  let nextRefused = false;
  let inUseRefused = false;
  tidy(dataFolder, [inUse, next]);
  const dropNext = (): void => {
    removeFile(join(dataFolder, 'next.json'));
    next = undefined;
    tidy(dataFolder, [inUse]);
  };
  return {
    get inUse() {
      return inUse;
    },
    renewable: (turn) => {
      if (next === undefined) return inUse;
      if (!nextRefused || !inUseRefused) return undefined;
      return turn % 2 === 0 ? next : inUse;
    },
    forAttempt: () => (preferNext ? (next ?? inUse) : inUse),
    welcomed: (identity) => {
      inUseRefused = false;
      if (!same(identity, next)) {
        // the fleet takes the old one and knows nothing of the next: that one is renewed again
        if (nextRefused && next !== undefined) dropNext();
        return false;
      }
      moveFile(join(dataFolder, 'next.json'), join(dataFolder, 'identity.json'));
      inUse = identity;
      next = undefined;
      tidy(dataFolder, [inUse]);
      return true;
    },
    refused: (identity) => {
      const wasNext = same(identity, next);
      if (wasNext) nextRefused = true;
      else inUseRefused = true;
      preferNext = !wasNext;
    },
    lookForNext: () => {
      next = loadNext(dataFolder);
      preferNext = true;
      nextRefused = false;
      tidy(dataFolder, [inUse, next]);
    },
  };
};

const same = (one: HeldIdentity, other: HeldIdentity | undefined): boolean =>
  other !== undefined && Buffer.from(one.thumbprint).equals(other.thumbprint);

/** A second slot that cannot be read is none: it was never in use. */
const loadNext = (dataFolder: string): HeldIdentity | undefined => {
  try {
    return loadIdentity(dataFolder, 'next.json');
  } catch (error) {
    if (error instanceof IdentityError) return undefined;
    throw error;
  }
};

/** Removes what an end at a bad moment left: a renewal that has its answer, keys of nothing. */
const tidy = (dataFolder: string, held: readonly (HeldIdentity | undefined)[]): void => {
  const keys = new Set(held.map((identity) => identity?.keyFile));
  const pending = loadPendingRenewal(dataFolder);
  if (pending !== undefined && keys.has(pending.key)) dropPendingRenewal(dataFolder);
  keys.add(pending?.key);
  for (const name of readdirSync(dataFolder)) {
    if (KEY_FILE.test(name) && !keys.has(name)) removeFile(join(dataFolder, name));
  }
};
