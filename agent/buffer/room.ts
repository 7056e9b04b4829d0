import type { Archive } from './archive.js';
import type { BatchesTable } from './batches-table.js';
import type { Boots } from './boots.js';
import type { BatchSigner } from './buffer.js';
import type { RowThinning } from './row-thinning.js';
import type { State } from './state-row.js';
import { THINNING_STEPS } from './thinning-steps.js';
import type { Thinning } from './thinning.js';

export interface RoomDeps {
  readonly batches: BatchesTable;
  readonly archive: Archive;
  readonly boots: Boots;
  readonly state: State;
  readonly thinning: Thinning;
  readonly rowThinning: RowThinning;
  /** Rows up to here are sealed, and needed by no window. */
  readonly releasedRows: () => number;
  readonly historyBytes: number;
  readonly historyMs: number;
}

/** Makes room in the file; each call is part of a transaction of the caller. */
export interface Room {
  /** Ends the local history of what is older or more than it may be. */
  endHistory(): void;
  /** One step for want of space, the least harmful that is left; gives whether there was one. */
  step(signer: BatchSigner | undefined): boolean;
}

/** The newest rows stay where they are: they take little, and the newest time is theirs. */
const LEAST_ROWS = 100;
/** Batches of the history that one call removes at most. */
const MOST_EVICTED = 64;

export const createRoom = (deps: RoomDeps): Room => {
  const { batches, archive, boots, state, thinning, rowThinning } = deps;

  let trimmed = 0;

  const evict = (): boolean => {
    const oldest = batches.evictOldest();
    // the ordinals of a batch that was saved from another file (its id is below 0) are not those of this archive
    const own = oldest !== undefined && oldest.id > 0 ? archive.evictTo(oldest.lastOrdinal) : 0;
    const freed = oldest === undefined ? archive.evictOldest() : oldest.bytes + own;
    if (freed > 0) state.write({ historyBytes: state.row.historyBytes - freed });
    return freed > 0;
  };

  const isTooOld = (): boolean => {
    const now = boots.now();
    const ended = now === undefined ? undefined : batches.oldestAckedTime();
    return now !== undefined && ended !== undefined && ended < now - deps.historyMs;
  };

  return {
    endHistory: () => {
      for (let count = 0; count < MOST_EVICTED; count += 1) {
        if (state.row.historyBytes <= deps.historyBytes && !isTooOld()) return;
        if (!evict()) return;
      }
    },
    step: (signer) => {
      const { lastOrdinal } = state.row;
      const released = Math.min(deps.releasedRows(), lastOrdinal - LEAST_ROWS);
      if (released > trimmed && archive.trim(released, 1)) return true;
      trimmed = released;
      let evicted = 0;
      while (evicted < MOST_EVICTED && evict()) evicted += 1;
      if (evicted > 0) return true;
      for (const step of THINNING_STEPS) {
        if (signer !== undefined && thinning.thinBatches(step, signer)) return true;
        if (rowThinning.thinRows(step) || rowThinning.thinWindows(step)) return true;
      }
      return false;
    },
  };
};
