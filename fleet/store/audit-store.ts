/** Trails of chained entries as they lie on disk: what audit trails and the usage ledger are made of. */
export interface TrailStore {
  /**
   * Appends one entry: `make` gets the newest of its trail, in the transaction that stores what it gives. Within
   * another transaction it is stored, or not, with everything else that happens there.
   */
  append(trail: string, make: (newest: AuditNewest | undefined) => AuditAppended): void;
  /** All trails that have entries. */
  trails(): readonly string[];
  newest(trail: string): AuditNewest | undefined;
  /** At most `limit` entries of a trail from a number on, in the order of their numbers. */
  read(trail: string, from: number, limit: number): readonly StoredAuditEntry[];
}

/**
 * The audit trails as they lie on disk: one for each organisation, entries numbered from 0 without gaps, appended and
 * never changed. What an entry says lies beside its hash, so that it can be erased while the hashes stay.
 */
export interface AuditStore extends TrailStore {
  /** Runs `act` in one transaction of the registry: all of it is stored, or nothing. */
  together<Result>(act: () => Result): Result;
  /** Entries of these trails that match, newest first. No trails: no entries. */
  find(trails: readonly string[], search: AuditSearch): readonly StoredAuditEntry[];
  /** Entries that name this person as who acted or was acted on, and still say so. */
  naming(personId: string): readonly AuditPosition[];
  /** Takes away what these entries say; their hashes stay. */
  erase(positions: readonly AuditPosition[]): void;
}

export interface AuditPosition {
  readonly trail: string;
  readonly number: number;
}

/** The newest entry of a trail, and the roots of its hash tree's whole subtrees (access/audit/hash-tree.ts). */
export interface AuditNewest extends AuditLink {
  readonly peaks: Uint8Array;
}

/** An entry to be stored, with the trail's hash tree after it. */
export interface AuditAppended {
  readonly entry: AuditEntry;
  readonly peaks: Uint8Array;
}

/** An entry's place in its trail and its hash. */
export interface AuditLink {
  readonly number: number;
  /** SHA-256 over number, time, content hash and the hash before; see access/audit/chain.ts. */
  readonly hash: Uint8Array;
}

export interface AuditEntry extends AuditLink {
  /** Organisation whose trail it is. */
  readonly trail: string;
  /** UTC ms. */
  readonly at: number;
  /** SHA-256 over salt and content. */
  readonly contentHash: Uint8Array;
  readonly salt: Uint8Array;
  /** JSON; see `AuditContent`. */
  readonly content: string;
}

/** `null`: erased. */
export interface StoredAuditEntry extends Omit<AuditEntry, 'salt' | 'content'> {
  readonly salt: Uint8Array | null;
  readonly content: string | null;
}

/** Place of an entry among all: by time, and within the same ms by trail and number. */
export interface AuditPlace {
  readonly at: number;
  readonly trail: string;
  readonly number: number;
}

export interface AuditSearch {
  /** Id of who acted. */
  readonly subject?: string;
  readonly action?: string;
  /** Id of what was acted on. */
  readonly resource?: string;
  readonly outcome?: string;
  /** UTC ms, [from, to). */
  readonly from?: number;
  readonly to?: number;
  /** Entries before this one. */
  readonly before?: AuditPlace;
  readonly limit: number;
}
