import type { Database } from './sqlite-database.js';

/** The buffer's counters: one row, written with whatever changes them, read once at the start. */
export interface StateRow {
  readonly epoch: string;
  /** Who signed what is sealed here; `null` before the first batch. */
  readonly source: string | null;
  readonly lastSeq: number;
  /** Exact when nothing was appended since it was written; rows beyond it are found at the start. */
  readonly lastOrdinal: number;
  /** Every reading up to this ordinal is sealed, or counted as held back. */
  readonly sealedReadings: number;
  /**
   * While many rows wait, the newest are sealed first: those from `liveFrom` to `liveSealed` are, those between
   * `sealedReadings` and `liveFrom` are not. 0 while all are sealed in order.
   */
  readonly liveFrom: number;
  readonly liveSealed: number;
  readonly sealedWindows: number;
  /** How many readings, windows were sealed (or held back) in this epoch. */
  readonly readingsSealed: number;
  readonly windowsMade: number;
  readonly windowsSealed: number;
  /** Held-back readings below the watermark that no batch has counted yet. */
  readonly heldPending: number;
  readonly heldRows: number;
  readonly lossesSealed: number;
  /** Rows and windows that were given up unsealed. */
  readonly droppedRows: number;
  /** Readings that loss records of this file give up. */
  readonly lostReadings: number;
  /** Bytes of acked batches and archive segments. */
  readonly historyBytes: number;
  /** Of the current boot, for when all its rows are gone. */
  readonly lastMonotonic: number;
}

/** Holds the row in memory; `reload` after a transaction that failed. */
export class State {
  readonly #database: Database;
  #row: StateRow;

  constructor(database: Database) {
    this.#database = database;
    this.#row = State.#read(database);
  }

  get row(): StateRow {
    return this.#row;
  }

  reload(): void {
    this.#row = State.#read(this.#database);
  }

  /** Changes the row in memory only: for what the rows themselves tell after a restart. */
  note(change: Partial<StateRow>): void {
    this.#row = { ...this.#row, ...change };
  }

  write(change: Partial<StateRow>): void {
    this.note(change);
    this.#database
      .prepare<StateRow>(
        `UPDATE state SET source = @source, lastSeq = @lastSeq, lastOrdinal = @lastOrdinal, sealedReadings = @sealedReadings,
           liveFrom = @liveFrom, liveSealed = @liveSealed, sealedWindows = @sealedWindows, readingsSealed = @readingsSealed, windowsMade = @windowsMade,
           windowsSealed = @windowsSealed, heldPending = @heldPending, heldRows = @heldRows,
           lossesSealed = @lossesSealed, droppedRows = @droppedRows, lostReadings = @lostReadings,
           historyBytes = @historyBytes, lastMonotonic = @lastMonotonic`,
      )
      .run(this.#row);
  }

  /** The greatest ordinal ever given is in a table, or was written down by whoever deleted it. */
  static #read(database: Database): StateRow {
    const row = database
      .prepare<[], StateRow>(
        `SELECT *, max(lastOrdinal, coalesce((SELECT max(ordinal) FROM reading), 0),
           coalesce((SELECT max(ordinal) FROM window), 0),
           coalesce((SELECT max(ordinal) FROM loss), 0)) AS lastOrdinal FROM state`,
      )
      .get();
    if (row === undefined) throw new Error('The buffer file has no state.');
    return row;
  }
}
