import { insertWindow, type WindowMakerDeps } from './insert-window.js';
import { createLongerWindows, keptFrom } from './longer-windows.js';
import { alignDown } from './make-windows.js';
import { basePeriod } from './points.js';
import type { BufferPoint } from './buffer.js';
import { BEGINNING, reviseWindows, scanWindows, type ScanResult, type Starts } from './window-scan.js';
import type { Mark, Series } from './windows-table.js';

/** Makes windows from stored rows; each call is part of a transaction of the caller. */
export interface WindowMaker {
  /** After `definePoints`: series that are new begin with the rows to come, those gone are forgotten. */
  keepSeries(): void;
  /** Makes due windows from a bounded number of rows; gives whether more are due. */
  step(): boolean;
  /** Rows up to here are needed by no window, neither a coming one nor a revision. */
  releasedRows(): number;
  /** Windows that start here or later are needed by a longer one or a revision, UTC ms. */
  neededFrom(): number;
  /** How far the windows of each point that `standIn` names are made, of all points that it names one for. */
  coveredBy(standIn: (point: BufferPoint) => number | undefined): Covered;
}

/** What windows stand for. */
export interface Covered {
  /** Rows up to here are in them, and revise none any more. */
  readonly rows: number;
  /** Shorter windows that end by then are in them, UTC ms. */
  readonly until: number;
}

/** Rows looked at in one step, unless one period has more. */
const STEP_ROWS = 20_000;
/** Rows stay at least this long after their windows were made, so that late rows can revise them, ms. */
const LATE_MS = 5 * 60_000;

/** Every series that the active points ask for. */
const seriesOf = (deps: WindowMakerDeps): readonly Series[] => {
  const series = new Map<string, Series>();
  for (const point of deps.points.active().values()) {
    const base = basePeriod(point);
    if (base === undefined) continue;
    for (const period of point.windows) series.set(`${base}/${period}`, { base, period });
  }
  return [...series.values()];
};

/** How far one step goes: to the end of what is closed, or as far as a bounded number of rows leads. */
const reach = (
  deps: WindowMakerDeps,
  period: number,
  mark: Mark,
  closed: number,
): { readonly to: number; readonly end: number } => {
  const top = deps.state.row.lastOrdinal;
  for (let rows = STEP_ROWS; mark.scanFrom + rows < top; rows *= 2) {
    const to = mark.scanFrom + rows;
    const row = deps.readings.at(to);
    const time = row === undefined ? undefined : deps.boots.timeOf(row)?.time;
    const end = time === undefined ? mark.until : Math.min(closed, alignDown(time - deps.graceMs, period));
    if (end > mark.until) return { to, end };
  }
  return { to: top, end: closed };
};

const coveredBy = (deps: WindowMakerDeps, standIn: (point: BufferPoint) => number | undefined): Covered => {
  const { points, windows, state } = deps;
  let covered: Covered = { rows: state.row.lastOrdinal, until: Infinity };
  const looked = new Set<string>();
  for (const point of points.active().values()) {
    const [base, period] = [basePeriod(point), standIn(point)];
    const series = `${base}/${period}`;
    if (base === undefined || period === undefined || looked.has(series)) continue;
    looked.add(series);
    const ofBase = windows.marks({ base, period: base })[0];
    const marks = windows.marks({ base, period });
    covered = {
      rows: Math.min(covered.rows, (ofBase?.scanFrom ?? 1) - 1, (marks[0]?.scanFrom ?? 1) - 1),
      until: Math.min(covered.until, marks.at(-1)?.until ?? BEGINNING),
    };
  }
  return covered;
};

interface BaseStep {
  readonly progressed: boolean;
  readonly more: boolean;
  readonly revised: Starts;
}

const IDLE: BaseStep = { progressed: false, more: false, revised: new Map() };

/** Rows that are in no window: those too far ahead, and late ones whose window was not made again. */
const noteLeftOut = (
  { outside }: WindowMakerDeps,
  period: number,
  { late, ahead }: Pick<ScanResult, 'late' | 'ahead'>,
  revised: Starts,
): void => {
  const left = [...late].flatMap(([point, rows]) =>
    rows
      .filter(({ time }) => revised.get(point)?.has(alignDown(time, period)) !== true)
      .map(({ ordinal }) => ordinal),
  );
  for (const ordinal of [...left, ...ahead].toSorted((a, b) => a - b)) outside.add(ordinal);
};

const stepBase = (deps: WindowMakerDeps, period: number, now: number): BaseStep => {
  const { windows } = deps;
  const series = { base: period, period };
  const marks = windows.marks(series);
  const [oldest, mark] = [marks[0], marks.at(-1)];
  const closed = alignDown(now - deps.graceMs, period);
  if (oldest === undefined || mark === undefined || closed <= mark.until) return IDLE;
  const { to, end } = reach(deps, period, mark, closed);
  const scan = { period, mark, to, end, carried: windows.carries(period) };
  const { made, carries, late, ahead, scanFrom } = scanWindows(deps, scan);
  const revisions = reviseWindows(deps, oldest, scan, late);
  for (const revision of revisions) insertWindow(deps, period, revision, true);
  for (const window of made) insertWindow(deps, period, window, false);
  for (const [point, { time, value, flag }] of carries)
    windows.saveCarry(period, point, { time, value, flag });
  windows.saveMark(series, { until: end, scanFrom, seen: to });
  const kept = marks.findLast((candidate) => candidate.until <= end - LATE_MS);
  if (kept !== undefined) windows.dropMarksBefore(series, kept.until);
  const revised: Starts = new Map();
  for (const { point, window } of revisions) {
    revised.set(point, (revised.get(point) ?? new Set()).add(window.start));
  }
  noteLeftOut(deps, period, { late, ahead }, revised);
  return { progressed: true, more: end < closed, revised };
};

export const createWindowMaker = (deps: WindowMakerDeps): WindowMaker => {
  const { windows, state } = deps;
  const longer = createLongerWindows(deps);

  const neededFrom = (): number =>
    Math.min(
      ...seriesOf(deps).map((series) => keptFrom(series, windows.marks(series)[0]?.until ?? BEGINNING)),
    );

  return {
    keepSeries: () => {
      const wanted = seriesOf(deps);
      const isWanted = (marked: Series): boolean =>
        wanted.some(({ base, period }) => base === marked.base && period === marked.period);
      for (const marked of windows.markedSeries()) {
        if (!isWanted(marked)) windows.dropMarksBefore(marked, Number.MAX_SAFE_INTEGER);
      }
      const seen = state.row.lastOrdinal;
      for (const series of wanted) {
        if (windows.marks(series).length > 0) continue;
        windows.saveMark(series, { until: BEGINNING, scanFrom: seen + 1, seen });
      }
    },
    step: () => {
      const now = deps.boots.now();
      if (now === undefined) return false;
      let more = false;
      let progressed = false;
      for (const { base, period } of seriesOf(deps)) {
        if (base !== period) continue;
        const step = stepBase(deps, base, now);
        more ||= step.more;
        progressed ||= step.progressed;
        for (const series of step.progressed ? seriesOf(deps) : []) {
          if (series.base === base && series.period !== base) longer.step(series, step.revised);
        }
      }
      if (progressed) {
        windows.deleteEnded(state.row.sealedWindows, neededFrom());
        state.write({});
      }
      return more;
    },
    neededFrom,
    coveredBy: (standIn) => coveredBy(deps, standIn),
    releasedRows: () => {
      let released = state.row.lastOrdinal;
      for (const series of seriesOf(deps)) {
        const oldest = series.base === series.period ? windows.marks(series)[0] : undefined;
        if (oldest !== undefined) released = Math.min(released, oldest.scanFrom - 1);
      }
      return released;
    },
  };
};
