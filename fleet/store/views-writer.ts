import type { Aggregate } from '#wire/aggregate/aggregate.js';
import type { BatchHeader } from '#wire/header.js';
import type { SeqRange } from '#wire/messages.js';
import type { Loss } from '#wire/windows.js';
import type { Reading } from '#wire/readings.js';
import type { Kind, ValueType } from '#wire/terms.js';

/**
 * What projections read back and write. Times are UTC ms. A step reads what stood before it, however often, and then
 * commits all that it makes with its cursor: rows and cursor are one transaction.
 */
export interface ViewsWriter extends CellsReader, SeriesReader {
  /** Reads within `work` see what stands at one moment. Nothing is committed within. */
  atOneMoment<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Position of the last entry that was applied. */
  position(): Promise<number>;
  /**
   * Writes a step and moves the cursor, in one transaction. Rejects with `StoreError` `fenced`, with nothing written,
   * where another writer has taken the projections over since this one was opened.
   */
  commit(step: ViewsStep): Promise<void>;
  /**
   * Removes every row and sets the cursor back to 0. What the registry once answered is kept, as unseen. The log was
   * erased up to the erasure `erasures` then.
   */
  clear(erasures: number): Promise<void>;

  /** Number of the last erasure of the log that the rows know, or are being made anew for. */
  erasures(): Promise<number>;
  /** What is being made anew; it ends with the cursor's position. */
  replay(): Promise<Replay | undefined>;
  /**
   * Removes all that was made of these sources, and of those that have points in common with them, and notes that it
   * is to be made anew. Fenced as a commit is.
   */
  beginReplay(sources: readonly string[], erasures: number): Promise<void>;

  /** A directory that was seen in the log; `undefined` until then. */
  directory(source: string, hash: string): Promise<StoredDirectory | undefined>;
  /** Whether an earlier run stored a directory that was not seen in the log since. */
  hasUnseen(source: string, hash: string): Promise<boolean>;
  /** Batches that wait for a directory which has been seen meanwhile, oldest first. */
  ready(limit: number): Promise<readonly number[]>;

  /** What is stored of a source's epoch, under the number that its rows carry. */
  origin(source: string, epoch: string): Promise<OriginLedger | undefined>;
  /** Numbers, ascending, for as many of which nothing is stored; those that no step commits may be given again. */
  newOrigins(count: number): Promise<readonly number[]>;

  /** Gives the space of the write-ahead log back, as far as no reader is in the way. */
  checkpoint(): Promise<void>;
  close(): Promise<void>;
}

/** Series as they stand. */
export interface SeriesReader {
  /** Rows of [from, to), by (time, origin, ordinal). */
  readings(point: PointMeta, from: number, to: number): Promise<SeriesRow[]>;
  /** Last row of [from, to) whose flag lets it enter and that has a value. */
  lastEntered(point: PointMeta, from: number, to: number): Promise<SeriesRow | undefined>;
  /** Time of the first such row after `time`. */
  enteredAfter(point: number, time: number): Promise<number | undefined>;
  /** Longest hold that any configuration of this point had so far, ms. */
  carryMs(point: number): Promise<number>;
}

/** Cells as they stand. */
export interface CellsReader {
  /** Cells with start in [from, to), by start. */
  cells(point: PointMeta, periodMs: number, from: number, to: number): Promise<Cell[]>;
  /** What is there in [from, to), by start. */
  cellOrigins(
    point: number,
    periodMs: number,
    from: number,
    to: number,
  ): Promise<ReadonlyMap<number, CellOrigin>>;
  lastCellStart(point: number, periodMs: number): Promise<number | undefined>;
}

/** All that one step makes. */
export interface ViewsStep {
  /** Where the cursor then stands. */
  readonly position: number;
  /** In order of point. */
  readonly points: readonly PointStep[];
  readonly origins: readonly OriginStep[];
  readonly directory?: DirectoryStep;
  readonly waiting: readonly WaitingBatch[];
  /** Batches that wait no more. */
  readonly released: readonly number[];
  readonly quarantined: readonly BodyFault[];
  /** Position of the last entry that was applied once more, or that nothing is being made anew any longer. */
  readonly replay?: number | 'ended';
}

/** What one step makes of a point. */
export interface PointStep {
  readonly point: number;
  /** In key order; a key that is stored already keeps its row. */
  readonly rows: readonly SeriesRow[];
  /** Becomes the newest of the point, unless a newer one is there. */
  readonly latest?: SeriesRow;
  /** Likewise the newest time of a row that enters. */
  readonly goodTime?: number;
  /** Where it became longer. */
  readonly carryMs?: number;
  /** By (period, start); they replace what is there. */
  readonly cells: readonly PeriodCells[];
}

export interface PeriodCells {
  readonly periodMs: number;
  readonly cells: readonly Cell[];
}

/** What one step counts of an origin. */
export interface OriginStep {
  readonly ledger: OriginLedger;
  /** To be added, by UTC day (days since 1970). */
  readonly days: ReadonlyMap<number, DayCounts>;
  /** Loss records that concern it. */
  readonly losses: readonly Loss[];
  /** Where batches lie, so that a reading or a window leads to its proof. */
  readonly batches: readonly { readonly header: BatchHeader; readonly position: number }[];
}

/** A directory item: seen again, or stored. */
export interface DirectoryStep {
  readonly source: string;
  readonly hash: string;
  readonly content: StoredDirectory | 'seen';
}

export interface WaitingBatch {
  readonly position: number;
  readonly source: string;
  readonly directory: string;
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
