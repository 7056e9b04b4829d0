import type { Aggregate } from '../aggregate/aggregate.js';
import { WireError } from '../errors.js';
import { ByteReader, type Budget } from '../packed/byte-reader.js';
import { ByteWriter } from '../packed/byte-writer.js';
import { readIntegers, writeIntegers } from '../packed/integers.js';
import { readValues, writeValues } from '../packed/values.js';
import { KINDS, type Value } from '../terms.js';
import type { Window } from '../windows.js';
import { countOf, indexIn, integersOf, itemAt, requireAscending } from './fields.js';
import { readSums, writeSums } from './window-sums.js';

const FLAG_PLACES = [0, 1, 2, 3, 4] as const;
type End = Aggregate['first'];

const writeEnds = (writer: ByteWriter, windows: readonly Window[], ends: readonly End[]): void => {
  writeValues(
    writer,
    ends.map((end) => end?.value ?? null),
  );
  const distances: number[] = [];
  for (const [index, end] of ends.entries()) {
    if (end !== null) distances.push(end.time - (windows[index]?.start ?? 0));
  }
  writeIntegers(writer, integersOf(distances, 'distance of first or last from the start'));
};

/**
 * Packs the windows of one (point, period), field by field. All must be of one kind.
 * Throws `WireError` 'unencodable'.
 */
export const encodeWindows = (windows: readonly Window[]): Uint8Array => {
  const aggregates = windows.map((window) => window.aggregate);
  const integers = (field: string, of: (window: Window) => number): Float64Array =>
    integersOf(windows.map(of), field);
  const ordinals = integers('ordinal', (window) => window.ordinal);
  requireAscending(ordinals, 'unencodable');
  const writer = new ByteWriter();
  writer.varint(windows.length);
  writer.byte(indexIn(KINDS, aggregates[0]?.sums.kind ?? 'event', 'kind'));
  writeIntegers(writer, ordinals);
  writeIntegers(
    writer,
    integers('start', (window) => window.start),
  );
  writeIntegers(
    writer,
    integers('revision', (window) => window.revision),
  );
  writeIntegers(
    writer,
    integers('count', (window) => window.aggregate.count),
  );
  writeValues(
    writer,
    aggregates.map((aggregate) => aggregate.expected),
  );
  for (const place of FLAG_PLACES) {
    writeIntegers(
      writer,
      integers('flags', (window) => window.aggregate.flags[place]),
    );
  }
  writeValues(
    writer,
    aggregates.map((aggregate) => aggregate.min),
  );
  writeValues(
    writer,
    aggregates.map((aggregate) => aggregate.max),
  );
  writeEnds(
    writer,
    windows,
    aggregates.map((aggregate) => aggregate.first),
  );
  writeEnds(
    writer,
    windows,
    aggregates.map((aggregate) => aggregate.last),
  );
  writeSums(
    writer,
    aggregates.map((aggregate) => aggregate.sums),
  );
  return writer.finish();
};

const numberOrNull = (value: Value | null | undefined): number | null => {
  if (value === null || typeof value === 'number') return value;
  throw new WireError('malformed', 'min or max of a window is not a number');
};

const countIn = (values: Float64Array, index: number): number => {
  const value = values[index] ?? 0;
  if (value < 0) throw new WireError('malformed', 'a count of a window is negative');
  return value;
};

const readEnds = (reader: ByteReader, starts: Float64Array): End[] => {
  const values = readValues(reader, starts.length);
  const distances = readIntegers(reader, values.filter((value) => value !== null).length);
  let done = 0;
  return values.map((value, index) => {
    if (value === null) return null;
    const time = (starts[index] ?? 0) + (distances[done] ?? 0);
    done += 1;
    return { time, value };
  });
};

/** Unpacks at most `most` windows. Throws `WireError`. */
export const decodeWindows = (bytes: Uint8Array, most: number, budget: Budget): readonly Window[] => {
  const reader = new ByteReader(bytes, budget);
  const count = countOf(reader, most);
  const kind = itemAt(KINDS, reader.byte(), 'kind');
  const ordinals = readIntegers(reader, count);
  requireAscending(ordinals, 'malformed');
  const starts = readIntegers(reader, count);
  const revisions = readIntegers(reader, count);
  const counts = readIntegers(reader, count);
  const expected = readValues(reader, count);
  const flags = FLAG_PLACES.map(() => readIntegers(reader, count));
  const min = readValues(reader, count);
  const max = readValues(reader, count);
  const first = readEnds(reader, starts);
  const last = readEnds(reader, starts);
  const sums = readSums(reader, kind, count);
  reader.end();
  const flagAt = (place: number, index: number): number => countIn(flags[place] ?? counts, index);
  return sums.map((sum, index) => ({
    ordinal: ordinals[index] ?? 0,
    start: starts[index] ?? 0,
    revision: countIn(revisions, index),
    aggregate: {
      count: countIn(counts, index),
      expected: numberOrNull(expected[index]) ?? 0,
      flags: [flagAt(0, index), flagAt(1, index), flagAt(2, index), flagAt(3, index), flagAt(4, index)],
      min: numberOrNull(min[index]),
      max: numberOrNull(max[index]),
      first: first[index] ?? null,
      last: last[index] ?? null,
      sums: sum,
    },
  }));
};
