import type { AggregateReading } from '#wire/aggregate/aggregate-readings.js';
import { entersAggregate } from '#wire/terms.js';
import type { Boots } from './boots.js';
import { alignDown, makeWindows, type MadeWindow } from './make-windows.js';
import { basePeriod, type Points } from './points.js';
import { flagOf, valueOf } from './reading-row.js';
import type { ReadingsTable } from './readings-table.js';
import type { Mark } from './windows-table.js';

export interface ScanDeps {
  readonly readings: ReadingsTable;
  readonly boots: Boots;
  readonly points: Points;
}

/** A row this far ahead of the newest is taken for a clock's error and enters no window. */
const AHEAD_MS = 3_600_000;

/** Before all times, ms. */
export const BEGINNING = -(2 ** 50);

export interface TimedReading extends AggregateReading {
  readonly ordinal: number;
}

/** One window of one point. */
export interface PointWindow {
  readonly point: number;
  readonly window: MadeWindow;
}

/** Starts of windows, by point. */
export type Starts = Map<number, Set<number>>;

/** One scan: rows from the mark's to ordinal `to`, for windows from the mark's time to `end`. */
export interface Scan {
  readonly period: number;
  readonly mark: Mark;
  readonly to: number;
  readonly end: number;
  /** Last entered reading of each point before the mark's time. */
  readonly carried: ReadonlyMap<number, AggregateReading>;
}

export interface ScanResult {
  readonly made: PointWindow[];
  /** Carries that changed. */
  readonly carries: Map<number, AggregateReading>;
  /** Rows that came after their windows were made, by point, ascending by time. */
  readonly late: Map<number, readonly TimedReading[]>;
  /** Ordinals of rows that lie so far ahead that they enter none. */
  readonly ahead: number[];
  /** First row of a time at or after the end. */
  scanFrom: number;
}

const enters = ({ flag, value }: AggregateReading): boolean => entersAggregate(flag) && value !== null;

const byTime = (a: TimedReading, b: TimedReading): number => a.time - b.time;

/**
 * Rows of a range of ordinals, point by point, whose time is known to a window of `period`: of boots that synced, and of
 * those that never did as far as their bounds are no wider than the period. `ahead` takes the ordinals of those that lie too
 * far ahead.
 */
export function* rowsByPoint(
  { readings, boots }: ScanDeps,
  from: number,
  to: number,
  period: number,
  ahead: number[] = [],
): Generator<readonly [point: number, readings: readonly TimedReading[]]> {
  const latest = (boots.now() ?? 0) + AHEAD_MS;
  let point: number | undefined;
  let group: TimedReading[] = [];
  for (const row of readings.byPoint(from, to)) {
    if (row.point !== point) {
      if (point !== undefined) yield [point, group];
      point = row.point;
      group = [];
    }
    const known = boots.timeOf(row);
    if (known === undefined) continue;
    if (known.time > latest) {
      ahead.push(row.ordinal);
      continue;
    }
    if (known.clock === 'unsynced' && known.uncertaintyMs > period) continue;
    group.push({ ordinal: row.ordinal, time: known.time, value: valueOf(row), flag: flagOf(row) });
  }
  if (point !== undefined) yield [point, group];
}

/** What the rows of one point are to a scan: due in it, or late for a window that was made already. */
const sortOut = (
  scan: Scan,
  rows: readonly TimedReading[],
  result: ScanResult,
): { readonly due: readonly TimedReading[]; readonly late: readonly TimedReading[] } => {
  const due: TimedReading[] = [];
  const late: TimedReading[] = [];
  for (const row of rows) {
    if (row.time >= scan.end) result.scanFrom = Math.min(result.scanFrom, row.ordinal);
    else if (row.time >= scan.mark.until) due.push(row);
    else if (row.ordinal > scan.mark.seen) late.push(row);
  }
  return { due: due.toSorted(byTime), late: late.toSorted(byTime) };
};

const scanPoint = (
  deps: ScanDeps,
  scan: Scan,
  number: number,
  rows: readonly TimedReading[],
  result: ScanResult,
): void => {
  const point = deps.points.active().get(number);
  const { due, late } = sortOut(scan, rows, result);
  if (point === undefined || basePeriod(point) !== scan.period) return;
  const carried = scan.carried.get(number);
  const lastLate = late.findLast(enters);
  const before = lastLate !== undefined && lastLate.time >= (carried?.time ?? BEGINNING) ? lastLate : carried;
  const { period, end } = scan;
  const { windows, last } = makeWindows({
    point,
    period,
    from: scan.mark.until,
    end,
    readings: due,
    before,
  });
  for (const window of windows) result.made.push({ point: number, window });
  if (last !== undefined && last !== carried) result.carries.set(number, last);
  if (late.length > 0) result.late.set(number, late);
};

/** Reads each row of the scan once and makes the windows of one base period. Writes nothing. */
export const scanWindows = (deps: ScanDeps, scan: Scan): ScanResult => {
  const result: ScanResult = {
    made: [],
    carries: new Map(),
    late: new Map(),
    ahead: [],
    scanFrom: scan.to + 1,
  };
  const visited = new Set<number>();
  for (const [number, rows] of rowsByPoint(deps, scan.mark.scanFrom, scan.to, scan.period, result.ahead)) {
    visited.add(number);
    scanPoint(deps, scan, number, rows, result);
  }
  for (const number of scan.carried.keys())
    if (!visited.has(number)) scanPoint(deps, scan, number, [], result);
  return result;
};

/** The windows of `starts`, and after each those up to the next that has a reading of its own. */
const affected = (windows: readonly MadeWindow[], starts: ReadonlySet<number>): readonly MadeWindow[] => {
  let carrying = false;
  return windows.filter(({ start, aggregate }) => {
    if (starts.has(start)) {
      carrying = true;
      return true;
    }
    const concerned = carrying;
    if (aggregate.count > 0) carrying = false;
    return concerned;
  });
};

/**
 * Makes windows again to which late rows belong, and those into which their values are carried, as far as all
 * rows of the window, and one before it, are still here: from the oldest mark on. Writes nothing.
 */
export const reviseWindows = (
  deps: ScanDeps,
  oldest: Mark,
  scan: Scan,
  late: ScanResult['late'],
): readonly PointWindow[] => {
  if (late.size === 0) return [];
  const revised: PointWindow[] = [];
  for (const [number, rows] of rowsByPoint(deps, oldest.scanFrom, scan.to, scan.period)) {
    const point = deps.points.active().get(number);
    const starts = new Set(late.get(number)?.map(({ time }) => alignDown(time, scan.period)));
    if (point === undefined || starts.size === 0) continue;
    const due = rows.filter(({ time }) => time >= oldest.until && time < scan.mark.until).toSorted(byTime);
    const carried = scan.carried.get(number);
    const before = carried !== undefined && carried.time < oldest.until ? carried : undefined;
    const task = { point, period: scan.period, from: oldest.until, end: scan.mark.until };
    const known = before?.time ?? due.find(enters)?.time ?? Infinity;
    for (const window of affected(makeWindows({ ...task, readings: due, before }).windows, starts)) {
      if (oldest.until === BEGINNING || known < window.start) revised.push({ point: number, window });
    }
  }
  return revised;
};
