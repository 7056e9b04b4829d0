import { createHash, verify } from 'node:crypto';
import { unpackColumns } from '#wire/body.js';
import { parseCose } from '#wire/cose.js';
import { decodeDeviceEntry, decodePointEntry } from '#wire/directory-codec.js';
import type { DirectoryDevice, DirectoryPoint } from '#wire/directory.js';
import { WireError } from '#wire/errors.js';
import { columnLeaf, entryLeaf, HASH_BYTES, rootOfPath } from '#wire/hash-tree.js';
import { decodeStatement } from '#wire/header-codec.js';
import type { BatchStatement } from '#wire/header.js';
import { MAX_COUNT } from '#wire/limits.js';
import type { Reading } from '#wire/readings.js';
import type { Window } from '#wire/windows.js';
import { chainOf, requireValid, type Certificates, type Chain } from './chain.js';
import { ProofError, type ProofErrorCode } from './errors.js';
import type { ShownColumn, ShownLeaf } from './proof-file.js';

/** A column that holds, and what it leads to. */
export interface ProvenColumn {
  readonly statement: BatchStatement;
  readonly chain: Chain;
  readonly receivedAt: number;
  readonly point: DirectoryPoint;
  readonly device: DirectoryDevice;
  /** 0: readings; else the period of the windows, ms. */
  readonly periodMs: number;
  /** Those of a column of readings. */
  readonly readings: readonly Reading[];
  /** Those of a column of windows. */
  readonly windows: readonly Window[];
}

/** Runs `act`, whose `WireError` means `code`. */
export const explained = <Result>(code: ProofErrorCode, what: string, act: () => Result): Result => {
  try {
    return act();
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new ProofError(code, `${what}: ${cause.message}.`, { cause });
  }
};

/** Checks a COSE_Sign1 (ES256) under a chain's key. Throws `ProofError` `signature`. */
export const requireSigned = (
  what: string,
  { signed, signature }: ReturnType<typeof parseCose>,
  { leaf }: Chain,
): void => {
  const { publicKey } = leaf;
  const isP256 = publicKey.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (isP256 && verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)) return;
  throw new ProofError('signature', `${what} is not signed by the key of ${leaf.subject}.`);
};

const pathOf = ({ path }: ShownLeaf): Uint8Array[] =>
  Array.from({ length: path.length / HASH_BYTES }, (_, index) =>
    path.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  );

const leadsTo = (leaf: Uint8Array, shown: ShownLeaf, root: Uint8Array): boolean =>
  Buffer.compare(rootOfPath(leaf, pathOf(shown)), root) === 0;

const describedBy = <Entry>(
  { directory }: BatchStatement,
  shown: ShownLeaf,
  what: string,
  decode: (bytes: Uint8Array) => Entry,
): Entry => {
  if (!leadsTo(entryLeaf(shown.salt, shown.bytes), shown, directory)) {
    const name = Buffer.from(directory).toString('hex');
    throw new ProofError('directory', `The ${what} is not one of the directory ${name} that is signed.`);
  }
  return explained('directory', `The ${what}`, () => decode(shown.bytes));
};

const contentOf = (
  { content }: BatchStatement,
  column: ShownColumn,
): Pick<ProvenColumn, 'readings' | 'windows'> => {
  const unpacked = explained('content', 'The column', () => unpackColumns(content, [column], MAX_COUNT));
  const isRaw = column.periodMs === 0;
  if (unpacked.content === 'readings' && isRaw) {
    return { readings: unpacked.columns.flatMap(({ readings }) => readings), windows: [] };
  }
  if (unpacked.content === 'windows' && !isRaw) {
    return { readings: [], windows: unpacked.columns.flatMap(({ windows }) => windows) };
  }
  throw new ProofError('content', `A column of ${content} cannot have a period of ${column.periodMs} ms.`);
};

/** The batch was sealed after the last reading whose time is sure, and before it was received. */
const sealedAfter = (readings: readonly Reading[], windows: readonly Window[]): number => {
  let latest = -Infinity;
  for (const { time, clock } of readings) if (clock === 'synced') latest = Math.max(latest, time);
  for (const { start } of windows) latest = Math.max(latest, start);
  return latest;
};

/** Checks a column against its signature, tree, chain and directory. Throws `ProofError`. */
export const verifyColumn = (
  column: ShownColumn,
  receivedAt: number,
  certificates: Certificates,
): ProvenColumn => {
  const { statement, cose } = explained('malformed', 'The signed header', () => {
    const parsed = parseCose(column.statement);
    return { cose: parsed, statement: decodeStatement(parsed.payload) };
  });
  const chain = chainOf(certificates, statement.certificate, 'gateway', statement.source);
  requireSigned(`Batch ${statement.seq}`, cose, chain);
  if (!leadsTo(columnLeaf(column.salt, column), column, statement.root)) {
    throw new ProofError(
      'column',
      `The column is not one of those that batch ${statement.seq} was signed over.`,
    );
  }
  const point = describedBy(statement, column.describedPoint, 'point', decodePointEntry);
  const device = describedBy(statement, column.describedDevice, 'device', decodeDeviceEntry);
  if (point.number !== column.point || point.device !== device.key) {
    throw new ProofError('content', 'The directory entries shown are not those of the column’s point.');
  }
  const { readings, windows } = contentOf(statement, column);
  if (windows.some(({ aggregate }) => aggregate.sums.kind !== point.kind)) {
    throw new ProofError('content', `The windows are not of the kind ${point.kind} that the point has.`);
  }
  requireValid(chain, sealedAfter(readings, windows), receivedAt);
  const { periodMs } = column;
  return { statement, chain, receivedAt, point, device, periodMs, readings, windows };
};

/** SHA-256 of a certificate, hex. */
export const fingerprint = (der: Uint8Array): string => createHash('sha256').update(der).digest('hex');
