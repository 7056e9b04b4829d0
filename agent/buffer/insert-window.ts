import type { OutsideRows } from './outside-rows.js';
import type { State } from './state-row.js';
import type { PointWindow, ScanDeps } from './window-scan.js';
import type { WindowsTable } from './windows-table.js';

export interface WindowMakerDeps extends ScanDeps {
  readonly windows: WindowsTable;
  readonly state: State;
  readonly outside: OutsideRows;
  /** A period is closed once a row this much past its end is stored, ms. */
  readonly graceMs: number;
}

/** Stores a window under the next ordinal; one made `again` counts up the revision of the one before. */
export const insertWindow = (
  { windows, state }: WindowMakerDeps,
  period: number,
  { point, window }: PointWindow,
  again: boolean,
): void => {
  const earlier = again ? windows.revisionOf(point, period, window.start) : undefined;
  const ordinal = state.row.lastOrdinal + 1;
  const revision = earlier === undefined ? 0 : earlier + 1;
  windows.insert({ ordinal, point, period, start: window.start, revision, aggregate: window.aggregate });
  state.note({ lastOrdinal: ordinal, windowsMade: state.row.windowsMade + 1 });
};
