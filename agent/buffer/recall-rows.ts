import type { Boots } from './boots.js';
import type { BatchSigner, RecalledPeriod } from './buffer.js';
import type { Directories } from './directories.js';
import type { ReadingsTable } from './readings-table.js';
import { ReadingColumns, readingOf, type Sealing } from './sealing.js';
import type { State } from './state-row.js';

export interface RecallRowsDeps {
  readonly readings: ReadingsTable;
  readonly directories: Directories;
  readonly boots: Boots;
  readonly state: State;
  readonly sealing: Sealing;
}

/** Rows of one call. */
const ROWS = 1_000;

/**
 * Seals what is held back of a period in rows that windows still need, and that are in no segment of the archive therefore: those
 * after the ordinal `after` of which a header has told or will. They are held back no more, so that a reading stays in one batch.
 * Gives the last ordinal looked at and how many readings that was; `undefined` after the last. Part of a transaction of the caller.
 */
export const recallRows = (
  { readings, directories, boots, state, sealing }: RecallRowsDeps,
  { fromMs, toMs, points }: RecalledPeriod,
  after: number,
  signer: BatchSigner,
): { readonly ordinal: number; readonly readings: number } | undefined => {
  const { sealedReadings, liveFrom, liveSealed } = state.row;
  const rows = readings.heldWithin(
    after,
    [
      [0, sealedReadings],
      [liveFrom, liveSealed],
    ],
    ROWS,
  );
  const directory = rows[0] === undefined ? undefined : directories.at(rows[0].ordinal);
  if (directory === undefined) return undefined;
  const columns = new ReadingColumns();
  const gone: number[] = [];
  let ordinal = after;
  for (const row of rows) {
    if (row.ordinal > directory.until) break;
    ordinal = row.ordinal;
    const reading = readingOf(boots, row);
    if (reading === undefined || reading.time < fromMs || reading.time >= toMs) continue;
    if (points?.includes(row.point) === false) continue;

    columns.add(row.point, reading);
    gone.push(ordinal);
  }
  if (columns.count > 0) {
    sealing.sealAgain(
      { content: 'readings', columns: columns.columns() },
      { directory: directory.hash, recalled: true },
      signer,
    );
    readings.release(gone);
  }
  return { ordinal, readings: columns.count };
};
