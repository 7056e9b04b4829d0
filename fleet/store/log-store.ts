import type { SeqRange } from '#wire/messages.js';

/** The record of truth: append-only items as they came, keyed (source, epoch, seq). */
export interface LogWriter {
  /**
   * Appends in one transaction (fsynced) and says for each item, in order, what became of it. Calls are
   * grouped across sources.
   */
  append(items: readonly LogItem[]): Promise<readonly AppendOutcome[]>;
  /** What the log has of one epoch. */
  stored(source: string, epoch: string): Promise<EpochKeys>;
  /** The other epochs of a source, in the order in which they first came. */
  epochs(source: string): Promise<readonly string[]>;
  hasDirectory(source: string, hash: Uint8Array): Promise<boolean>;
  /**
   * Puts reduced messages in the place of stored ones and notes each, in one transaction; what went is in no file
   * of the store any more. The keys keep the hash that came first, so that the original remains a duplicate. Throws
   * `StoreError` `changed-since`, with nothing written, where another message is stored than the one that was reduced.
   */
  eraseColumns(erasures: readonly Erasure[]): Promise<void>;
  /**
   * Puts entries of another copy of this log in the places that they had there, in one transaction: they must come by
   * position. Gives how many were not there before. Throws `StoreError` `conflict`, with nothing written, where the log has
   * something else in such a place or under such a key, or has gone on beyond it by itself.
   */
  restore(entries: readonly KeyedEntry[]): Promise<number>;
  close(): Promise<void>;
}

export type LogItem =
  | {
      readonly type: 'batch';
      readonly source: string;
      readonly epoch: string;
      readonly seq: number;
      /** SHA-256 of the message. */
      readonly hash: Uint8Array;
      readonly receivedAt: number;
      readonly message: Uint8Array;
      /** Why the door refused it: then it is kept apart, and acked as quarantined. */
      readonly refused?: string;
      /** Time of its first row, UTC ms; absent where its header does not parse. */
      readonly firstTime?: number;
    }
  /** What a gateway sent as a batch and cannot even be numbered: kept apart. */
  | {
      readonly type: 'unreadable';
      readonly source: string;
      readonly hash: Uint8Array;
      readonly receivedAt: number;
      readonly message: Uint8Array;
      readonly refused: string;
    }
  | {
      readonly type: 'directory';
      readonly source: string;
      readonly hash: Uint8Array;
      readonly receivedAt: number;
      readonly message: Uint8Array;
    };

/**
 * `clone`: the same key with another hash; kept apart and alarmed, nothing overwritten. `no-room`: it should have
 * been kept apart, and its source has no room left for that: nothing was kept.
 */
export type AppendOutcome = 'stored' | 'duplicate' | 'quarantined' | 'clone' | 'no-room';

export interface EpochKeys {
  readonly stored: readonly SeqRange[];
  /** Batch numbers of which a refused message is kept apart, ascending. */
  readonly quarantined: readonly number[];
}

/** A message kept apart. */
export interface KeptApart {
  /** Its place in this list, for reading it. */
  readonly id: string;
  readonly source: string;
  /** Absent where not even its number could be read. */
  readonly epoch?: string;
  readonly seq?: number;
  /** Another message with this number was stored. */
  readonly clone: boolean;
  readonly reason: string;
  readonly receivedAt: number;
  readonly bytes: number;
}

/** What of an erased column was another's than whose erasure it was. Times are UTC ms. */
export interface TakenFromOthers {
  readonly organisationId: string;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly readings: number;
  readonly windows: number;
}

/** What an erasure took from one batch; hashes are SHA-256 of the message. Times are UTC ms. */
export interface ErasedBatch {
  readonly source: string;
  readonly epoch: string;
  readonly seq: number;
  /** Of what went: first and last time that it spoke of. */
  readonly firstTime: number;
  readonly lastTime: number;
  readonly readings: number;
  readonly windows: number;
  readonly erasedAt: number;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** A column is one leaf of a signed tree, and went as a whole: this was others'. */
  readonly others: readonly TakenFromOthers[];
}

export interface Erasure extends ErasedBatch {
  readonly position: number;
  /** Id of the point that it was of. */
  readonly pointId: string;
  /** What is left. */
  readonly message: Uint8Array;
}

export interface Erased {
  readonly number: number;
  /** In alphabetical order. */
  readonly sources: readonly string[];
}

/** What projections follow. */
export interface LogReader {
  /**
   * Entries after `position`, in order, at most `limit` of them and about `maxBytes`. An entry that comes later has a
   * higher position than every entry that was ever read here: whoever goes on from the last one skips none.
   */
  read(after: number, limit: number, maxBytes: number): Promise<readonly LogEntry[]>;
  /** A directory that a source sent, by its name. */
  directory(source: string, hash: Uint8Array): Promise<Uint8Array | undefined>;
  /** What was erased of a point in [from, to), oldest batch first. */
  erased(pointId: string, from: number, to: number): Promise<readonly ErasedBatch[]>;
  /**
   * Sources of which something was erased after the erasure of this number (0: ever), and the number of the newest. One
   * that comes later has a higher number than every one that was ever given here.
   */
  erasedAfter(number: number): Promise<Erased>;
  /** Keys of these batches, in their order. */
  keys(batches: readonly BatchName[]): Promise<readonly (StoredKey | undefined)[]>;
  /** Position of the newest entry, 0 in an empty log. */
  head(): Promise<number>;
  /** What is kept apart of a source, or of all, oldest first. */
  keptApart(source: string | undefined, limit: number): Promise<readonly KeptApart[]>;
  keptApartMessage(id: string): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

export interface BatchName {
  readonly source: string;
  readonly epoch: string;
  readonly seq: number;
}

export interface StoredKey {
  readonly position: number;
  /** SHA-256 of the message that came first, whatever was erased of it since. */
  readonly hash: Uint8Array;
}

/** An entry with the key that it is stored under. */
export type KeyedEntry = StoredKey & {
  readonly source: string;
  readonly receivedAt: number;
  readonly message: Uint8Array;
} & (
    { readonly type: 'batch'; readonly epoch: string; readonly seq: number } | { readonly type: 'directory' }
  );

export interface LogEntry {
  readonly position: number;
  readonly type: 'batch' | 'directory';
  readonly source: string;
  readonly receivedAt: number;
  readonly message: Uint8Array;
}
