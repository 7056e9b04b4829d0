import type { Sums } from '../aggregate/aggregate.js';
import { WireError } from '../errors.js';
import type { ByteReader } from '../packed/byte-reader.js';
import type { ByteWriter } from '../packed/byte-writer.js';
import { readValues, writeValues } from '../packed/values.js';
import type { Kind } from '../terms.js';

/** Most different states of one point in one batch. */
const MAX_STATES = 256;

/** The fields of each kind, in the order of the wire. States are a dictionary instead. */
const fieldsOf = (sums: Sums): readonly number[] => {
  switch (sums.kind) {
    case 'gauge':
      return [sums.weighted, sums.heldMs];
    case 'counter':
      return [sums.delta, sums.resets];
    case 'interval':
      return [sums.total];
    case 'angle':
      return [sums.sine, sums.cosine];
    case 'decibel':
      return [sums.energy];
    default:
      return [];
  }
};

const durationsOf = (sums: Sums): Readonly<Record<string, number>> =>
  sums.kind === 'state' ? sums.durations : {};

const writeDurations = (writer: ByteWriter, sums: readonly Sums[]): void => {
  const states = [...new Set(sums.flatMap((sum) => Object.keys(durationsOf(sum))))].toSorted();
  if (states.length > MAX_STATES) {
    throw new WireError('unencodable', `${states.length} states of one point; the limit is ${MAX_STATES}`);
  }
  writer.varint(states.length);
  writeValues(writer, states);
  for (const state of states) {
    writeValues(
      writer,
      sums.map((sum) => {
        const durations = durationsOf(sum);
        return Object.hasOwn(durations, state) ? (durations[state] ?? null) : null;
      }),
    );
  }
};

/** Writes what the kind adds to the common part, field by field. Throws 'unencodable' where kinds differ. */
export const writeSums = (writer: ByteWriter, sums: readonly Sums[]): void => {
  const kind = sums[0]?.kind;
  if (sums.some((sum) => sum.kind !== kind)) {
    throw new WireError('unencodable', 'the windows of one column are of different kinds');
  }
  if (kind === 'state') {
    writeDurations(writer, sums);
    return;
  }
  const rows = sums.map(fieldsOf);
  for (const place of rows[0]?.keys() ?? []) {
    writeValues(
      writer,
      rows.map((row) => row[place] ?? 0),
    );
  }
};

const readNumbers = (reader: ByteReader, count: number): number[] =>
  readValues(reader, count).map((value) => {
    if (typeof value === 'number') return value;
    throw new WireError('malformed', 'a sum of a window is not a number');
  });

const readDurations = (reader: ByteReader, count: number): Sums[] => {
  const size = reader.varint();
  if (size > MAX_STATES) throw new WireError('malformed', `${size} states; the limit is ${MAX_STATES}`);
  const rows = Array.from({ length: count }, (): Record<string, number> => Object.create(null));
  for (const state of readValues(reader, size)) {
    if (typeof state !== 'string') throw new WireError('malformed', 'the name of a state is not text');
    for (const [index, duration] of readValues(reader, count).entries()) {
      if (duration === null) continue;
      const row = rows[index];
      if (typeof duration !== 'number') throw new WireError('malformed', 'a duration is not a number');
      if (row !== undefined) row[state] = duration;
    }
  }
  return rows.map((durations) => ({ kind: 'state', durations }));
};

/** Reads the sums of `count` windows of one kind. Throws `WireError`. */
export const readSums = (reader: ByteReader, kind: Kind, count: number): Sums[] => {
  const field = (): number[] => readNumbers(reader, count);
  switch (kind) {
    case 'gauge': {
      const [weighted, heldMs] = [field(), field()];
      return weighted.map((value, index) => ({ kind, weighted: value, heldMs: heldMs[index] ?? 0 }));
    }
    case 'counter': {
      const [delta, resets] = [field(), field()];
      return delta.map((value, index) => ({ kind, delta: value, resets: resets[index] ?? 0 }));
    }
    case 'interval':
      return field().map((total) => ({ kind, total }));
    case 'state':
      return readDurations(reader, count);
    case 'angle': {
      const [sine, cosine] = [field(), field()];
      return sine.map((value, index) => ({ kind, sine: value, cosine: cosine[index] ?? 0 }));
    }
    case 'decibel':
      return field().map((energy) => ({ kind, energy }));
    default:
      return Array.from({ length: count }, () => ({ kind }));
  }
};
