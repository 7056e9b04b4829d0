import type { Hello } from '#wire/messages.js';
import type { EventKind } from '../store/operations-store.js';
import type { EpochNote } from '../store/registry-store.js';

/** What was known of a gateway when its hello came. */
export interface KnownOfGateway {
  /** Epoch of its last hello; `null` before the first. */
  readonly lastEpoch: string | null;
  /** Last word on the epoch that this hello names. */
  readonly said: EpochNote | undefined;
  /** Highest batch number of that epoch that is stored or kept apart; 0: none. */
  readonly highestHere: number;
}

export interface EpochFinding {
  readonly kind: Extract<EventKind, 'new-epoch' | 'epoch-returned' | 'sequence-backwards'>;
  readonly detail: string;
}

/**
 * What a hello gives away of the card behind it: a buffer made anew, an earlier one that is back (two cards of one
 * gateway, or an image written back), or one that knows less than it once said (an older copy: its next batches
 * will bear numbers that are taken).
 */
export const findEpochFault = (
  hello: Pick<Hello, 'epoch' | 'lastSealed' | 'lastOrdinal'>,
  { lastEpoch, said, highestHere }: KnownOfGateway,
): EpochFinding | undefined => {
  const { epoch, lastSealed, lastOrdinal } = hello;
  const sealed = Math.max(said?.lastSealed ?? 0, highestHere);
  if (lastSealed < sealed || lastOrdinal < (said?.lastOrdinal ?? 0)) {
    const detail =
      `epoch ${epoch} went back to batch ${lastSealed}, ordinal ${lastOrdinal}; ` +
      `it had sealed ${sealed} and stored ${said?.lastOrdinal ?? 'unknown'}: an older copy of the card?`;
    return { kind: 'sequence-backwards', detail };
  }
  if (lastEpoch === null || lastEpoch === epoch) return undefined;
  return said === undefined && highestHere === 0
    ? { kind: 'new-epoch', detail: `its buffer began anew as epoch ${epoch}; before: ${lastEpoch}` }
    : {
        kind: 'epoch-returned',
        detail: `epoch ${epoch} is back after ${lastEpoch}: two cards of one gateway?`,
      };
};
