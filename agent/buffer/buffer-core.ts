import type { EarlierEpoch, Quarantined, SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import type {
  BatchSigner,
  BufferPoint,
  NewLoss,
  NewReading,
  RecalledPeriod,
  QuarantinedBatch,
  SealedBatch,
  SigningKey,
  StorageState,
  StoredDirectory,
} from './buffer.js';
import { asBufferError, BufferError } from './buffer-error.js';
import { createDelivery, type Delivery } from './delivery.js';
import { createBufferParts, type BufferParts, type BufferPartsDeps } from './buffer-parts.js';
import type { EraseHistory } from './erase-history.js';
import { declareMissing } from './missing.js';
import type { PointRow } from './points.js';
import { checkReading, isTime, packReading, type ReadingRow } from './reading-row.js';
import { recallSegment } from './recall-archive.js';
import { createSigner } from './signing-key.js';
import { overwriteFreePages, pageUsage, type Database } from './sqlite-database.js';

export interface BufferCoreDeps extends BufferPartsDeps {
  /** UTC ms; only to date a quarantine. */
  readonly now: () => number;
  /** Called with the ordinal that readings about to be stored will reach. */
  readonly beforeCommit: (ordinal: number) => void;
}

/** Counters that the database tells. */
export interface CoreState {
  readonly firstUnacked: number;
  readonly lastSealed: number;
  readonly lastOrdinal: number;
  readonly unsealedRows: number;
  readonly unackedBatches: number;
  readonly quarantinedBatches: number;
  readonly heldRows: number;
  readonly heldUntold: number;
  readonly lostReadings: number;
  readonly directory: Uint8Array;
  /** Epochs whose batches were saved from files that were set aside, newest first. */
  readonly earlier: readonly EarlierEpoch[];
}

/** Readings that wait for their transaction. */
export interface Waiting {
  readonly readings: readonly NewReading[];
  readonly done: (error: BufferError | undefined) => void;
}

/** Where what another file held is put. */
export interface AbsorbInto extends BufferParts {
  readonly database: Database;
  readonly now: () => number;
  /** Stores a row under the next ordinal. */
  readonly store: (row: Omit<ReadingRow, 'ordinal' | 'boot'>, boot: number) => void;
  /** What was acked before is local history here too. */
  readonly keepAcked: (id: number) => void;
}

/** Batches of one transaction: readings that arrive meanwhile wait no longer than these take. */
const SLICE_BATCHES = 8;

/**
 * The buffer without threads or timers: every call works at once. Every change is one transaction, which first
 * stores the readings that wait, so that they share its fsync. All throw `BufferError`.
 */
export class BufferCore {
  readonly #deps: BufferCoreDeps;
  readonly #parts: BufferParts;
  readonly #delivery: Delivery;
  #signer: BatchSigner | undefined;
  #waiting: Waiting[] = [];
  #waitingRows = 0;

  constructor(deps: BufferCoreDeps) {
    this.#deps = deps;
    this.#parts = createBufferParts(deps);
    this.#delivery = createDelivery({ parts: this.#parts, now: deps.now });
    this.#resume();
  }

  get epoch(): string {
    return this.#parts.state.row.epoch;
  }

  /** Rows that wait for their transaction. */
  get waitingRows(): number {
    return this.#waitingRows;
  }

  /** Rows, windows and loss records that no batch carries. */
  get unsealedRows(): number {
    const { lastOrdinal, readingsSealed, windowsSealed, lossesSealed, droppedRows } = this.#parts.state.row;
    return lastOrdinal - readingsSealed - windowsSealed - lossesSealed - droppedRows;
  }

  setSigner(key: SigningKey): void {
    const { source } = this.#parts.state.row;
    if (source !== null && source !== key.source) {
      throw new BufferError(
        'invalid',
        `This buffer holds batches of gateway ${source}; this gateway is ${key.source} now. Move buffer.db* elsewhere and start again.`,
      );
    }
    try {
      this.#signer = createSigner(key);
    } catch (error) {
      throw new BufferError('invalid', 'The signing key is no PEM private key.', error);
    }
  }

  definePoints(points: readonly BufferPoint[]): ReadonlyMap<string, number> {
    return this.#write(() => {
      const numbers = this.#parts.points.define(points);
      this.#parts.windowMaker.keepSeries();
      return numbers;
    });
  }

  useDirectory(hash: Uint8Array, bytes: Uint8Array): void {
    this.#write(() => {
      this.#parts.directories.use(hash, bytes, this.#parts.state.row.lastOrdinal + 1);
    });
  }

  directories(wanted?: readonly Uint8Array[]): readonly StoredDirectory[] {
    return this.#read(() => this.#parts.directories.list(wanted));
  }

  ackDirectories(hashes: readonly Uint8Array[]): void {
    this.#write(() => {
      this.#parts.directories.ack(hashes);
    });
  }

  /** Lets readings wait for the next transaction; `done` is called once it is on the disk, or failed. */
  append(readings: readonly NewReading[], done: Waiting['done']): void {
    for (const reading of readings) {
      if (!this.#parts.points.isKnown(reading.point))
        throw new BufferError('invalid', `No point has the number ${reading.point}; define it first.`);
      checkReading(reading);
    }
    this.#waiting.push({ readings, done });
    this.#waitingRows += readings.length;
  }

  /** Stores what waits. */
  commit(): void {
    this.#deps.beforeCommit(this.#parts.state.row.lastOrdinal + this.#waitingRows);
    this.#write(() => undefined);
  }

  /** What waits, handed over to whoever stores it elsewhere, or tells that it was not. */
  takeWaiting(): readonly Waiting[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingRows = 0;
    return waiting;
  }

  giveWaiting(waiting: readonly Waiting[]): void {
    this.#waiting = [...waiting, ...this.#waiting];
    for (const { readings } of waiting) this.#waitingRows += readings.length;
  }

  pointRows(): readonly PointRow[] {
    return this.#read(() => this.#parts.points.rows());
  }

  restorePoints(rows: readonly PointRow[]): void {
    this.#write(() => {
      this.#parts.points.restore(rows);
      this.#parts.windowMaker.keepSeries();
    });
  }

  /** How far ordinals go, and of how many the fleet has acked nothing yet. */
  extent(): { readonly lastOrdinal: number; readonly unsettled: number } {
    const { unsealedRows, lastOrdinal } = this.state();
    return { lastOrdinal, unsettled: unsealedRows + this.#read(() => this.#parts.batches.pendingCount()) };
  }

  /** One transaction of whoever brings something from another file. */
  absorb<Result>(bring: (into: AbsorbInto) => Result): Result {
    return this.#transaction(() =>
      bring({
        ...this.#parts,
        database: this.#deps.database,
        now: this.#deps.now,
        store: (row, boot) => this.#storeRow(row, boot),
        keepAcked: (id) => this.#delivery.ack([[id, id]]),
      }),
    );
  }

  /** Writes all that is stored into a file that is not there yet. */
  writeTo(path: string): void {
    this.#read(() => {
      this.#deps.database.prepare('VACUUM INTO ?').run(path);
    });
  }

  synchronise(boot: string, offsetMs: number): number {
    if (!isTime(offsetMs)) throw new BufferError('invalid', `The offset ${offsetMs} is no time.`);
    return this.#write(() => {
      const id = this.#parts.boots.idOf(boot);
      this.#parts.boots.synchronise(id, Math.round(offsetMs));
      return this.#parts.readings.countUnsynced(id, this.#parts.state.row.sealedReadings);
    });
  }

  /** Makes due windows from a bounded number of rows; gives whether more are due. */
  makeWindows(): boolean {
    return this.#write(() => this.#parts.windowMaker.step());
  }

  /** Seals a few batches and clears away what is no longer needed. */
  seal(lane: Lane, why: 'due' | 'full'): { readonly batches: number; readonly more: boolean } {
    const signer = this.#signer;
    if (signer === undefined) return { batches: 0, more: false };
    return this.#write(() => {
      let batches = 0;
      for (let turn = 0; turn < SLICE_BATCHES; turn += 1) {
        let sealed = this.#parts.sealing.sealLosses(signer);
        if (sealed === 'nothing') sealed = this.#parts.sealing.sealReadings(lane, why, signer);
        if (sealed === 'nothing') sealed = this.#parts.sealing.sealWindows(lane, why, signer);
        if (sealed === 'batch') batches += 1;
        if (sealed === 'nothing') return { batches, more: this.#clear() };
      }
      this.#clear();
      return { batches, more: true };
    });
  }

  claim(lane: Lane, limit: number, except: ReadonlySet<number>): readonly SealedBatch[] {
    return this.#read(() => this.#parts.batches.claim(lane, limit, except, this.#deps.now()));
  }

  recall(ranges: readonly SeqRange[], epoch = this.epoch): readonly SealedBatch[] {
    return this.#read(() => this.#delivery.recall(ranges, epoch));
  }

  /** Acked batches of readings of a period await their ack again; gives how many. */
  offerAgain(period: RecalledPeriod): number {
    return this.#write(() => this.#delivery.offerAgain(period));
  }

  /** Seals what the next segment after an ordinal holds of a period; `undefined` after the last. */
  recallSegment(period: RecalledPeriod, after: number): ReturnType<typeof recallSegment> {
    const signer = this.#signer;
    if (signer === undefined) return undefined;
    return this.#write(() => recallSegment(this.#parts, period, after, signer));
  }

  /** One step of an erasure, by one of its parts. */
  eraseHistory<Result>(step: (erase: EraseHistory) => Result): Result {
    return this.#write(() => step(this.#parts.eraseHistory));
  }

  /** Overwrites what was freed, in the file and its journal. */
  overwriteFreed(): void {
    this.#read(() => overwriteFreePages(this.#deps.database));
  }

  /** What is not here, or of an epoch that is not, is passed over. */
  ack(epoch: string, ranges: readonly SeqRange[]): void {
    const found = this.#delivery.idRanges(epoch, ranges);
    if (found.length > 0) this.#write(() => this.#delivery.ack(found));
  }

  quarantined(limit: number): readonly QuarantinedBatch[] {
    return this.#read(() => this.#parts.batches.quarantined(limit));
  }

  quarantinedMessage(id: number): Uint8Array | undefined {
    return this.#read(() => this.#parts.batches.quarantinedMessage(id));
  }

  quarantine(epoch: string, refused: readonly Quarantined[]): void {
    this.#write(() => this.#delivery.quarantine(epoch, refused, this.#signer));
  }

  declare(losses: readonly NewLoss[]): void {
    this.#write(() => {
      for (const loss of losses) this.#parts.losses.record(loss);
    });
  }

  declareMissing(epoch: string, ranges: readonly SeqRange[]): number {
    const deps = { ...this.#parts, database: this.#deps.database };
    return this.#write(() => declareMissing(deps, epoch, ranges));
  }

  /** One step for want of space; gives whether there was one. Readings that wait go on waiting. */
  makeRoom(): boolean {
    return this.#transaction(() => this.#parts.room.step(this.#signer));
  }

  /** Bytes that hold something, and those of the whole file. */
  usage(): { readonly usedBytes: number; readonly fileBytes: number } {
    return this.#read(() => pageUsage(this.#deps.database));
  }

  thinned(): StorageState['thinned'] {
    return this.#read(() => this.#parts.thinning.cursors.furthest() ?? 'nothing');
  }

  state(): CoreState {
    return this.#read(() => {
      const row = this.#parts.state.row;
      return {
        firstUnacked: this.#parts.batches.firstPending([1, row.lastSeq]) ?? row.lastSeq + 1,
        lastSealed: row.lastSeq,
        lastOrdinal: row.lastOrdinal,
        unsealedRows: this.unsealedRows,
        unackedBatches: this.#parts.batches.countPending(),
        quarantinedBatches: this.#parts.batches.countQuarantined(),
        heldRows: row.heldRows,
        heldUntold: row.heldPending,
        lostReadings: row.lostReadings,
        directory: this.#parts.directories.current() ?? new Uint8Array(),
        earlier: this.#delivery.earlier(),
      };
    });
  }

  /** Lets go of the file. What waits is not stored. */
  close(): void {
    this.#deps.database.close();
  }

  /** Closes a file that no longer works, whatever it says to that. */
  abandon(): void {
    try {
      this.close();
    } catch {
      // its descriptors go with the process
    }
  }

  /** Learns from the last row what was only in memory. */
  #resume(): void {
    const current = this.#parts.boots.current();
    if (current !== undefined) this.#parts.boots.saw(current.id, this.#parts.state.row.lastMonotonic);
    const last = this.#parts.readings.last();
    if (last !== undefined) this.#parts.boots.saw(last.boot, last.monotonic);
  }

  #read<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      throw asBufferError(error);
    }
  }

  /** One transaction: the readings that wait, then `change`. What is in memory follows the disk if it fails. */
  #write<Result>(change: () => Result): Result {
    const waiting = this.#waiting;
    const result = this.#transaction(() => {
      for (const { readings } of waiting) for (const reading of readings) this.#store(reading);
      return change();
    });
    this.#settle(waiting, undefined);
    return result;
  }

  #transaction<Result>(change: () => Result): Result {
    try {
      return this.#deps.database.transaction(change)();
    } catch (error) {
      this.#reload();
      throw asBufferError(error);
    }
  }

  #settle(waiting: readonly Waiting[], error: BufferError | undefined): void {
    if (this.#waiting === waiting) {
      this.#waiting = [];
      this.#waitingRows = 0;
    }
    for (const { done } of waiting) done(error);
  }

  #storeRow(row: Omit<ReadingRow, 'ordinal' | 'boot'>, boot: number): void {
    const ordinal = this.#parts.state.row.lastOrdinal + 1;
    this.#parts.readings.insert({ ...row, ordinal, boot });
    this.#parts.state.write({ lastOrdinal: ordinal });
  }

  #store(reading: NewReading): void {
    const boot = this.#parts.boots.idOf(reading.boot);
    const ordinal = this.#parts.state.row.lastOrdinal + 1;
    const row = packReading(reading, ordinal, boot);
    if (reading.clock === 'synced' && !this.#parts.boots.isSynchronised(boot))
      this.#parts.boots.synchronise(boot, row.time - row.monotonic);
    this.#parts.readings.insert(row);
    this.#parts.boots.saw(boot, row.monotonic);
    this.#parts.state.note({ lastOrdinal: ordinal, lastMonotonic: row.monotonic });
  }

  #reload(): void {
    this.#parts.state.reload();
    this.#parts.boots.reload();
    this.#parts.points.reload();
    this.#parts.ids.reload();
    this.#resume();
  }

  #clear(): boolean {
    const more = this.#parts.archive.trim(this.#parts.releasedRows());
    this.#parts.room.endHistory();
    return more;
  }
}
