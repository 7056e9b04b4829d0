import type { Content, Lane } from './terms.js';

/**
 * The signed statement about one batch (payload of its COSE_Sign1, RFC 9052 section 4.2): whatever is shown to
 * prove one column. Hashes are SHA-256, 32 bytes.
 */
export interface BatchStatement {
  /** Id of the signer: a gateway's id, or that of a signer of the fleet. */
  readonly source: string;
  /** Random id of the buffer that sealed it: 16 hexadecimal digits. */
  readonly epoch: string;
  /** Number of the batch in its epoch, from 1, without holes. */
  readonly seq: number;
  readonly lane: Lane;
  readonly content: Content;
  /** Thumbprint (SHA-256 of the DER) of the certificate whose key signed. */
  readonly certificate: Uint8Array;
  /** Name of the directory that numbers the points: the root of its hash tree. */
  readonly directory: Uint8Array;
  /** SHA-256 of the summary and the body as sent (deflated). */
  readonly bodyHash: Uint8Array;
  /** Root of the hash tree over the salted summary and columns. */
  readonly root: Uint8Array;
}

/**
 * What is true of the batch as a whole, and so tells of every point in it: signed as a leaf of the tree, not shown
 * with a column. Ranges are inclusive.
 */
export interface BatchSummary {
  /** Readings, windows or loss records in the body. */
  readonly count: number;
  /** Readings of the same ordinal range that report-by-exception kept on the gateway. */
  readonly heldBack: number;
  /** These readings were held back, and told of as such by earlier headers; the fleet has asked for them since. */
  readonly recalled?: true;
  readonly columns: number;
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
  /** Earliest and latest time in the body, UTC ms. */
  readonly firstTime: number;
  readonly lastTime: number;
  /** Size of the body once inflated, bytes. */
  readonly inflatedBytes: number;
}

/** All that is signed of one batch beside its columns. */
export interface BatchHeader extends BatchStatement, BatchSummary {}
