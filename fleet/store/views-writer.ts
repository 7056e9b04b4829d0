import type { Aggregate } from '#wire/aggregate/aggregate.js';
import type { BatchHeader } from '#wire/header.js';
import type { SeqRange } from '#wire/messages.js';
import type { Loss } from '#wire/windows.js';
import type { Reading } from '#wire/readings.js';
import type { Kind, ValueType } from '#wire/terms.js';

/**
 * What projections write. Times are UTC ms. All changes happen inside `transact`, which also moves the cursor,
 * so that rows and cursor are one transaction.
 */
export interface ViewsWriter {
  /** Position of the last entry that was applied. */
  position(): number;
  /**
   * Runs `work` in one transaction and moves the cursor to the position it gives. Throws `StoreError` `fenced`,
   * with nothing written, where another writer has taken the projections over since this one was opened.
   */
  transact(work: () => number): void;
  /**
   * Removes every row and sets the cursor back to 0. What the registry once answered is kept, as unseen. The log was
   * erased up to the erasure `erasures` then.
   */
  clear(erasures: number): void;

  /** Number of the last erasure of the log that the rows know, or are being made anew for. */
  erasures(): number;
  /** What is being made anew; it ends with the cursor's position. */
  replay(): Replay | undefined;
  /**
   * Inside `transact`: removes all that was made of these sources, and of those that have points in common with them,
   * and notes that it is to be made anew.
   */
  beginReplay(sources: readonly string[], erasures: number): void;
  /** Inside `transact`: its entries up to `position` are applied. */
  moveReplay(position: number): void;
  endReplay(): void;

  /** A directory that was seen in the log; `undefined` until then. */
  directory(source: string, hash: string): StoredDirectory | undefined;
  /** Marks a directory seen that an earlier run stored; gives whether there was one. */
  seeDirectory(source: string, hash: string): boolean;
  addDirectory(source: string, hash: string, directory: StoredDirectory): void;

  /** Batches that wait for a directory which has been seen meanwhile, oldest first. */
  ready(limit: number): readonly number[];
  addWaiting(position: number, source: string, directory: string): void;
  removeWaiting(positions: readonly number[]): void;

  /** What is stored of a source's epoch, under the number that its rows carry; made at first sight. */
  origin(source: string, epoch: string): OriginLedger;
  putOrigin(ledger: OriginLedger): void;
  /** Adds `counts` to those of a UTC day (days since 1970) of an origin. */
  addLedgerDay(origin: number, day: number, counts: DayCounts): void;
  /** Keeps a loss record that concerns an origin. */
  addLoss(origin: number, loss: Loss): void;
  addQuarantine(fault: BodyFault): void;
  /** Notes what lies in the batch at a position of the log, so that a reading or a window leads to its proof. */
  addBatch(origin: number, header: BatchHeader, position: number): void;

  /** Rows of [from, to), by (time, origin, ordinal). */
  readings(point: PointMeta, from: number, to: number): SeriesRow[];
  /** Last row of [from, to) whose flag lets it enter and that has a value. */
  lastEntered(point: PointMeta, from: number, to: number): SeriesRow | undefined;
  /** Time of the first such row after `time`. */
  enteredAfter(point: number, time: number): number | undefined;
  /** Takes rows in key order; a key that is stored already keeps its row. */
  addReadings(point: number, rows: readonly SeriesRow[]): void;

  /**
   * Makes `row` the newest of its point, unless a newer one is there; likewise `goodTime`, the newest time of a row
   * that enters.
   */
  putLatest(point: number, row: SeriesRow, goodTime: number | undefined): void;
  /** Longest hold that any configuration of this point had so far, ms. */
  carryMs(point: number): number;
  putCarryMs(point: number, carryMs: number): void;

  /** Cells with start in [from, to), by start. */
  cells(point: PointMeta, periodMs: number, from: number, to: number): Cell[];
  /** What is there in [from, to), by start. */
  cellOrigins(point: number, periodMs: number, from: number, to: number): ReadonlyMap<number, CellOrigin>;
  lastCellStart(point: number, periodMs: number): number | undefined;
  /** Takes cells in order of (period, start); replaces what is there. */
  putCells(point: number, periodMs: number, cells: readonly Cell[]): void;
  /** Gives the space of the write-ahead log back, as far as no reader is in the way. */
  checkpoint(): void;
  close(): void;
}

/** Entries of these sources are applied again, from the first one of the log on. */
export interface Replay {
  readonly sources: ReadonlySet<string>;
  /** Of the last entry that was. */
  readonly position: number;
}

/** What a directory says of one of its points, and where the registry put it. */
export interface PointMeta {
  /** Internal number: what rows carry. */
  readonly point: number;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  readonly rollover: number | null;
  /** Periods of windows that the source sends, ms. */
  readonly windows: readonly number[];
  /** IANA zone of its legal days. */
  readonly timeZone: string;
}

/** By directory number; or why the directory cannot be used. */
export type StoredDirectory =
  { readonly points: ReadonlyMap<number, PointMeta> } | { readonly fault: string };

/** One (source, epoch). */
export interface OriginLedger {
  readonly number: number;
  readonly source: string;
  readonly epoch: string;
  batches: number;
  readings: number;
  windows: number;
  lossRecords: number;
  /** Readings and windows that came and were erased since. */
  erased: number;
  /** Held back on the gateway by report-by-exception, and not recalled since. */
  heldBack: number;
  late: number;
  quarantined: number;
  /** Readings, windows and held-back readings of quarantined batches. */
  quarantinedRows: number;
  /** Readings that loss records give up. */
  lost: number;
  /** Those that had an ordinal, with lost windows and held-back readings. */
  lostRows: number;
  /** Some loss record states an upper bound only. */
  lostIsBound: boolean;
  /** Batches stored, quarantined here or declared lost; ascending, disjoint. */
  covered: readonly SeqRange[];
  /** Batches declared lost. */
  lostSeqs: readonly SeqRange[];
  /** Highest ordinal that a header named. */
  lastOrdinal: number;
}

/** What one UTC day of an origin counts: readings by their own time, batches by that of their first row. */
export interface DayCounts {
  batches: number;
  readings: number;
  windows: number;
  late: number;
  quarantined: number;
  /** Readings and batches declared lost, on the day of the first of them. */
  lost: number;
  lostBatches: number;
}

export const noCounts = (): DayCounts => ({
  batches: 0,
  readings: 0,
  windows: 0,
  late: 0,
  quarantined: 0,
  lost: 0,
  lostBatches: 0,
});

export interface BodyFault {
  readonly position: number;
  readonly source: string;
  /** Absent where not even the header can be read. */
  readonly epoch?: string;
  readonly seq?: number;
  readonly receivedAt: number;
  readonly reason: string;
}

export interface SeriesRow extends Reading {
  /** Number of the (source, epoch). */
  readonly origin: number;
}

/** One aggregate over [start, end). */
export interface Cell {
  readonly start: number;
  readonly end: number;
  readonly origin: CellOrigin;
  /** Of a window: number of the (source, epoch) that sent it; 0 otherwise. */
  readonly sender: number;
  readonly revision: number;
  readonly aggregate: Aggregate;
}

/** `window`: the gateway's own; `raw`: made from readings; `rollup`: merged from finer cells. The order is the store's. */
export const CELL_ORIGINS = ['raw', 'window', 'rollup'] as const;
export type CellOrigin = (typeof CELL_ORIGINS)[number];
