import type { NewReading } from './buffer.js';
import { asBufferError, type BufferError } from './buffer-error.js';
import type { BufferParts } from './buffer-parts.js';
import { packReading, type ReadingRow } from './reading-row.js';
import type { Database } from './sqlite-database.js';

/** Readings that wait for their transaction. */
export interface Waiting {
  readonly readings: readonly NewReading[];
  readonly done: (error: BufferError | undefined) => void;
}

/** What is in memory and follows the file. */
type Followers = Pick<BufferParts, 'state' | 'boots' | 'points' | 'ids' | 'readings'>;

/** Learns from the last row what was only in memory. */
export const resumeBoots = ({
  boots,
  readings,
  state,
}: Pick<BufferParts, 'boots' | 'readings' | 'state'>): void => {
  const current = boots.current();
  if (current !== undefined) boots.saw(current.id, state.row.lastMonotonic);
  const last = readings.last();
  if (last !== undefined) boots.saw(last.boot, last.monotonic);
};

/** The transactions of one open file: what is in memory follows the disk where one fails. All throw `BufferError`. */
export class Transactions {
  readonly #database: Database;
  readonly #parts: Followers;
  #waiting: Waiting[] = [];
  #rows = 0;

  constructor(database: Database, parts: Followers) {
    this.#database = database;
    this.#parts = parts;
    resumeBoots(this.#parts);
  }

  /** Readings that wait for the next transaction. */
  get rows(): number {
    return this.#rows;
  }

  wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#rows += waiting.readings.length;
  }

  /** What waits, handed over to whoever stores it elsewhere, or tells that it was not. */
  take(): readonly Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#rows = 0;
    return waiting;
  }

  give(waiting: readonly Waiting[]): void {
    this.#waiting = [...waiting, ...this.#waiting];
    for (const { readings } of waiting) this.#rows += readings.length;
  }

  read<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw asBufferError(error);
    }
  }

  /** One transaction: the readings that wait, then `change`. */
  write<Result>(change: () => Result): Result {
    const waiting = this.#waiting;
    const result = this.bare(() => {
      for (const { readings } of waiting) for (const reading of readings) this.#storeReading(reading);
      return change();
    });
    if (this.#waiting === waiting) this.take();
    for (const { done } of waiting) done(undefined);
    return result;
  }

  /** One transaction, for which the readings that wait go on waiting. */
  bare<Result>(change: () => Result): Result {
    try {
      return this.#database.transaction(change)();
    } catch (error) {
      this.#reload();
      throw asBufferError(error);
    }
  }

  /** Stores a row under the next ordinal, which it gives; part of a transaction of the caller. */
  store(row: Omit<ReadingRow, 'ordinal' | 'boot'>, boot: number): number {
    const ordinal = this.#parts.state.row.lastOrdinal + 1;
    this.#parts.readings.insert({ ...row, ordinal, boot });
    this.#parts.state.write({ lastOrdinal: ordinal });
    return ordinal;
  }

  #storeReading(reading: NewReading): void {
    const { boots, readings, state } = this.#parts;
    const boot = boots.idOf(reading.boot);
    const ordinal = state.row.lastOrdinal + 1;
    const row = packReading(reading, ordinal, boot);
    if (reading.clock !== 'unsynced')
      boots.learn(boot, {
        offsetMs: row.time - row.monotonic,
        uncertaintyMs: row.uncertainty ?? 0,
        toldAt: row.monotonic,
      });
    readings.insert(row);
    boots.saw(boot, row.monotonic);
    // a row of an earlier boot tells nothing of how long this one runs
    const ofCurrent = boots.current()?.id === boot;
    state.note({ lastOrdinal: ordinal, ...(ofCurrent ? { lastMonotonic: row.monotonic } : {}) });
  }

  #reload(): void {
    this.#parts.state.reload();
    this.#parts.boots.reload();
    this.#parts.points.reload();
    this.#parts.ids.reload();
    resumeBoots(this.#parts);
  }
}
