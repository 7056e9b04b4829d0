import { insertWindow, type WindowMakerDeps } from './insert-window.js';
import { alignDown, mergeWindows, type MadeWindow } from './make-windows.js';
import { basePeriod } from './points.js';
import { BEGINNING, type PointWindow, type Starts } from './window-scan.js';
import type { Series, StoredWindow } from './windows-table.js';

/** How long windows are kept beyond the last longer one that they are part of, ms. */
const LATE_MS = 5 * 60_000;

/** Start of the oldest windows that are kept for the sake of a series made up to `until`. */
export const keptFrom = ({ period }: Series, until: number): number => until - period - LATE_MS;

/** Windows merged from those of a shorter period. */
export interface LongerWindows {
  /** Makes those that closed; makes again those of which a shorter one in `revised` was. */
  step(series: Series, revised: Starts): void;
}

/** Windows of one point after the other. */
function* groupByPoint(
  windows: Iterable<StoredWindow>,
): Generator<readonly [point: number, windows: readonly MadeWindow[]]> {
  let point: number | undefined;
  let group: MadeWindow[] = [];
  for (const window of windows) {
    if (window.point !== point) {
      if (point !== undefined) yield [point, group];
      point = window.point;
      group = [];
    }
    group.push(window);
  }
  if (point !== undefined) yield [point, group];
}

export const createLongerWindows = (deps: WindowMakerDeps): LongerWindows => {
  const { windows, points, state } = deps;

  const merge = (series: Series, from: number, end: number): readonly PointWindow[] => {
    const made: PointWindow[] = [];
    for (const [number, group] of groupByPoint(windows.newestBetween(series.base, from, end))) {
      const point = points.active().get(number);
      if (point === undefined || basePeriod(point) !== series.base) continue;
      if (!point.windows.includes(series.period)) continue;
      for (const window of mergeWindows(point, series.period, group)) made.push({ point: number, window });
    }
    return made;
  };

  /** Periods are merged again as far back as their parts are kept. */
  const revise = (series: Series, until: number, revised: Starts): void => {
    const { period } = series;
    const concerned = new Map<number, Set<number>>();
    for (const [point, parts] of revised) {
      for (const start of new Set([...parts].map((part) => alignDown(part, period)))) {
        if (start < keptFrom(series, until) || start + period > until) continue;
        concerned.set(start, (concerned.get(start) ?? new Set()).add(point));
      }
    }
    for (const [start, numbers] of concerned) {
      for (const window of merge(series, start, start + period))
        if (numbers.has(window.point)) insertWindow(deps, period, window, true);
    }
  };

  /** The first row that may be of `end` or later, as the marks of the base tell it. */
  const scanFrom = ({ base }: Series, end: number): number =>
    windows.marks({ base, period: base }).findLast(({ until }) => until <= end)?.scanFrom ?? 0;

  return {
    step: (series, revised) => {
      const until = windows.marks(series).at(-1)?.until ?? BEGINNING;
      const base = windows.marks({ base: series.base, period: series.base }).at(-1)?.until ?? BEGINNING;
      if (until !== BEGINNING) revise(series, until, revised);
      const end = alignDown(base, series.period);
      if (end <= until) return;
      for (const window of merge(series, until, end)) insertWindow(deps, series.period, window, false);
      const seen = state.row.lastOrdinal;
      windows.saveMark(series, { until: end, scanFrom: scanFrom(series, end), seen });
      windows.dropMarksBefore(series, end);
    },
  };
};
