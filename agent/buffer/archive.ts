import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { decodeBody, encodeBody, packColumns, presentColumns, unpackColumns } from '#wire/body.js';
import type { ReadingColumn } from '#wire/readings.js';
import type { Boots } from './boots.js';
import type { ReadingRow } from './reading-row.js';
import type { ReadingsTable } from './readings-table.js';
import { ReadingColumns, readingOf } from './sealing.js';
import type { Database } from './sqlite-database.js';
import type { State } from './state-row.js';

export interface ArchiveDeps {
  readonly database: Database;
  readonly readings: ReadingsTable;
  readonly boots: Boots;
  readonly state: State;
  readonly random: (bytes: number) => Uint8Array;
}

/** Readings of one stretch that were held back. */
export interface Segment {
  readonly firstOrdinal: number;
  readonly columns: readonly ReadingColumn[];
}

/**
 * Where readings end that were stored but held back: segments of columns, packed as a batch's body is, deflated
 * and unsigned.
 */
export interface Archive {
  /**
   * Takes rows up to `released` out of the table of readings, archiving those that were held back; gives
   * whether more are to go. Fewer than `least` wait for the next time, so that a segment is worth its overhead.
   */
  trim(released: number, least?: number): boolean;
  /** The oldest segment after an ordinal that overlaps [from, to), UTC ms. */
  next(after: number, from: number, to: number): Segment | undefined;
  /** The segment that begins with an ordinal. */
  at(firstOrdinal: number): Segment | undefined;
  /** Leaves these columns of a segment, and no others. */
  replace(segment: Segment, left: readonly ReadingColumn[]): void;
  /** Removes segments that end at or before `ordinal`, oldest first; gives their bytes. */
  evictTo(ordinal: number): number;
  evictOldest(): number;
}

const MIN_ROWS = 1_000;
const MAX_ROWS = 10_000;
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;

interface SegmentRow {
  readonly firstOrdinal: number;
  readonly lastOrdinal: number;
  readonly count: number;
  readonly segment: Uint8Array;
}

const unpack = ({ firstOrdinal, count, segment }: SegmentRow): Segment => {
  const { entries } = decodeBody(inflateRawSync(segment, { maxOutputLength: MAX_SEGMENT_BYTES }));
  const content = unpackColumns('readings', presentColumns(entries), count);
  return { firstOrdinal, columns: content.content === 'readings' ? content.columns : [] };
};

const rangeOf = (values: readonly number[]): readonly [least: number, most: number] => [
  values.reduce((least, value) => Math.min(least, value), Infinity),
  values.reduce((most, value) => Math.max(most, value), -Infinity),
];

const columnsOf = (boots: Boots, rows: readonly ReadingRow[]): readonly ReadingColumn[] => {
  const columns = new ReadingColumns();
  for (const row of rows) {
    const reading = readingOf(boots, row);
    if (reading !== undefined) columns.add(row.point, reading);
  }
  return columns.columns();
};

/** Keeps columns as one segment; gives its bytes. */
const createKeep = (
  database: Database,
  random: ArchiveDeps['random'],
): ((columns: readonly ReadingColumn[]) => number) => {
  const insert = database.prepare(
    'INSERT INTO archive (firstOrdinal, lastOrdinal, count, firstTime, lastTime, segment) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return (columns) => {
    const all = columns.flatMap((column) => column.readings);
    if (all.length === 0) return 0;
    const [first, last] = rangeOf(all.map(({ ordinal }) => ordinal));
    const [firstTime, lastTime] = rangeOf(all.map(({ time }) => time));
    const packed = packColumns({ content: 'readings', columns });
    const segment = deflateRawSync(encodeBody(packed, random(16)));
    insert.run(first, last, all.length, firstTime, lastTime, segment);
    return segment.length;
  };
};

export const createArchive = (deps: ArchiveDeps): Archive => {
  const { database, readings, boots, state, random } = deps;
  const keep = createKeep(database, random);
  const bytesTo = database
    .prepare<[number], number>('SELECT total(length(segment)) FROM archive WHERE lastOrdinal <= ?')
    .pluck();
  const bytesOf = database
    .prepare<[number], number>('SELECT length(segment) FROM archive WHERE firstOrdinal = ?')
    .pluck();
  const deleteTo = database.prepare('DELETE FROM archive WHERE lastOrdinal <= ?');
  const deleteOne = database.prepare('DELETE FROM archive WHERE firstOrdinal = ?');
  const oldest = database
    .prepare<[], number | null>('SELECT lastOrdinal FROM archive ORDER BY firstOrdinal LIMIT 1')
    .pluck();
  const next = database.prepare<[number, number, number], SegmentRow>(
    `SELECT firstOrdinal, lastOrdinal, count, segment FROM archive
     WHERE firstOrdinal > ? AND lastTime >= ? AND firstTime < ? ORDER BY firstOrdinal LIMIT 1`,
  );

  const one = database.prepare<[number], SegmentRow>(
    'SELECT firstOrdinal, lastOrdinal, count, segment FROM archive WHERE firstOrdinal = ?',
  );
  const evictTo = (ordinal: number): number => {
    const bytes = bytesTo.get(ordinal) ?? 0;
    if (bytes > 0) deleteTo.run(ordinal);
    return bytes;
  };

  return {
    trim: (released, least = MIN_ROWS) => {
      const first = readings.nextOrdinal(0);
      if (first === undefined || released - first < least) return false;
      const to = Math.min(released, first + MAX_ROWS - 1);
      const bytes = keep(columnsOf(boots, readings.heldTo(to)));
      readings.deleteTo(to);
      state.write({ historyBytes: state.row.historyBytes + bytes });
      return to < released;
    },
    next: (after, from, to) => {
      const row = next.get(after, from, to);
      return row === undefined ? undefined : unpack(row);
    },
    at: (firstOrdinal) => {
      const row = one.get(firstOrdinal);
      return row === undefined ? undefined : unpack(row);
    },
    replace: ({ firstOrdinal }, left) => {
      const before = bytesOf.get(firstOrdinal) ?? 0;
      deleteOne.run(firstOrdinal);
      state.write({ historyBytes: state.row.historyBytes - before + keep(left) });
    },
    evictTo,
    evictOldest: () => evictTo(oldest.get() ?? 0),
  };
};
