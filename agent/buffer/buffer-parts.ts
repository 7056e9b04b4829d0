import { createArchive, type Archive } from './archive.js';
import { createBatchIds, type BatchIds } from './batch-ids.js';
import { createBatchesTable, type BatchesTable } from './batches-table.js';
import { Boots } from './boots.js';
import { createEraseHistory, type EraseHistory } from './erase-history.js';
import { createHistory, type History } from './history.js';
import { createDirectories, type Directories } from './directories.js';
import { createLosses, type Losses } from './losses.js';
import { createOutsideRows, type OutsideRows } from './outside-rows.js';
import { Points } from './points.js';
import { createReadingsTable, type ReadingsTable } from './readings-table.js';
import { createRoom, type Room } from './room.js';
import { createRowThinning } from './row-thinning.js';
import { createSealing, type Sealing } from './sealing.js';
import type { Database } from './sqlite-database.js';
import { State } from './state-row.js';
import { replacementOf, type ThinningStep } from './thinning-steps.js';
import { createThinning, type Thinning } from './thinning.js';
import { createWindowMaker, type Covered, type WindowMaker } from './window-maker.js';
import { createWindowsTable, type WindowsTable } from './windows-table.js';

export interface BufferPartsDeps {
  readonly database: Database;
  readonly random: (bytes: number) => Uint8Array;
  readonly graceMs: number;
  /** Acked batches and held-back readings stay as local history up to this size and age. */
  readonly historyBytes: number;
  readonly historyMs: number;
}

/** The parts of one open file; each call of theirs is part of a transaction of the caller. */
export interface BufferParts {
  readonly state: State;
  readonly boots: Boots;
  readonly points: Points;
  readonly readings: ReadingsTable;
  readonly windows: WindowsTable;
  readonly windowMaker: WindowMaker;
  readonly ids: BatchIds;
  readonly batches: BatchesTable;
  readonly directories: Directories;
  readonly losses: Losses;
  readonly outside: OutsideRows;
  readonly sealing: Sealing;
  readonly archive: Archive;
  readonly history: History;
  readonly eraseHistory: EraseHistory;
  readonly thinning: Thinning;
  readonly room: Room;
  /** Rows up to here are sealed, and needed by no window. */
  readonly releasedRows: () => number;
}

export const createBufferParts = (deps: BufferPartsDeps): BufferParts => {
  const { database, random, graceMs } = deps;
  const state = new State(database);
  const boots = new Boots(database);
  const points = new Points(database);
  const readings = createReadingsTable(database);
  const windows = createWindowsTable(database);
  const outside = createOutsideRows(database);
  const windowMaker = createWindowMaker({ readings, windows, boots, points, state, outside, graceMs });
  const releasedRows = (): number => Math.min(state.row.sealedReadings, windowMaker.releasedRows());
  const ids = createBatchIds(database, () => state.row.epoch);
  const batches = createBatchesTable(database);
  const directories = createDirectories(database);
  const losses = createLosses(database, state);
  const sealing = createSealing({ readings, windows, batches, directories, losses, boots, state, random });
  const archive = createArchive({ database, readings, boots, state, random });
  const history = createHistory({ database, archive, boots, points, readings, directories, state });
  const eraseHistory = createEraseHistory({ database, batches, archive, points, state, releasedRows });
  const covered = (step: ThinningStep): Covered =>
    windowMaker.coveredBy((point) => replacementOf(step, point));
  const thinning = createThinning({ database, batches, directories, losses, sealing, outside, covered });
  const rowThinning = createRowThinning({
    database,
    points,
    losses,
    state,
    cursors: thinning.cursors,
    covered,
    neededWindowsFrom: () => windowMaker.neededFrom(),
  });
  const room = createRoom({ ...deps, releasedRows, batches, archive, boots, state, thinning, rowThinning });
  return {
    state,
    boots,
    points,
    readings,
    windows,
    windowMaker,
    ids,
    batches,
    directories,
    losses,
    outside,
    sealing,
    archive,
    history,
    eraseHistory,
    thinning,
    room,
    releasedRows,
  };
};
