import type { Reading } from '#wire/readings.js';
import { entersAggregate } from '#wire/terms.js';
import type { PointMeta, PointStep, SeriesReader, SeriesRow } from '../store/views-writer.js';
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
  /** What it makes of series, latest and rollups, in order of point. */
  steps(views: Pick<SeriesReader, 'carryMs'>, rollups: Rollups): Promise<readonly PointStep[]>;
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
    steps: async (views, rollups) => {
      const inOrder = [...points.values()].toSorted((a, b) => a.meta.point - b.meta.point);
      return allOf(inOrder.map((work) => stepOf(views, rollups, work)));
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

/** Nothing goes on in the background where one of them fails: it would remember what was never written. */
const allOf = async <Made>(promises: readonly Promise<Made>[]): Promise<readonly Made[]> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};

const stepOf = async (
  views: Pick<SeriesReader, 'carryMs'>,
  rollups: Rollups,
  work: PointWork,
): Promise<PointStep> => {
  const { meta, rows } = work;
  settleRows(rows);
  const known = await views.carryMs(meta.point);
  // a hold that was made shorter still has cells to take back
  const carryMs = Math.max(known, meta.maxHoldMs);
  const cells = await rollups.project(work, carryMs);
  const latest = rows.at(-1);
  const good = rows.findLast(({ flag, value }) => entersAggregate(flag) && value !== null);
  return {
    point: meta.point,
    rows,
    cells,
    ...(latest === undefined ? {} : { latest }),
    ...(good === undefined ? {} : { goodTime: good.time }),
    ...(carryMs > known ? { carryMs } : {}),
  };
};
