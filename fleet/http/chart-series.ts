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

/**
 * Resolutions that give a period no more values than the width, finest first; the coarsest is always among them. Raw
 * readings are where one a second would fit.
 */
export const fitting = (spanMs: number, width: number): readonly (Resolution | 'raw')[] => {
  const cells = RESOLUTIONS.filter((resolution) => spanMs / FINEST[resolution] <= width);
  const chosen = cells.length === 0 ? (['1d'] as const) : cells;
  return spanMs / SECOND <= width ? ['raw', ...chosen] : chosen;
};

/** The finest that fits and that gives anything: a scope may hide what is finer, and retention may have taken it. */
export const readChart = async (
  views: Pick<ViewsReader, 'readings' | 'rollups'>,
  scope: Scope,
  now: number,
  query: ChartQuery,
): Promise<Chart> => {
  const resolutions = fitting(query.to - query.from, query.width);
  let chart: Chart | undefined;
  for (const resolution of resolutions) {
    chart =
      resolution === 'raw'
        ? await rawChart(views, scope, now, query)
        : await cellChart(views, scope, now, query, resolution);
    if (chart.times.length > 0) return chart;
  }
  return chart ?? { resolution: '1d', times: [], values: [], mins: [], maxs: [] };
};

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
