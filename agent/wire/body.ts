import { decodeCbor, encodeCbor, type CborValue } from './cbor.js';
import { decodeLosses, encodeLosses } from './columns/loss-column.js';
import { decodeReadings, encodeReadings } from './columns/reading-column.js';
import { decodeWindows, encodeWindows } from './columns/window-column.js';
import { WireError } from './errors.js';
import {
  columnLeaf,
  HASH_BYTES,
  leafSalt,
  padSecret,
  SALT_BYTES,
  SEED_BYTES,
  summaryLeaf,
  treeRoot,
} from './hash-tree.js';
import { MAX_COLUMNS, MAX_UNPACKED } from './limits.js';
import type { Budget } from './packed/byte-reader.js';
import type { ReadingColumn } from './readings.js';
import type { Loss, WindowColumn } from './windows.js';

export type BatchContent =
  | { readonly content: 'readings'; readonly columns: readonly ReadingColumn[] }
  | { readonly content: 'windows'; readonly columns: readonly WindowColumn[] }
  | { readonly content: 'losses'; readonly losses: readonly Loss[] };

/** One column as the body carries it. Raw readings have period 0, loss records point 0 and period 0. */
export interface PackedColumn {
  readonly point: number;
  readonly periodMs: number;
  readonly bytes: Uint8Array;
}

/** A column with the salt of its leaf. */
export interface SaltedColumn extends PackedColumn {
  readonly salt: Uint8Array;
}

/** A body taken apart. */
export interface OpenColumns {
  /** In their order: the column, or only the leaf of one that was erased. */
  readonly entries: readonly (SaltedColumn | Uint8Array)[];
  /** Salt of the leaf of the summary. */
  readonly summarySalt: Uint8Array;
  /** What the tree's pads are made of. */
  readonly padSecret: Uint8Array;
}

/** Keys of the body's map. */
const SEED = 1;
const COLUMNS = 2;
const REST = 3;

const byPlace = (a: PackedColumn, b: PackedColumn): number => a.point - b.point || a.periodMs - b.periodMs;

const requireUnique = (columns: readonly PackedColumn[], code: 'malformed' | 'unencodable'): void => {
  let previous: PackedColumn | undefined;
  for (const column of columns) {
    if (previous !== undefined && byPlace(previous, column) >= 0) {
      throw new WireError(code, `columns do not ascend by point and period at point ${column.point}`);
    }
    previous = column;
  }
};

const named = (point: number, encode: () => Uint8Array): Uint8Array => {
  try {
    return encode();
  } catch (error) {
    if (error instanceof WireError)
      throw new WireError(error.code, `point ${point}: ${error.message}`, error);
    throw error;
  }
};

/** Packs each column, ascending by (point, period). Throws `WireError` 'unencodable' naming the point. */
export const packColumns = (draft: BatchContent): readonly PackedColumn[] => {
  if (draft.content === 'losses') return [{ point: 0, periodMs: 0, bytes: encodeLosses(draft.losses) }];
  const columns =
    draft.content === 'readings'
      ? draft.columns.map(({ point, readings }) => ({
          point,
          periodMs: 0,
          bytes: named(point, () => encodeReadings(readings)),
        }))
      : draft.columns.map(({ point, periodMs, windows }) => ({
          point,
          periodMs,
          bytes: named(point, () => encodeWindows(windows)),
        }));
  columns.sort(byPlace);
  requireUnique(columns, 'unencodable');
  return columns;
};

const requireSeed = (seed: Uint8Array): Uint8Array => {
  if (seed.length !== SEED_BYTES) throw new WireError('unencodable', `a seed has ${SEED_BYTES} bytes`);
  return seed;
};

/** Encodes a whole body. `seed` has 16 random bytes. */
export const encodeBody = (columns: readonly PackedColumn[], seed: Uint8Array): Uint8Array =>
  encodeCbor(
    new Map<number, unknown>([
      [SEED, requireSeed(seed)],
      [COLUMNS, columns.map(({ point, periodMs, bytes }) => [point, periodMs, bytes])],
    ]),
  );

/** Encodes what is left after an erasure: no seed, from which the salts of what is gone could be made. */
export const encodeReducedBody = ({ entries, summarySalt, padSecret: secret }: OpenColumns): Uint8Array =>
  encodeCbor(
    new Map<number, unknown>([
      [
        COLUMNS,
        entries.map((entry) =>
          entry instanceof Uint8Array ? entry : [entry.point, entry.periodMs, entry.bytes, entry.salt],
        ),
      ],
      [REST, [summarySalt, secret]],
    ]),
  );

/** Columns with the salts that a seed gives them: the summary's leaf is the first, the columns follow. */
export const saltColumns = (columns: readonly PackedColumn[], seed: Uint8Array): OpenColumns => ({
  entries: columns.map((column, index) => ({ ...column, salt: leafSalt(seed, index + 1) })),
  summarySalt: leafSalt(requireSeed(seed), 0),
  padSecret: padSecret(seed),
});

/** Leaves of a batch's hash tree in their order: the summary, then the columns. */
export const batchLeaves = (body: OpenColumns, summary: Uint8Array): readonly Uint8Array[] => [
  summaryLeaf(body.summarySalt, summary),
  ...body.entries.map((entry) => (entry instanceof Uint8Array ? entry : columnLeaf(entry.salt, entry))),
];

/** Root of a batch's hash tree. */
export const batchRoot = (body: OpenColumns, summary: Uint8Array): Uint8Array =>
  treeRoot(batchLeaves(body, summary), body.padSecret);

const isUint32 = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32;

const requireSecret = (value: unknown, what: string): Uint8Array => {
  if (value instanceof Uint8Array && value.length === SALT_BYTES) return value;
  throw new WireError('malformed', `body: ${what} has not ${SALT_BYTES} bytes`);
};

const openColumn = (entry: CborValue, index: number, salted: boolean): SaltedColumn => {
  const [point, periodMs, bytes, salt]: readonly unknown[] = Array.isArray(entry) ? entry : [];
  if (!isUint32(point) || !isUint32(periodMs) || !(bytes instanceof Uint8Array)) {
    throw new WireError('malformed', `body: column ${index} is not [point, period, bytes]`);
  }
  const own = salted ? requireSecret(salt, `the salt of column ${index}`) : NO_SALT;
  return { point, periodMs, bytes, salt: own };
};

const NO_SALT = new Uint8Array(0);

/**
 * Takes a body apart. Where it has no seed, each column brings its own salt, and an erased one is only the hash
 * of its leaf. Throws `WireError`.
 */
export const decodeBody = (bytes: Uint8Array): OpenColumns => {
  const body = decodeCbor(bytes);
  const fields = new Map<unknown, CborValue>(body instanceof Map ? body : []);
  const seed = fields.get(SEED);
  const list = fields.get(COLUMNS);
  if (!Array.isArray(list)) throw new WireError('malformed', 'body: columns is not an array');
  if (list.length > MAX_COLUMNS) throw new WireError('too-large', `body has over ${MAX_COLUMNS} columns`);
  const reduced = seed === undefined;
  const entries = list.map((entry: CborValue, index) =>
    reduced && entry instanceof Uint8Array && entry.length === HASH_BYTES
      ? entry
      : openColumn(entry, index, reduced),
  );
  requireUnique(presentColumns(entries), 'malformed');
  if (!reduced) return saltColumns(presentColumns(entries), requireSecret(seed, 'a seed'));
  const rest = fields.get(REST);
  const [summarySalt, secret]: readonly unknown[] = Array.isArray(rest) ? rest : [];
  return {
    entries,
    summarySalt: requireSecret(summarySalt, "the summary's salt"),
    padSecret: requireSecret(secret, "the pads' secret"),
  };
};

/** The columns that are here. */
export const presentColumns = (entries: OpenColumns['entries']): readonly SaltedColumn[] =>
  entries.flatMap((entry) => (entry instanceof Uint8Array ? [] : [entry]));

/** Unpacks columns that may hold `most` items together. Throws `WireError`. */
export const unpackColumns = (
  content: BatchContent['content'],
  columns: readonly PackedColumn[],
  most: number,
): BatchContent => {
  const budget: Budget = { left: MAX_UNPACKED };
  let left = most;
  const spend = <Item>(items: readonly Item[]): readonly Item[] => {
    left -= items.length;
    return items;
  };
  if (content === 'readings') {
    return {
      content,
      columns: columns.map(({ point, bytes }) => ({
        point,
        readings: spend(decodeReadings(bytes, left, budget)),
      })),
    };
  }
  if (content === 'windows') {
    return {
      content,
      columns: columns.map(({ point, periodMs, bytes }) => ({
        point,
        periodMs,
        windows: spend(decodeWindows(bytes, left, budget)),
      })),
    };
  }
  return { content, losses: columns.flatMap(({ bytes }) => spend(decodeLosses(bytes, left))) };
};
