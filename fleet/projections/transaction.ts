import type { Reading } from '#wire/readings.js';
import { entersAggregate } from '#wire/terms.js';
import type { PointMeta, SeriesRow, ViewsWriter } from '../store/views-writer.js';
import { settleRows, type PointWork } from './point-work.js';
import type { ResolvedBatch } from './resolved-batch.js';
import type { Rollups } from './rollups.js';

/** Gathers what the batches of one transaction bring, by point. */
export interface Gathered {
  /**
   * Whether the batch may join: within one transaction a point has one configuration. So it makes no difference
   * to the rows how the log was cut into transactions, and a rebuild gives the same ones.
   */
  admits(batch: ResolvedBatch): boolean;
  add(batch: ResolvedBatch, origin: number): void;
  /** Readings and windows gathered. */
  size(): number;
  /** Writes series, latest and rollups. */
  flush(views: ViewsWriter, rollups: Rollups): void;
}

export const createGathered = (): Gathered => {
  const points = new Map<number, PointWork>();
  let size = 0;
  const workOf = (meta: PointMeta): PointWork => {
    const known = points.get(meta.point);
    if (known !== undefined) return known;
    const work = { meta, rows: [], windows: new Map() };
    points.set(meta.point, work);
    return work;
  };
  const fitsIn = ({ meta }: { readonly meta: PointMeta }): boolean => {
    const known = points.get(meta.point)?.meta;
    return known === undefined || known === meta || sameMeta(known, meta);
  };

  return {
    admits: (batch) => batch.readings.every(fitsIn) && batch.windows.every(fitsIn),
    add: (batch, origin) => {
      for (const { meta, column } of batch.readings) {
        const { rows } = workOf(meta);
        for (const reading of column.readings) rows.push(rowOf(reading, origin));
        size += column.readings.length;
      }
      for (const { meta, column } of batch.windows) {
        const { windows } = workOf(meta);
        const sent = windows.get(column.periodMs) ?? [];
        windows.set(column.periodMs, sent);
        for (const window of column.windows) sent.push({ sender: origin, window });
        size += column.windows.length;
      }
    },
    size: () => size,
    flush: (views, rollups) => {
      for (const [, work] of [...points].toSorted(([a], [b]) => a - b)) writePoint(views, rollups, work);
    },
  };
};

/** Field by field: a spread of a hundred thousand objects is what the projector would spend its time on. */
const rowOf = (reading: Reading, origin: number): SeriesRow => {
  const { ordinal, time, value, flag, reason, clock, uncertaintyMs, deviceTime, deviceClock } = reading;
  if (deviceTime === undefined) return { ordinal, time, value, flag, reason, clock, uncertaintyMs, origin };
  const row = { ordinal, time, value, flag, reason, clock, uncertaintyMs, deviceTime, origin };
  return deviceClock === undefined ? row : { ...row, deviceClock };
};

const sameMeta = (a: PointMeta, b: PointMeta): boolean =>
  a.intervalMs === b.intervalMs &&
  a.maxHoldMs === b.maxHoldMs &&
  a.rollover === b.rollover &&
  a.timeZone === b.timeZone &&
  a.kind === b.kind &&
  a.valueType === b.valueType &&
  a.windows.length === b.windows.length &&
  a.windows.every((period) => b.windows.includes(period));

const writePoint = (views: ViewsWriter, rollups: Rollups, work: PointWork): void => {
  const { meta, rows } = work;
  settleRows(rows);
  const known = views.carryMs(meta.point);
  const carryMs = Math.max(known, meta.maxHoldMs);
  // a hold that was made shorter still has cells to take back
  if (carryMs > known) views.putCarryMs(meta.point, carryMs);
  rollups.project(work, carryMs);
  const newest = rows.at(-1);
  if (newest === undefined) return;
  views.addReadings(meta.point, rows);
  const good = rows.findLast(({ flag, value }) => entersAggregate(flag) && value !== null);
  views.putLatest(meta.point, newest, good?.time);
};
