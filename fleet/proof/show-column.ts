import { openColumns, parseBatch, type ParsedBatch } from '#wire/batch.js';
import { batchLeaves, unpackColumns, type OpenColumns, type SaltedColumn } from '#wire/body.js';
import { decodeDirectory, directoryLeaves, type NamedDirectory } from '#wire/directory-codec.js';
import { leafSalt, padSecret, treePath } from '#wire/hash-tree.js';
import type { Reading } from '#wire/readings.js';
import type { Window } from '#wire/windows.js';
import type { LogEntry } from '../store/log-store.js';
import { ProofError } from './errors.js';
import type { ShownColumn, ShownLeaf } from './proof-file.js';

/** A batch of the log, taken apart. */
export interface OpenedBatch {
  readonly parsed: ParsedBatch;
  readonly open: OpenColumns;
  readonly receivedAt: number;
}

/** A column of one, with what it holds. */
export interface FoundColumn {
  readonly batch: OpenedBatch;
  readonly index: number;
  readonly column: SaltedColumn;
  readonly readings: readonly Reading[];
  readonly windows: readonly Window[];
}

export const openBatch = ({ message, receivedAt }: LogEntry): OpenedBatch => {
  const parsed = parseBatch(message);
  return { parsed, open: openColumns(parsed), receivedAt };
};

/** The column of (point, period) of a batch, where it is still there. */
export const findColumn = (batch: OpenedBatch, point: number, periodMs: number): FoundColumn | undefined => {
  for (const [index, entry] of batch.open.entries.entries()) {
    if (entry instanceof Uint8Array || entry.point !== point || entry.periodMs !== periodMs) continue;
    const { content, count } = batch.parsed.header;
    const unpacked = unpackColumns(content, [entry], count);
    return {
      batch,
      index,
      column: entry,
      readings: unpacked.content === 'readings' ? unpacked.columns.flatMap(({ readings }) => readings) : [],
      windows: unpacked.content === 'windows' ? unpacked.columns.flatMap(({ windows }) => windows) : [],
    };
  }
  return undefined;
};

const entryAt = ({ entries, seed }: NamedDirectory, index: number): ShownLeaf => {
  const bytes = entries[index];
  if (bytes === undefined) throw new ProofError('not-found', 'The directory does not list the point.');
  const path = treePath(directoryLeaves(entries, seed), padSecret(seed), index);
  return { bytes, salt: leafSalt(seed, index), path: Buffer.concat(path) };
};

/** A column with all that it leads to, and nothing of its neighbours. */
export const showColumn = ({ batch, index, column }: FoundColumn, directory: Uint8Array): ShownColumn => {
  const { parsed, open } = batch;
  const named = decodeDirectory(directory);
  const { devices, points } = named.directory;
  const point = points.findIndex(({ number }) => number === column.point);
  const device = devices.findIndex(({ key }) => key === points[point]?.device);
  const leaves = batchLeaves(open, parsed.summary);
  return {
    statement: parsed.statement,
    point: column.point,
    periodMs: column.periodMs,
    bytes: column.bytes,
    salt: column.salt,
    // the summary is the first leaf
    path: Buffer.concat(treePath(leaves, open.padSecret, index + 1)),
    // the configuration is the first entry, then come the devices
    describedDevice: entryAt(named, 1 + device),
    describedPoint: entryAt(named, 1 + devices.length + point),
  };
};
