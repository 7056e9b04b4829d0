import { X509Certificate } from 'node:crypto';
import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { parseCose } from '#wire/cose.js';
import type { Reading } from '#wire/readings.js';
import { chainOf, openCertificates, requireValid, type Certificates } from './chain.js';
import { ProofError } from './errors.js';
import { decodeProof, type ProofFile } from './proof-file.js';
import { aggregateOf, sameAggregate, type PlacedReading } from './prove-window.js';
import { decodeReceipt, hashOfContents, RECEIPT_SIGNER, type Receipt } from './receipt.js';
import { explained, fingerprint, requireSigned, verifyColumn, type ProvenColumn } from './verify-column.js';

/** What a proof shows, once it holds. */
export interface Verdict {
  readonly receipt: Receipt;
  /** SHA-256 of the root's DER, hex. */
  readonly root: string;
  readonly columns: readonly ProvenColumn[];
  readonly proven: ProvenReading | ProvenWindow;
}

export interface ProvenReading {
  readonly type: 'reading';
  readonly reading: Reading;
  readonly column: ProvenColumn;
}

export interface ProvenWindow {
  readonly type: 'window';
  /** `readings`: made again from them here; `gateway`: its own, signed, without the readings that it came from. */
  readonly by: 'readings' | 'gateway';
  /** The gateway had sent the window too, and it is the same. */
  readonly asSent: boolean;
  readonly aggregate: Aggregate;
  readonly column: ProvenColumn;
}

/**
 * Checks a proof with nothing but the root: signatures, chains and their validity, tree paths, and that what is
 * proven is in it. Throws `ProofError`, and nothing else, whatever the bytes.
 */
export const verifyProof = (file: Uint8Array, root: X509Certificate): Verdict => {
  const proof = decodeProof(file);
  const certificates = openCertificates(proof.certificates, root);
  const receipt = verifyReceipt(proof, certificates);
  if (receipt.receivedAt.length !== proof.columns.length) {
    throw new ProofError('receipt', 'The receipt does not say when each column was received.');
  }
  const columns = proof.columns.map((column, index) =>
    verifyColumn(column, receipt.receivedAt[index] ?? 0, certificates),
  );
  requireOnePoint(columns);
  if (Buffer.compare(hashOfContents(proof), receipt.contents) !== 0) {
    throw new ProofError('receipt', "The fleet's receipt is for other contents than these.");
  }
  const proven = receipt.periodMs === 0 ? provenReading(receipt, columns) : provenWindow(receipt, columns);
  return { receipt, root: fingerprint(root.raw), columns, proven };
};

const verifyReceipt = (proof: ProofFile, certificates: Certificates): Receipt => {
  const cose = explained('malformed', "The fleet's receipt", () => parseCose(proof.receipt));
  const receipt = decodeReceipt(cose.payload);
  const chain = chainOf(certificates, receipt.certificate, 'fleet', RECEIPT_SIGNER);
  requireSigned("The fleet's receipt", cose, chain);
  requireValid(chain, receipt.issuedAt, receipt.issuedAt);
  return receipt;
};

const identityOf = ({ point, device }: ProvenColumn): string =>
  JSON.stringify([device.maker, device.model, point.key, point.kind, point.valueType, point.unit]);

const requireOnePoint = (columns: readonly ProvenColumn[]): void => {
  if (new Set(columns.map(identityOf)).size === 1) return;
  throw new ProofError('content', 'The columns are not all of one point.');
};

const provenReading = ({ time }: Receipt, columns: readonly ProvenColumn[]): ProvenReading => {
  const [column] = columns;
  const reading = column?.readings.findLast((candidate) => candidate.time === time);
  if (column !== undefined && columns.length === 1 && reading !== undefined) {
    return { type: 'reading', reading, column };
  }
  throw new ProofError('content', 'The column has no reading of the time that the receipt names.');
};

export const placedReadings = (
  columns: readonly Pick<ProvenColumn, 'statement' | 'readings'>[],
): readonly PlacedReading[] =>
  columns.flatMap(({ statement: { source, epoch }, readings }) =>
    readings.map((reading) => ({ ...reading, source, epoch })),
  );

const provenWindow = (receipt: Receipt, columns: readonly ProvenColumn[]): ProvenWindow => {
  const place = { start: receipt.time, periodMs: receipt.periodMs };
  const sent = columns
    .filter(({ periodMs }) => periodMs === place.periodMs)
    .flatMap((column) => column.windows.map((window) => ({ window, column })))
    .filter(({ window }) => window.start === place.start)
    .toSorted((a, b) => b.window.revision - a.window.revision)[0];
  const raw = columns.filter(({ readings }) => readings.length > 0);
  const last = raw.at(-1);
  if (last === undefined) {
    if (sent === undefined) throw new ProofError('content', 'The proof has no such window.');
    const { window, column } = sent;
    return { type: 'window', by: 'gateway', asSent: true, aggregate: window.aggregate, column };
  }
  const aggregate = aggregateOf(last.point, place, placedReadings(raw));
  if (sent !== undefined && !sameAggregate(aggregate, sent.window.aggregate)) {
    throw new ProofError('window', 'The readings do not make the window that the gateway signed.');
  }
  return { type: 'window', by: 'readings', asSent: sent !== undefined, aggregate, column: last };
};
