import type { EarlierEpoch, Quarantined, SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import type { KnownClock } from '../clock/clock.js';
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
import { BufferError } from './buffer-error.js';
import type { History } from './history.js';
import { createDelivery, type Delivery } from './delivery.js';
import { createBufferParts, type BufferParts, type BufferPartsDeps } from './buffer-parts.js';
import type { EraseHistory } from './erase-history.js';
import { declareMissing } from './missing.js';
import type { PointRow } from './points.js';
import { checkReading, isTime, type ReadingRow } from './reading-row.js';
import { recallSegment } from './recall-archive.js';
import { recallRows } from './recall-rows.js';
import { createSigner } from './signing-key.js';
import { overwriteFreePages, pageUsage, type Database } from './sqlite-database.js';
import { Transactions, type Waiting } from './transactions.js';

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
  readonly #transactions: Transactions;
  #signer: BatchSigner | undefined;

  constructor(deps: BufferCoreDeps) {
    this.#deps = deps;
    this.#parts = createBufferParts(deps);
    this.#delivery = createDelivery({ parts: this.#parts, now: deps.now });
    this.#transactions = new Transactions(deps.database, this.#parts);
  }

  get epoch(): string {
    return this.#parts.state.row.epoch;
  }

  /** Readings that wait for the next transaction. */
  get waiting(): Pick<Transactions, 'rows' | 'take' | 'give'> {
    return this.#transactions;
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
    return this.#transactions.write(() => {
      const numbers = this.#parts.points.define(points);
      this.#parts.windowMaker.keepSeries();
      return numbers;
    });
  }

  useDirectory(hash: Uint8Array, bytes: Uint8Array): void {
    this.#transactions.write(() => {
      this.#parts.directories.use(hash, bytes, this.#parts.state.row.lastOrdinal + 1);
    });
  }

  directories(wanted?: readonly Uint8Array[]): readonly StoredDirectory[] {
    return this.#transactions.read(() => this.#parts.directories.list(wanted));
  }

  ackDirectories(hashes: readonly Uint8Array[]): void {
    this.#transactions.write(() => {
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
    this.#transactions.wait({ readings, done });
  }

  /** Stores what waits. */
  commit(): void {
    this.#deps.beforeCommit(this.#parts.state.row.lastOrdinal + this.#transactions.rows);
    this.#transactions.write(() => undefined);
  }

  pointRows(): readonly PointRow[] {
    return this.#transactions.read(() => this.#parts.points.rows());
  }

  restorePoints(rows: readonly PointRow[]): void {
    this.#transactions.write(() => {
      this.#parts.points.restore(rows);
      this.#parts.windowMaker.keepSeries();
    });
  }

  /** How far ordinals go, and of how many the fleet has acked nothing yet. */
  extent(): { readonly lastOrdinal: number; readonly unsettled: number } {
    const { unsealedRows, lastOrdinal } = this.state();
    return {
      lastOrdinal,
      unsettled: unsealedRows + this.#transactions.read(() => this.#parts.batches.pendingCount()),
    };
  }

  /** One transaction of whoever brings something from another file. */
  absorb<Result>(bring: (into: AbsorbInto) => Result): Result {
    return this.#transactions.bare(() =>
      bring({
        ...this.#parts,
        database: this.#deps.database,
        now: this.#deps.now,
        store: (row, boot) => this.#parts.outside.add(this.#transactions.store(row, boot)),
        keepAcked: (id) => this.#delivery.ack([[id, id]]),
      }),
    );
  }

  /** Writes all that is stored into a file that is not there yet. */
  writeTo(path: string): void {
    this.#transactions.read(() => {
      this.#deps.database.prepare('VACUUM INTO ?').run(path);
    });
  }

  synchronise(boot: string, { offsetMs, uncertaintyMs, toldAt }: KnownClock): void {
    if (!isTime(offsetMs)) throw new BufferError('invalid', `The offset ${offsetMs} is no time.`);
    if (!(uncertaintyMs >= 0) || !isTime(uncertaintyMs) || !isTime(toldAt))
      throw new BufferError('invalid', `The uncertainty ${uncertaintyMs} as of ${toldAt} is none.`);
    this.#transactions.write(() => {
      this.#parts.boots.tell(this.#parts.boots.idOf(boot), {
        offsetMs: Math.round(offsetMs),
        uncertaintyMs: Math.ceil(uncertaintyMs),
        toldAt: Math.round(toldAt),
      });
    });
  }

  /** Makes due windows from a bounded number of rows; gives whether more are due. */
  makeWindows(): boolean {
    return this.#transactions.write(() => this.#parts.windowMaker.step());
  }

  /** Seals a few batches and clears away what is no longer needed. */
  seal(lane: Lane, why: 'due' | 'full'): { readonly batches: number; readonly more: boolean } {
    const signer = this.#signer;
    if (signer === undefined) return { batches: 0, more: false };
    return this.#transactions.write(() => {
      let batches = 0;
      for (let turn = 0; turn < SLICE_BATCHES; turn += 1) {
        let sealed = this.#parts.sealing.sealLosses(why, signer);
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
    return this.#transactions.read(() => this.#parts.batches.claim(lane, limit, except, this.#deps.now()));
  }

  recall(ranges: readonly SeqRange[], epoch = this.epoch): readonly SealedBatch[] {
    return this.#transactions.read(() => this.#delivery.recall(ranges, epoch));
  }

  /** Acked batches of readings of a period await their ack again; gives how many. */
  offerAgain(period: RecalledPeriod): number {
    return this.#transactions.write(() => this.#delivery.offerAgain(period));
  }

  /** Seals what the next segment after an ordinal holds of a period; `undefined` after the last. */
  recallSegment(period: RecalledPeriod, after: number): ReturnType<typeof recallSegment> {
    const signer = this.#signer;
    if (signer === undefined) return undefined;
    return this.#transactions.write(() => recallSegment(this.#parts, period, after, signer));
  }

  /** The same of rows that no segment has yet. */
  recallRows(period: RecalledPeriod, after: number): ReturnType<typeof recallRows> {
    const signer = this.#signer;
    if (signer === undefined) return undefined;
    return this.#transactions.write(() => recallRows(this.#parts, period, after, signer));
  }

  /** One step through what is stored of a point. */
  history<Result>(step: (history: History) => Result): Result {
    return this.#transactions.read(() => step(this.#parts.history));
  }

  /** One step of an erasure, by one of its parts. */
  eraseHistory<Result>(step: (erase: EraseHistory) => Result): Result {
    return this.#transactions.write(() => step(this.#parts.eraseHistory));
  }

  /** Overwrites what was freed, in the file and its journal. */
  overwriteFreed(): void {
    this.#transactions.read(() => overwriteFreePages(this.#deps.database));
  }

  /** What is not here, or of an epoch that is not, is passed over. */
  ack(epoch: string, ranges: readonly SeqRange[]): void {
    const found = this.#delivery.idRanges(epoch, ranges);
    if (found.length > 0) this.#transactions.write(() => this.#delivery.ack(found));
  }

  quarantined(limit: number): readonly QuarantinedBatch[] {
    return this.#transactions.read(() => this.#parts.batches.quarantined(limit));
  }

  quarantinedMessage(id: number): Uint8Array | undefined {
    return this.#transactions.read(() => this.#parts.batches.quarantinedMessage(id));
  }

  quarantine(epoch: string, refused: readonly Quarantined[]): void {
    this.#transactions.write(() => this.#delivery.quarantine(epoch, refused, this.#signer));
  }

  declare(losses: readonly NewLoss[]): void {
    this.#transactions.write(() => {
      for (const loss of losses) this.#parts.losses.record(loss);
    });
  }

  declareMissing(epoch: string, ranges: readonly SeqRange[]): number {
    const deps = { ...this.#parts, database: this.#deps.database };
    return this.#transactions.write(() => declareMissing(deps, epoch, ranges));
  }

  /** One step for want of space; gives whether there was one. Readings that wait go on waiting. */
  makeRoom(): boolean {
    return this.#transactions.bare(() => this.#parts.room.step(this.#signer));
  }

  /** Bytes that hold something, and those of the whole file. */
  usage(): { readonly usedBytes: number; readonly fileBytes: number } {
    return this.#transactions.read(() => pageUsage(this.#deps.database));
  }

  thinned(): StorageState['thinned'] {
    return this.#transactions.read(() => this.#parts.thinning.cursors.furthest() ?? 'nothing');
  }

  state(): CoreState {
    return this.#transactions.read(() => {
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

  #clear(): boolean {
    const more = this.#parts.archive.trim(this.#parts.releasedRows());
    this.#parts.room.endHistory();
    return more;
  }
}
