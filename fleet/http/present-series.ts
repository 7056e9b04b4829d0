import { representative } from '#wire/aggregate/representative.js';
import type { LatestRow, PointRow, ReadingRow, RollupRow } from '../store/views-store.js';
import type { Chart } from './chart-series.js';
import { isoTime } from './time.js';
import { presentValue } from './value.js';

/** The newest reading of a point as `/latest` gives it. */
export const presentLatest = ({ goodTime: _goodTime, ...row }: LatestRow) => ({
  ...row,
  time: isoTime(row.time),
  value: presentValue(row.value),
});

/** A reading as `/readings` gives it. */
export const presentReading = (row: ReadingRow) => ({
  time: isoTime(row.time),
  value: presentValue(row.value),
  flag: row.flag,
  reason: row.reason,
  clock: row.clock,
  uncertaintyMs: row.uncertaintyMs,
  deviceTime: row.deviceTime === undefined ? null : isoTime(row.deviceTime),
  deviceClock: row.deviceClock ?? null,
  source: row.source,
  epoch: row.epoch,
  ordinal: row.ordinal,
});

/** A rollup cell as `/readings` gives it: `value` is the one number that its kind is read as. */
export const presentRollup = ({ start, end, origin, revision, aggregate }: RollupRow) => ({
  start: isoTime(start),
  end: isoTime(end),
  value: presentValue(representative(aggregate)),
  min: aggregate.min,
  max: aggregate.max,
  count: aggregate.count,
  expected: aggregate.expected,
  origin,
  revision,
});

/** A series as `/charts` gives it. */
export const presentChart = ({ id, unit }: PointRow, { resolution, times, values, mins, maxs }: Chart) => ({
  point: id,
  unit,
  resolution,
  start: times.map(isoTime),
  value: values.map(presentValue),
  min: mins,
  max: maxs,
});
