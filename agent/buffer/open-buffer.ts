import { statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Quarantined, SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import type { KnownClock } from '../clock/clock.js';
import type {
  Buffer,
  BufferPoint,
  BufferState,
  Erased,
  ErasedPeriod,
  HistoryPage,
  HistoryQuestion,
  NewLoss,
  NewReading,
  Recalled,
  RecalledPeriod,
  QuarantinedBatch,
  SealedBatch,
  SetAside,
  StorageState,
  SigningKey,
  StoredDirectory,
} from './buffer.js';
import { asBufferError, BufferError } from './buffer-error.js';
import type { CoreState } from './buffer-core.js';
import { createCallIds } from './call-ids.js';
import { erasePeriod } from './erase-period.js';
import { LastTold } from './last-told.js';
import type { History } from './history.js';
import { historyPage } from './history-page.js';
import { RoomKeeper, systemFreeBytes } from './room-keeper.js';
import { Salvaging } from './salvaging.js';
import { Store } from './store.js';
import { wearOf } from './wear.js';
import { countWrittenBytes } from './written-bytes.js';

export interface BufferOptions {
  readonly path: string;
  /** Longest time a reading waits for its transaction, ms. */
  readonly commitMs?: number;
  /** A window closes once a row this much past its end is stored, ms. */
  readonly graceMs?: number;
  /** The file never grows beyond this, bytes; its journal adds 4 MiB. */
  readonly capBytes?: number;
  /** The file does not grow while less than this is free on its file system, bytes. */
  readonly floorBytes?: number;
  /** Room that a reserve file keeps for the buffer's last transactions, bytes. */
  readonly reserveBytes?: number;
  /** Acked batches and held-back readings stay as local history up to this size, bytes, and age, ms. */
  readonly historyBytes?: number;
  readonly historyMs?: number;
  /** What the card bears to be written, bytes (its TBW). */
  readonly enduranceBytes?: number;
  /** A disk that takes nothing is tried again this often, ms. */
  readonly retryMs?: number;
}

export interface BufferDeps {
  /** UTC ms. */
  readonly now: () => number;
  /** Monotonic ms. */
  readonly monotonic: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Bytes free on the file system of a path; `undefined` where it does not tell. */
  readonly freeBytes: (path: string) => number | undefined;
}

/** The process's own clock, randomness and file system. */
export const systemDeps: BufferDeps = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: (bytes) => randomBytes(bytes),
  freeBytes: systemFreeBytes,
};

const MIB = 1024 ** 2;
const DEFAULTS = {
  commitMs: 2_000,
  graceMs: 5_000,
  capBytes: 2_048 * MIB,
  floorBytes: 256 * MIB,
  reserveBytes: 16 * MIB,
  historyBytes: 1_024 * MIB,
  historyMs: 90 * 86_400_000,
  enduranceBytes: 20e12,
  retryMs: 10_000,
};
/** Readings that wait make a transaction of their own at this number. */
const COMMIT_ROWS = 10_000;
/** One call of `seal` works no longer than this, ms; what is left waits for the next. */
const SEAL_MS = 5_000;
/** Without an uplink nobody asks to seal: full batches are made once so many rows wait, as they take less room. */
const UNSEALED_ROWS = 10_000;
/** Nobody has asked for this long: there is no uplink, ms. */
const UNASKED_MS = 60_000;

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** One `Store` behind the contract: timers, promises and the order of calls. */
class LocalBuffer implements Buffer {
  readonly #options: Required<BufferOptions>;
  readonly #store: Store;
  readonly #room: RoomKeeper;
  readonly #salvaging: Salvaging;
  readonly #told: LastTold<
    Pick<StorageState, 'usedBytes' | 'allowedBytes' | 'thinned'> & { readonly core: CoreState }
  >;
  readonly #calls = createCallIds();
  readonly #monotonic: () => number;
  readonly #openedAt: number;
  readonly #written = countWrittenBytes();
  #stored = 0;
  #timer: NodeJS.Timeout | undefined;
  #sealing: Promise<unknown> = Promise.resolve();
  #selfSealing = false;
  #askedAt = -Infinity;
  #closed = false;

  constructor(options: BufferOptions, deps: BufferDeps) {
    const complete = (this.#options = { ...DEFAULTS, ...options });
    this.#monotonic = deps.monotonic;
    this.#openedAt = deps.monotonic();
    const store = (this.#store = new Store(complete, deps));
    this.#room = new RoomKeeper({ ...deps, store, path: options.path, limits: complete });
    this.#salvaging = new Salvaging({ store, path: options.path });
    this.#told = new LastTold(() => ({
      core: store.run((core) => core.state()),
      ...this.#room.room(),
      thinned: store.run((core) => core.thinned()),
    }));
  }

  get epoch(): string {
    return this.#store.epoch;
  }

  get setAside(): SetAside | undefined {
    return this.#store.setAside;
  }

  async setSigner(key: SigningKey): Promise<void> {
    this.#open().setSigner(key);
  }

  async definePoints(points: readonly BufferPoint[]): Promise<ReadonlyMap<string, number>> {
    const numbers = this.#open().definePoints(points);
    this.#salvaging.begin();
    return numbers;
  }

  async useDirectory(hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#open().useDirectory(hash, bytes);
  }

  async directories(wanted?: readonly Uint8Array[]): Promise<readonly StoredDirectory[]> {
    return this.#open().run((core) => core.directories(wanted));
  }

  async ackDirectories(hashes: readonly Uint8Array[]): Promise<void> {
    this.#open().run((core) => core.ackDirectories(hashes));
  }

  async append(readings: readonly NewReading[], id?: string): Promise<void> {
    return this.#calls.once(id, async () => {
      const store = this.#open();
      if (readings.length === 0) return;
      await new Promise<void>((resolve, reject) => {
        const waiting = store.append(readings, (error) => {
          if (error === undefined) resolve();
          else reject(error);
        });
        if (waiting >= COMMIT_ROWS) this.#commit();
        else this.#timer ??= setTimeout(() => this.#commit(), this.#options.commitMs);
      });
      this.#stored += readings.length;
    });
  }

  async declare(losses: readonly NewLoss[], id?: string): Promise<void> {
    return this.#calls.once(id, async () => {
      this.#open().run((core) => core.declare(losses));
    });
  }

  async flush(): Promise<void> {
    this.#open().retry('now');
    this.#commit();
  }

  async declareMissing(epoch: string, ranges: readonly SeqRange[]): Promise<number> {
    return this.#open().run((core) => core.declareMissing(epoch, ranges));
  }

  async synchronise(boot: string, known: KnownClock): Promise<void> {
    this.#open().synchronise(boot, known);
  }

  async seal(lane: Lane, why: 'due' | 'full'): Promise<number> {
    this.#askedAt = this.#monotonic();
    return this.#sealInTurn(lane, why);
  }

  async #sealInTurn(lane: Lane, why: 'due' | 'full', isAsked = () => false): Promise<number> {
    const sealed = this.#sealing.then(async () => this.#seal(lane, why, isAsked));
    this.#sealing = sealed.catch((error: unknown) => {
      if (asBufferError(error).code === 'full') this.#room.onFull();
    });
    return sealed;
  }

  async claim(lane: Lane, limit: number, except: ReadonlySet<number>): Promise<readonly SealedBatch[]> {
    return this.#open().run((core) => core.claim(lane, limit, except));
  }

  async recall(ranges: readonly SeqRange[], epoch?: string): Promise<readonly SealedBatch[]> {
    return this.#open().run((core) => core.recall(ranges, epoch));
  }

  async recallPeriod(period: RecalledPeriod): Promise<Recalled> {
    const batches = this.#open().run((core) => core.offerAgain(period));
    let readings = 0;
    for (const part of ['recallSegment', 'recallRows'] as const) {
      for (let after = 0; !this.#closed; await turn()) {
        const from = after;
        const found = this.#store.run((core) => core[part](period, from));
        if (found === undefined) break;
        after = found.ordinal;
        readings += found.readings;
      }
    }
    return { batches, readings };
  }

  async history(question: HistoryQuestion): Promise<HistoryPage> {
    const store = this.#open();
    const step = <Result>(part: (history: History) => Result): Result =>
      store.run((core) => core.history(part));
    return historyPage({ step, monotonic: this.#monotonic, closed: () => this.#closed }, question);
  }

  async erasePeriod(period: ErasedPeriod): Promise<Erased> {
    return erasePeriod(this.#open(), this.#options.path, period, () => this.#closed);
  }

  async ack(epoch: string, ranges: readonly SeqRange[]): Promise<void> {
    this.#open().run((core) => core.ack(epoch, ranges));
  }

  async renew(epoch: string, reason: string): Promise<boolean> {
    const renewed = this.#open().renew(epoch, reason);
    if (renewed) this.#salvaging.begin();
    return renewed;
  }

  async quarantined(limit: number): Promise<readonly QuarantinedBatch[]> {
    return this.#open().run((core) => core.quarantined(limit));
  }

  async quarantinedMessage(id: number): Promise<Uint8Array | undefined> {
    return this.#open().run((core) => core.quarantinedMessage(id));
  }

  async quarantine(epoch: string, refused: readonly Quarantined[]): Promise<void> {
    this.#open().run((core) => core.quarantine(epoch, refused));
  }

  async state(): Promise<BufferState> {
    const store = this.#open();
    const { core, ...held } = this.#told.now;
    const { freeBytes, reserve } = this.#room;
    const sinceMs = this.#monotonic() - this.#openedAt;
    const all = this.#written();
    const written = all === undefined ? undefined : Math.max(0, all - this.#room.reserveWrittenBytes);
    return {
      ...core,
      fileBytes: sizeOf(this.#options.path),
      walBytes: sizeOf(`${this.#options.path}-wal`),
      storage: {
        kind: store.kind,
        ...(store.fault === undefined ? {} : { fault: store.fault }),
        ...held,
        ...(freeBytes === undefined ? {} : { freeBytes }),
        reserve,
        ...this.#salvaging.left(),
      },
      wear: wearOf(written, this.#stored, sinceMs, this.#options.enduranceBytes),
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#sealing;
    await this.#room.stop();
    this.#salvaging.stop();
    this.#store.close();
  }

  #open(): Store {
    if (this.#closed) throw new BufferError('closed', 'The buffer is closed.');
    return this.#store;
  }

  #commit(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const error = this.#store.commit();
    if (error?.code === 'full') this.#room.onFull();
    else this.#room.check();
    this.#salvaging.begin();
    if (error === undefined) this.#sealWhatWaits();
  }

  /** Rows take ten times the room of batches. */
  #sealWhatWaits(): void {
    if (this.#selfSealing || this.#monotonic() - this.#askedAt < UNASKED_MS) return;
    if (this.#store.run((core) => core.unsealedRows) < UNSEALED_ROWS) return;
    this.#selfSealing = true;
    // an uplink that asks meanwhile has newer rows to send: it does not wait for these
    const asked = this.#askedAt;
    void this.#sealInTurn('backfill', 'full', () => this.#askedAt !== asked)
      .catch(() => undefined)
      .finally(() => {
        this.#selfSealing = false;
      });
  }

  /** Works in slices, so that other calls come between; the newest rows come first, windows take half of the time. */
  async #seal(lane: Lane, why: 'due' | 'full', isAsked: () => boolean): Promise<number> {
    this.#open();
    const began = this.#monotonic();
    const within = (ms: number): boolean => !this.#closed && !isAsked() && this.#monotonic() < began + ms;
    const slice = () => this.#store.run((core) => core.seal(lane, why));
    let made = slice().batches;
    while (within(SEAL_MS / 2) && this.#store.run((core) => core.makeWindows())) await turn();
    while (within(SEAL_MS)) {
      const sealed = slice();
      made += sealed.batches;
      if (!sealed.more) break;
      await turn();
    }
    this.#room.check();
    return made;
  }
}

/**
 * Opens the buffer in this thread. The event loop stands still while it works: the agent uses
 * `openThreadBuffer`. Rejects with `BufferError` `busy` where another process has the file; a disk that cannot be
 * used is told in `state().storage`.
 */
export const openBuffer = async (options: BufferOptions, deps: BufferDeps = systemDeps): Promise<Buffer> =>
  new LocalBuffer(options, deps);
