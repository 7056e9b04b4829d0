import { createHash, verify, type KeyObject } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import {
  batchRoot,
  decodeBody,
  encodeBody,
  packColumns,
  presentColumns,
  saltColumns,
  unpackColumns,
  type BatchContent,
  type OpenColumns,
} from './body.js';
import { decodeCbor, encodeCbor } from './cbor.js';
import { parseCose, signCose } from './cose.js';
import { WireError } from './errors.js';
import { extentOf, type Extent } from './extent.js';
import { decodeStatement, decodeSummary, encodeStatement, encodeSummary } from './header-codec.js';
import type { BatchHeader } from './header.js';
import { inflateAtMost } from './inflate.js';
import { MAX_INFLATED_BYTES, MAX_MESSAGE_BYTES, MAX_REDUCED_BYTES } from './limits.js';

/** What becomes a batch. Readings and windows ascend by ordinal within a column; columns come in any order. */
export type BatchDraft = Pick<
  BatchHeader,
  'epoch' | 'seq' | 'lane' | 'directory' | 'heldBack' | 'recalled'
> & {
  /** 16 random bytes, used once: the salts of the hash tree come from them. */
  readonly seed: Uint8Array;
} & BatchContent;

/** What signs batches. */
export interface Signer {
  readonly source: string;
  /** SHA-256 of the certificate's DER. */
  readonly certificate: Uint8Array;
  /** ES256 over the bytes: r‖s, 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
}

/** A batch taken apart; nothing of it is verified yet. */
export interface ParsedBatch {
  readonly header: BatchHeader;
  /** The COSE_Sign1 as it came. */
  readonly statement: Uint8Array;
  /** The summary as it came. */
  readonly summary: Uint8Array;
  /** Body as sent: deflated. */
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
  /** What the signature is over (Sig_structure). */
  readonly signed: Uint8Array;
  /** Size of the body of a batch from which columns were erased; `undefined` for a whole one. */
  readonly reducedBytes: number | undefined;
}

/** A batch's content; `erased` columns are gone, with only their leaves left. */
export type BatchBody = BatchContent & { readonly erased: number };

/** SHA-256 over summary and body: what the header says of both as sent. */
export const hashOfBody = (summary: Uint8Array, body: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(summary).update(body).digest());

const requireSize = (message: Uint8Array, limit: number): Uint8Array => {
  if (message.length <= limit) return message;
  throw new WireError('too-large', `batch has ${message.length} bytes; the limit is ${limit}`);
};

/**
 * Seals a draft into the payload of `up/batch`: `[COSE_Sign1, summary, deflated body]`. Throws `WireError` 'unencodable'
 * naming what the contract cannot carry, or 'too-large'.
 */
export const sealBatch = (
  draft: BatchDraft,
  signer: Signer,
): { message: Uint8Array; header: BatchHeader } => {
  const columns = packColumns(draft);
  const bytes = encodeBody(columns, draft.seed);
  const body = deflateRawSync(bytes);
  const about = {
    ...extentOf(draft),
    heldBack: draft.heldBack,
    ...(draft.recalled === true ? ({ recalled: true } as const) : {}),
    columns: columns.length,
    inflatedBytes: bytes.length,
  };
  const summary = encodeSummary(about);
  const stated = {
    source: signer.source,
    epoch: draft.epoch,
    seq: draft.seq,
    lane: draft.lane,
    content: draft.content,
    certificate: signer.certificate,
    directory: draft.directory,
    bodyHash: hashOfBody(summary, body),
    root: batchRoot(saltColumns(columns, draft.seed), summary),
  };
  const statement = signCose(encodeStatement(stated), (signed) => signer.sign(signed));
  const message = requireSize(encodeCbor([statement, summary, body]), MAX_MESSAGE_BYTES);
  return { message, header: { ...stated, ...about } };
};

/**
 * Takes a message apart: checks its size, framing and header, so that the declared sizes are within the limits.
 * Verifies nothing. Throws `WireError`.
 */
export const parseBatch = (message: Uint8Array): ParsedBatch => {
  const parts = decodeCbor(requireSize(message, MAX_REDUCED_BYTES));
  const [statement, summary, body, reducedBytes]: readonly unknown[] = Array.isArray(parts) ? parts : [];
  if (
    !(statement instanceof Uint8Array) ||
    !(summary instanceof Uint8Array) ||
    !(body instanceof Uint8Array)
  ) {
    throw new WireError('malformed', 'a batch is an array of a COSE_Sign1, a summary and a body');
  }
  if (reducedBytes === undefined) requireSize(message, MAX_MESSAGE_BYTES);
  else if (typeof reducedBytes !== 'number') {
    throw new WireError('malformed', 'the size of a reduced body is not a number');
  } else if (!(reducedBytes >= 1 && reducedBytes <= MAX_INFLATED_BYTES + MAX_REDUCED_BYTES)) {
    throw new WireError('too-large', 'the size of a reduced body is beyond the limit');
  }
  const { payload, signature, signed } = parseCose(statement);
  const header = { ...decodeStatement(payload), ...decodeSummary(summary) };
  return { header, statement, summary, body, signature, signed, reducedBytes };
};

/** Verifies the signature over the header alone: right for a batch from which columns were erased. */
export const verifySignature = (parsed: ParsedBatch, publicKey: KeyObject): void => {
  const key = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const;
  if (!verify('sha256', parsed.signed, key, parsed.signature)) {
    throw new WireError('signature', `batch ${parsed.header.seq} is not signed by this key of its source`);
  }
};

/**
 * Verifies the signature (ES256, RFC 9052 section 4.4), then that the body is the one that was signed.
 * Throws `WireError` 'signature' or 'hash'.
 */
export const verifyBatch = (parsed: ParsedBatch, publicKey: KeyObject): void => {
  verifySignature(parsed, publicKey);
  if (
    parsed.reducedBytes !== undefined ||
    !sameBytes(hashOfBody(parsed.summary, parsed.body), parsed.header.bodyHash)
  ) {
    throw new WireError('hash', `the body of batch ${parsed.header.seq} is not the one that was signed`);
  }
};

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

const EXTENT = ['count', 'firstOrdinal', 'lastOrdinal', 'firstTime', 'lastTime'] as const;

/** What is left after an erasure lies within the header's statement; a whole body agrees with it exactly. */
const requireAgreement = (found: Extent, header: BatchHeader, whole: boolean): void => {
  if (whole) {
    const key = EXTENT.find((candidate) => found[candidate] !== header[candidate]);
    if (key === undefined) return;
    throw new WireError('malformed', `body: ${key} is ${found[key]}, the header says ${header[key]}`);
  }
  const within =
    found.count === 0 ||
    (found.count < header.count &&
      found.firstOrdinal >= header.firstOrdinal &&
      found.lastOrdinal <= header.lastOrdinal &&
      found.firstTime >= header.firstTime &&
      found.lastTime <= header.lastTime);
  if (!within) throw new WireError('malformed', 'body: what is left is not within what the header states');
};

/**
 * Inflates the body and checks the summary and every column against the signed root of the hash tree. Call it after
 * `verifyBatch`, or `verifySignature` for a reduced batch. Throws `WireError`.
 */
export const openColumns = (parsed: ParsedBatch): OpenColumns => {
  const { header } = parsed;
  const size = parsed.reducedBytes ?? header.inflatedBytes;
  const bytes = inflateAtMost(parsed.body, size);
  if (bytes.length !== size)
    throw new WireError('malformed', `body inflates to ${bytes.length} bytes, not ${size}`);
  const open = decodeBody(bytes);
  const { length } = open.entries;
  if (length !== header.columns) {
    throw new WireError('malformed', `body has ${length} columns, the header says ${header.columns}`);
  }
  if (!sameBytes(batchRoot(open, parsed.summary), header.root)) {
    throw new WireError('hash', `the columns of batch ${header.seq} are not those that were signed`);
  }
  return open;
};

/** The same, decoded, with counts, ordinals and times checked against the header. */
export const openBody = (parsed: ParsedBatch): BatchBody => {
  const { header } = parsed;
  const { entries } = openColumns(parsed);
  const columns = presentColumns(entries);
  const content = unpackColumns(header.content, columns, header.count);
  const erased = entries.length - columns.length;
  requireAgreement(extentOf(content), header, erased === 0);
  return { ...content, erased };
};
