import { WireError } from '../errors.js';
import { MAX_PACKED } from '../limits.js';
import { ByteReader, type Budget } from '../packed/byte-reader.js';
import { ByteWriter } from '../packed/byte-writer.js';
import { readIntegers, writeIntegers } from '../packed/integers.js';
import { findRuns, readRuns, writeRuns } from '../packed/runs.js';
import { readValues, writeValues } from '../packed/values.js';
import type { Reading } from '../readings.js';
import {
  CLOCK_STATES,
  DEVICE_CLOCKS,
  FLAGS,
  REASONS,
  type ClockState,
  type DeviceClock,
  type Flag,
  type Reason,
} from '../terms.js';
import { countOf, indexIn, integersOf, itemAt, requireAscending } from './fields.js';

type Quality = Pick<Reading, 'flag' | 'reason'>;
type ClockMark = Pick<Reading, 'clock' | 'uncertaintyMs'>;
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const writeQuality = (writer: ByteWriter, readings: readonly Reading[]): void => {
  const runs = findRuns<Quality>(
    readings.length,
    (index) => {
      const reading = readings[index];
      return reading?.flag === 1 && reading.reason === 'none' ? undefined : reading;
    },
    (a, b) => a.flag === b.flag && a.reason === b.reason,
  );
  writeRuns(writer, runs, (mark) => {
    indexIn(FLAGS, mark.flag, 'flag');
    writer.byte(mark.flag);
    writer.byte(indexIn(REASONS, mark.reason, 'reason'));
  });
};

const writeClock = (writer: ByteWriter, readings: readonly Reading[]): void => {
  const runs = findRuns<ClockMark>(
    readings.length,
    (index) => {
      const reading = readings[index];
      return reading?.clock === 'synced' && reading.uncertaintyMs === 0 ? undefined : reading;
    },
    (a, b) => a.clock === b.clock && a.uncertaintyMs === b.uncertaintyMs,
  );
  writeRuns(writer, runs, ({ clock, uncertaintyMs }) => {
    if (!Number.isInteger(uncertaintyMs) || uncertaintyMs < 0 || uncertaintyMs > MAX_PACKED) {
      throw new WireError('unencodable', `uncertaintyMs ${uncertaintyMs} is not a whole number of ms`);
    }
    writer.byte(indexIn(CLOCK_STATES, clock, 'clock'));
    writer.varint(uncertaintyMs);
  });
};

const writeDeviceTimes = (writer: ByteWriter, readings: readonly Reading[]): void => {
  const runs = findRuns<DeviceClock>(
    readings.length,
    (index) => {
      const { deviceTime, deviceClock = 'unstated' } = readings[index] ?? {};
      return deviceTime === undefined ? undefined : deviceClock;
    },
    (a, b) => a === b,
  );
  writeRuns(writer, runs, (clock) => writer.byte(indexIn(DEVICE_CLOCKS, clock, "device's clock")));
  const distances: number[] = [];
  for (const { time, deviceTime } of readings)
    if (deviceTime !== undefined) distances.push(deviceTime - time);
  writeIntegers(writer, integersOf(distances, 'distance of deviceTime from time'));
};

/**
 * Packs the readings of one point: count, ordinals, times, values, quality, clock marks, device times.
 * Throws `WireError` 'unencodable' where times or ordinals are not integers or ordinals do not ascend.
 */
export const encodeReadings = (readings: readonly Reading[]): Uint8Array => {
  const ordinals = integersOf(
    readings.map((reading) => reading.ordinal),
    'ordinal',
  );
  requireAscending(ordinals, 'unencodable');
  const writer = new ByteWriter();
  writer.varint(readings.length);
  writeIntegers(writer, ordinals);
  writeIntegers(
    writer,
    integersOf(
      readings.map((reading) => reading.time),
      'time',
    ),
  );
  writeValues(
    writer,
    readings.map((reading) => reading.value),
  );
  writeQuality(writer, readings);
  writeClock(writer, readings);
  writeDeviceTimes(writer, readings);
  return writer.finish();
};

const readQuality = (reader: ByteReader, readings: readonly Writable<Reading>[]): void => {
  const runs = readRuns(reader, readings.length, (): { flag: Flag; reason: Reason } => {
    const byte = reader.byte();
    const flag = FLAGS.find((candidate) => candidate === byte);
    if (flag === undefined) throw new WireError('malformed', 'a column has a flag that QARTOD lacks');
    return { flag, reason: itemAt(REASONS, reader.byte(), 'reason') };
  });
  for (const { start, end, mark } of runs) {
    for (const reading of readings.slice(start, end)) {
      reading.flag = mark.flag;
      reading.reason = mark.reason;
    }
  }
};

const readClock = (reader: ByteReader, readings: readonly Writable<Reading>[]): void => {
  const runs = readRuns(reader, readings.length, (): { clock: ClockState; uncertaintyMs: number } => ({
    clock: itemAt(CLOCK_STATES, reader.byte(), 'clock state'),
    uncertaintyMs: reader.varint(),
  }));
  for (const { start, end, mark } of runs) {
    for (const reading of readings.slice(start, end)) {
      reading.clock = mark.clock;
      reading.uncertaintyMs = mark.uncertaintyMs;
    }
  }
};

const readDeviceTimes = (reader: ByteReader, readings: readonly Writable<Reading>[]): void => {
  const runs = readRuns(reader, readings.length, () =>
    itemAt(DEVICE_CLOCKS, reader.byte(), "device's clock"),
  );
  let count = 0;
  for (const run of runs) count += run.end - run.start;
  const distances = readIntegers(reader, count);
  let done = 0;
  for (const { start, end, mark } of runs) {
    for (const reading of readings.slice(start, end)) {
      if (mark !== 'unstated') reading.deviceClock = mark;
      reading.deviceTime = reading.time + (distances[done] ?? 0);
      done += 1;
    }
  }
};

/** Unpacks at most `most` readings. Throws `WireError`. */
export const decodeReadings = (bytes: Uint8Array, most: number, budget: Budget): readonly Reading[] => {
  const reader = new ByteReader(bytes, budget);
  const count = countOf(reader, most);
  const ordinals = readIntegers(reader, count);
  requireAscending(ordinals, 'malformed');
  const times = readIntegers(reader, count);
  const values = readValues(reader, count);
  const readings: Writable<Reading>[] = [];
  for (let index = 0; index < count; index += 1) {
    readings.push({
      ordinal: ordinals[index] ?? 0,
      time: times[index] ?? 0,
      value: values[index] ?? null,
      flag: 1,
      reason: 'none',
      clock: 'synced',
      uncertaintyMs: 0,
    });
  }
  readQuality(reader, readings);
  readClock(reader, readings);
  readDeviceTimes(reader, readings);
  reader.end();
  return readings;
};
