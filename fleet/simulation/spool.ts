import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Lane } from '#wire/terms.js';
import { SimulationError } from './settings.js';

/** What the spool notes beside the bytes of a batch. */
export interface SpooledBatch {
  readonly lane: Lane;
  readonly readings: number;
  readonly lastOrdinal: number;
  /** Where the gateway goes on after it. */
  readonly nextTick: number;
}

interface Place extends SpooledBatch {
  readonly offset: number;
  readonly length: number;
}

/** One entry of the index: offset, last ordinal, next tick (float64); length, readings, lane (uint32); 4 spare. */
const ENTRY_BYTES = 40;

const entryOf = ({ offset, length, lane, readings, lastOrdinal, nextTick }: Place): Buffer => {
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeDoubleLE(offset, 0);
  entry.writeDoubleLE(lastOrdinal, 8);
  entry.writeDoubleLE(nextTick, 16);
  entry.writeUInt32LE(length, 24);
  entry.writeUInt32LE(readings, 28);
  entry.writeUInt32LE(lane === 'live' ? 0 : 1, 32);
  return entry;
};

const placeOf = (entry: Buffer): Place => ({
  offset: entry.readDoubleLE(0),
  lastOrdinal: entry.readDoubleLE(8),
  nextTick: entry.readDoubleLE(16),
  length: entry.readUInt32LE(24),
  readings: entry.readUInt32LE(28),
  lane: entry.readUInt32LE(32) === 0 ? 'live' : 'backfill',
});

/** A gateway's sealed batches as they are sent, 1 to `last`, for as long as its folder is there. */
export interface Spool {
  readonly last: number;
  append(batch: SpooledBatch, message: Uint8Array): void;
  message(seq: number): Uint8Array;
  note(seq: number): SpooledBatch;
  close(): void;
}

/**
 * Opens the two files of a spool: batches end to end, and an index of entries of one size, so that memory does not
 * grow with what was sent. A batch counts once its index entry is whole: whatever a kill left beyond is cut off.
 */
export const openSpool = (folder: string): Spool => {
  const batches = openSync(join(folder, 'batches'), 'a+', 0o600);
  const index = openSync(join(folder, 'index'), 'a+', 0o600);
  let last = Math.floor(fstatSync(index).size / ENTRY_BYTES);
  const place = (seq: number): Place => {
    const entry = Buffer.alloc(ENTRY_BYTES);
    if (
      seq < 1 ||
      seq > last ||
      readSync(index, entry, 0, ENTRY_BYTES, (seq - 1) * ENTRY_BYTES) !== ENTRY_BYTES
    ) {
      throw new SimulationError('folder', `${folder} has no batch ${seq}.`);
    }
    return placeOf(entry);
  };
  const endOf = (seq: number): number => {
    if (seq === 0) return 0;
    const { offset, length } = place(seq);
    return offset + length;
  };
  const size = fstatSync(batches).size;
  while (last > 0 && endOf(last) > size) last -= 1;
  ftruncateSync(index, last * ENTRY_BYTES);
  ftruncateSync(batches, endOf(last));
  let end = endOf(last);
  return {
    get last() {
      return last;
    },
    append: (batch, message) => {
      writeSync(batches, message);
      writeSync(index, entryOf({ ...batch, offset: end, length: message.length }));
      end += message.length;
      last += 1;
    },
    message: (seq) => {
      const { offset, length } = place(seq);
      const bytes = Buffer.alloc(length);
      readSync(batches, bytes, 0, length, offset);
      return bytes;
    },
    note: place,
    close: () => {
      closeSync(batches);
      closeSync(index);
    },
  };
};
