import { Type } from 'typebox';
import { representative } from '#wire/aggregate/representative.js';
import type { Value } from '#wire/terms.js';
import { FINEST } from '../sharing/conditions.js';
import type { Scope } from '../sharing/scope.js';
import { RESOLUTIONS, type Resolution, type ViewsReader } from '../store/views-store.js';

/** A series as a chart shows it, column by column. */
export interface Chart {
  readonly resolution: Resolution | 'raw';
  readonly times: readonly number[];
  readonly values: readonly (Value | null)[];
  /** Of raw readings: none. */
  readonly mins: readonly (number | null)[];
  readonly maxs: readonly (number | null)[];
}

export interface ChartQuery {
  readonly pointId: string;
  readonly from: number;
  readonly to: number;
  /** Values at most. */
  readonly width: number;
}

const SECOND = 1000;

/** How many values a chart can show. */
export const WIDTH = Type.Integer({ minimum: 1, maximum: 4000 });

/**
 * Resolutions that give a period no more values than the width, finest first; the coarsest is always among them. Raw
 * readings are where one a second would fit.
 */
export const fitting = (
  spanMs: number,
  width: number,
): readonly [Resolution | 'raw', ...(Resolution | 'raw')[]] => {
  const cells = RESOLUTIONS.filter((resolution) => spanMs / FINEST[resolution] <= width);
  const chosen = isSome(cells) ? cells : (['1d'] as const);
  return spanMs / SECOND <= width ? ['raw', ...chosen] : chosen;
};

/** The finest that fits and that gives anything: a scope may hide what is finer, and retention may have taken it. */
export const readChart = async (
  views: Pick<ViewsReader, 'readings' | 'rollups'>,
  scope: Scope,
  now: number,
  query: ChartQuery,
): Promise<Chart> => {
  return firstOf(fitting(query.to - query.from, query.width), async (resolution) =>
    resolution === 'raw'
      ? rawChart(views, scope, now, query)
      : cellChart(views, scope, now, query, resolution),
  );
};

/** That same one, of which nothing more is read. */
export const chooseResolution = async (
  views: Pick<ViewsReader, 'readings' | 'rollups'>,
  scope: Scope,
  now: number,
  { width, ...period }: ChartQuery,
): Promise<Resolution | 'raw'> => {
  const { resolution } = await firstOf(fitting(period.to - period.from, width), async (resolution) => {
    const rows =
      resolution === 'raw'
        ? await views.readings(scope, now, { ...period, limit: 1 })
        : await views.rollups(scope, now, { ...period, resolution, limit: 1 });
    return { resolution, times: rows };
  });
  return resolution;
};

/** The first of these series that has anything; the last where none has. */
const firstOf = async <Series extends { readonly times: readonly unknown[] }>(
  resolutions: ReturnType<typeof fitting>,
  read: (resolution: Resolution | 'raw') => Promise<Series>,
): Promise<Series> => {
  const [finest, ...coarser] = resolutions;
  const series = await read(finest);
  return series.times.length > 0 || !isSome(coarser) ? series : firstOf(coarser, read);
};

const isSome = <Item>(items: readonly Item[]): items is readonly [Item, ...Item[]] => items.length > 0;

const rawChart = async (
  views: Pick<ViewsReader, 'readings'>,
  scope: Scope,
  now: number,
  query: ChartQuery,
): Promise<Chart> => {
  const { pointId, from, to, width } = query;
  const rows = await views.readings(scope, now, { pointId, from, to, limit: width });
  const none = rows.map(() => null);
  return {
    resolution: 'raw',
    times: rows.map(({ time }) => time),
    values: rows.map(({ value }) => value),
    mins: none,
    maxs: none,
  };
};

const cellChart = async (
  views: Pick<ViewsReader, 'rollups'>,
  scope: Scope,
  now: number,
  { pointId, from, to, width }: ChartQuery,
  resolution: Resolution,
): Promise<Chart> => {
  const rows = await views.rollups(scope, now, { pointId, resolution, from, to, limit: width });
  return {
    resolution,
    times: rows.map(({ start }) => start),
    values: rows.map(({ aggregate }) => representative(aggregate)),
    mins: rows.map(({ aggregate }) => aggregate.min),
    maxs: rows.map(({ aggregate }) => aggregate.max),
  };
};
