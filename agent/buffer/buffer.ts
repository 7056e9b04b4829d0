import type { BatchHeader } from '#wire/header.js';
import type { ClockState, DeviceClock, Flag, Kind, Lane, Reason, Value, ValueType } from '#wire/terms.js';
import type { EarlierEpoch, Quarantined, SeqRange } from '#wire/messages.js';
import type { Reading } from '#wire/readings.js';
import type { Loss } from '#wire/windows.js';
import type { KnownClock } from '../clock/clock.js';

/**
 * The durable store of one gateway: append; seal; claim; ack; quarantine. One suite (`tests/suites/buffer.ts`)
 * holds for every implementation. All promises reject with a `BufferError`.
 */
export interface Buffer {
  /** Epoch of what is sealed from now on. Another one once the file was set aside: say hello again then. */
  readonly epoch: string;
  /** What was found unreadable, and where it lies now. */
  readonly setAside: SetAside | undefined;
  /** The key that signs from now on. Without one nothing is sealed and rows accumulate. */
  setSigner(key: SigningKey): Promise<void>;
  /** Numbers points, the same key always the same number, and keeps what windows need to know of them. */
  definePoints(points: readonly BufferPoint[]): Promise<ReadonlyMap<string, number>>;
  /** Stores a directory; batches sealed from now on name it. */
  useDirectory(hash: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Directories that the fleet has not acked (or that `wanted` names), oldest first. */
  directories(wanted?: readonly Uint8Array[]): Promise<readonly StoredDirectory[]>;
  ackDirectories(hashes: readonly Uint8Array[]): Promise<void>;
  /**
   * Stores readings in one transaction with its neighbours; resolves once that transaction is on the disk
   * (every `commitMs` at the latest). A call that is said again under the same `id`, as after a timeout, stores once.
   */
  append(readings: readonly NewReading[], id?: string): Promise<void>;
  /** Records losses that happened before the buffer, once for an `id`; they travel upstream as batches do. */
  declare(losses: readonly NewLoss[], id?: string): Promise<void>;
  /** Commits what waits now, as before a stop. A disk that refused is tried first, however short a time ago it was tried. */
  flush(): Promise<void>;
  /**
   * Declares as lost (`retention`) what the fleet asks for and is neither here nor declared before; gives how many
   * batches that were.
   */
  declareMissing(epoch: string, ranges: readonly SeqRange[]): Promise<number>;
  /**
   * The clock of this boot is known. Its unsealed rows that were taken unsynced get their time by it: as synced ones where
   * it is known to a second, else with the uncertainty and still flagged, until it is known better.
   */
  synchronise(boot: string, known: KnownClock): Promise<void>;
  /** Computes due windows and seals what is ready into signed batches of `lane`; gives how many batches it made. */
  seal(lane: Lane, why: 'due' | 'full'): Promise<number>;
  /**
   * Unacked batches of a lane, newest first (live) or oldest first (backfill), beyond those whose `id` is in
   * `except`. Those saved from a damaged file are of another epoch: their header says which.
   */
  claim(lane: Lane, limit: number, except: ReadonlySet<number>): Promise<readonly SealedBatch[]>;
  /** Batches again by number, acked or not, as far as they are still here; of this epoch unless another is named. */
  recall(ranges: readonly SeqRange[], epoch?: string): Promise<readonly SealedBatch[]>;
  /** Offers raw readings of a past period for sending, as backfill: see `Recalled`. */
  recallPeriod(period: RecalledPeriod): Promise<Recalled>;
  /** What is stored of one point, sealed or not, acked or not, a page at a time. */
  history(question: HistoryQuestion): Promise<HistoryPage>;
  /** Takes a period out of the local history, for good: see `Erased`. */
  erasePeriod(period: ErasedPeriod): Promise<Erased>;
  /** Of any epoch: what is not here is passed over. */
  ack(epoch: string, ranges: readonly SeqRange[]): Promise<void>;
  /**
   * Batches that are never sent again. One of an earlier epoch whose number is taken by other bytes is sealed anew under a
   * number of this epoch.
   */
  quarantine(epoch: string, refused: readonly Quarantined[]): Promise<void>;
  /**
   * This file is an older copy of one that went further under its epoch: it is set aside, and a new epoch begins into
   * which it is saved. `false` where that epoch does not go on here, or no file is in use.
   */
  renew(epoch: string, reason: string): Promise<boolean>;
  /** What was refused, or found damaged here, newest first, at most `limit`. */
  quarantined(limit: number): Promise<readonly QuarantinedBatch[]>;
  /** The bytes of a quarantined batch as they were sealed; `undefined` where there is none of this id. */
  quarantinedMessage(id: number): Promise<Uint8Array | undefined>;
  state(): Promise<BufferState>;
  /** Seals nothing, commits what was appended as `flush` does, closes the file. */
  close(): Promise<void>;
}

/** What the buffer must know of a point to make its windows and columns. */
export interface BufferPoint {
  /** `<device>/<point>`. */
  readonly key: string;
  /** Serial number of the device that is installed: another one is another series, though the point is the same. */
  readonly installation?: string;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  /** Periods of the windows to make, ms. */
  readonly windows: readonly number[];
  readonly rollover?: number;
}

export interface NewReading {
  /** The number that `definePoints` gave. */
  readonly point: number;
  readonly boot: string;
  /** Monotonic ms of that boot. */
  readonly monotonic: number;
  /** UTC ms as the gateway believed then. */
  readonly time: number;
  readonly clock: ClockState;
  readonly uncertaintyMs: number;
  readonly value: Value | null;
  readonly flag: Flag;
  readonly reason: Reason;
  /** Stored, but not sent raw (report by exception). */
  readonly held: boolean;
  readonly deviceTime?: number;
  readonly deviceClock?: Exclude<DeviceClock, 'unstated'>;
}

export interface StoredDirectory {
  readonly hash: Uint8Array;
  readonly bytes: Uint8Array;
}

/** A loss as whoever met it tells it. */
export type NewLoss = Omit<Loss, 'ordinal' | 'epoch'> & { readonly epoch?: string };

/** UTC ms, `toMs` not included. */
export interface RecalledPeriod {
  readonly fromMs: number;
  readonly toMs: number;
  /** Numbers of the points whose held-back readings are wanted; absent: all. */
  readonly points?: readonly number[];
}

/** UTC ms, `toMs` not included. */
export interface HistoryQuestion {
  /** `<device>/<point>`, also of a point that is no longer defined. */
  readonly key: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Where the page before ended. */
  readonly after?: HistoryPlace;
  /** Readings of the page at most. */
  readonly limit: number;
}

/** A reading's place in a history. */
export interface HistoryPlace {
  readonly time: number;
  readonly ordinal: number;
}

export interface HistoryPage {
  /** Ascending by time; where that is not known yet, by the time that the gateway believed in. */
  readonly readings: readonly Reading[];
  /** Where the next page begins; absent: this was the last. */
  readonly next?: HistoryPlace;
  /** UTC ms of the oldest that is kept of any point; absent: nothing is. */
  readonly keptFromMs?: number;
}

/** UTC ms, `toMs` not included. */
export interface ErasedPeriod {
  readonly fromMs: number;
  readonly toMs: number;
  /** `<device>/<point>`, also of points that are no longer defined; absent: all. */
  readonly keys?: readonly string[];
}

/**
 * What an erasure took: acked batches with a column of the points, whole, for the fleet has the others; readings that
 * were held back; files that were saved. What it left: what the fleet does not have yet, and rows from which
 * windows are still to be made.
 */
export interface Erased {
  readonly batches: number;
  readonly readings: number;
  readonly files: number;
  readonly left: { readonly batches: number; readonly rows: number; readonly files: number };
}

/**
 * What a recall set on its way: acked batches that overlap the period await their ack again, the same bytes;
 * readings that were held back leave the archive in batches of their own (`recalled` in the header).
 */
export interface Recalled {
  readonly batches: number;
  readonly readings: number;
}

/** `message` is the payload of `up/batch`: always the same bytes for the same batch. */
export interface SealedBatch {
  /** Names the batch within this buffer; equal to `seq` but for batches saved from a damaged file. */
  readonly id: number;
  readonly seq: number;
  readonly lane: Lane;
  readonly message: Uint8Array;
  readonly header: BatchHeader;
}

/** A batch that is never sent again, kept with the reason. */
export interface QuarantinedBatch {
  /** Names the batch within this buffer. */
  readonly id: number;
  readonly seq: number;
  readonly reason: string;
  /** UTC ms, as the gateway believed then. */
  readonly at: number;
  readonly bytes: number;
}

export interface BufferState {
  readonly firstUnacked: number;
  readonly lastSealed: number;
  readonly lastOrdinal: number;
  /** Rows, windows and loss records that wait to be sealed. */
  readonly unsealedRows: number;
  readonly unackedBatches: number;
  readonly quarantinedBatches: number;
  readonly heldRows: number;
  /** Of those, what no header has told of yet. */
  readonly heldUntold: number;
  readonly fileBytes: number;
  readonly walBytes: number;
  /** Readings given up in loss records since the file was made. */
  readonly lostReadings: number;
  readonly storage: StorageState;
  readonly wear: Wear;
  readonly directory: Uint8Array;
  /** Epochs whose batches were saved from files that were set aside, newest first. */
  readonly earlier: readonly EarlierEpoch[];
}

/** Where readings are stored, and how much room is left. */
export interface StorageState {
  /**
   * `memory`: the file could not be opened, and what is stored is lost with the process; `refusing`: the disk takes
   * nothing, and readings wait with whoever took them.
   */
  readonly kind: 'disk' | 'memory' | 'refusing';
  /** What the disk last said, while it does not work. */
  readonly fault?: string;
  /** Bytes that hold something, of those that may. */
  readonly usedBytes: number;
  readonly allowedBytes: number;
  /** Free on the file system; absent where it does not tell. */
  readonly freeBytes?: number;
  /** A file that keeps room for the buffer's last transactions. */
  readonly reserve: 'held' | 'released';
  /** How far stored data was thinned for want of space so far. */
  readonly thinned: 'nothing' | 'raw' | 'short-windows' | 'all-but-counters' | 'all-but-alarms' | 'all';
  /** Files set aside whose content is still being saved. */
  readonly salvaging: number;
  /** Files set aside that wait for the newer version that wrote them, or of which nothing can be read. */
  readonly waiting: number;
}

/** What storing costs the card; keys are absent where the system does not tell. */
export interface Wear {
  /** Bytes this process's buffer wrote since its start. */
  readonly writtenBytes?: number;
  readonly writtenBytesPerReading?: number;
  /** Years until the card's endurance is used up at the rate since the start. */
  readonly yearsOfCard?: number;
}

/** A file that could not be used, or was an older copy; a new epoch began in its place. */
export interface SetAside {
  readonly path: string;
  readonly reason: string;
}

/** The gateway's key as it is handed to the buffer's thread. */
export interface SigningKey {
  readonly source: string;
  /** SHA-256 of the leaf certificate's DER. */
  readonly certificate: Uint8Array;
  /** PEM, PKCS#8, P-256. */
  readonly privateKey: string;
}

/** What signs a batch. */
export interface BatchSigner {
  readonly source: string;
  readonly certificate: Uint8Array;
  /** ES256 over the bytes, 64 bytes r‖s. */
  sign(bytes: Uint8Array): Uint8Array;
}
