import type { BufferPoint } from './buffer.js';
import type { Losses } from './losses.js';
import { NOT_OUTSIDE } from './outside-rows.js';
import { HELD } from './reading-row.js';
import type { Points } from './points.js';
import type { State } from './state-row.js';
import { Taken } from './thinned-content.js';
import { outlives, replacementOf, type ThinningStep } from './thinning-steps.js';
import type { Cursors } from './thinning.js';
import type { Database } from './sqlite-database.js';
import type { Covered } from './window-maker.js';

export interface RowThinningDeps {
  readonly database: Database;
  readonly points: Points;
  readonly losses: Losses;
  readonly state: State;
  readonly cursors: Cursors;
  /** How far the windows that stand for what a step takes are made. */
  readonly covered: (step: ThinningStep) => Covered;
  /** Windows that start here or later are needed by longer ones, UTC ms. */
  readonly neededWindowsFrom: () => number;
}

/** Gives up rows and windows that no batch carries yet, oldest first; each call is part of a transaction of the caller. */
export interface RowThinning {
  /** Takes a bounded stretch through a step; gives whether there was one. */
  thinRows(step: ThinningStep): boolean;
  thinWindows(step: ThinningStep): boolean;
}

interface GoneRows {
  readonly point: number;
  readonly count: number;
  readonly held: number;
  readonly firstTime: number | null;
  readonly lastTime: number | null;
}

interface GoneWindows {
  readonly point: number;
  readonly count: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

/** Ordinals of one call. */
const STRETCH = 20_000;
/** Rows whose time was known when they were taken: only those surely have windows, unless they lie outside. */
const TIMED = '(marks >> 5) & 3 != 2';
const WINDOWED = `${TIMED} AND ${NOT_OUTSIDE}`;

/** Tells what was taken of what no batch carries. */
const record = ({ losses, state }: RowThinningDeps, taken: Taken): void => {
  if (taken.isNothing) return;
  losses.record({ cause: 'space', ...taken.loss() });
  const dropped = taken.count + taken.heldBack + taken.windows;
  state.write({ droppedRows: state.row.droppedRows + dropped });
};

/** The next stretch of a step, up to `top`. */
const stretch = (
  cursors: Cursors,
  step: ThinningStep,
  of: 'rows' | 'windows',
  after: number,
  top: number,
) => {
  const from = Math.max(cursors.at(step, of), after) + 1;
  const to = Math.min(top, from + STRETCH - 1);
  return from > to ? undefined : { from, to };
};

const goingPoints = (
  points: Points,
  step: ThinningStep,
  periodOf: (point: BufferPoint) => readonly number[],
) =>
  [...points.all()].flatMap(([number, point]) =>
    periodOf(point)
      .filter((period) => !outlives(step, point, period))
      .map((period) => ({ number, period })),
  );

const createThinRows = (deps: RowThinningDeps): RowThinning['thinRows'] => {
  const { database, points, state, cursors } = deps;
  const IN_STRETCH = 'ordinal BETWEEN ? AND ? AND point IN (SELECT value FROM json_each(?))';
  const goneRows = (windowed: boolean): string => `${IN_STRETCH}${windowed ? ` AND ${WINDOWED}` : ''}`;
  const countRows = (windowed: boolean) =>
    database.prepare<[number, number, string], GoneRows>(
      `SELECT point, count(*) AS count, sum((marks & ${HELD}) != 0) AS held,
         min(time) FILTER (WHERE ${TIMED}) AS firstTime, max(time) FILTER (WHERE ${TIMED}) AS lastTime
       FROM reading WHERE ${goneRows(windowed)} GROUP BY point`,
    );
  const deleteRows = (windowed: boolean) =>
    database.prepare(`DELETE FROM reading WHERE ${goneRows(windowed)}`);
  return (step) => {
    const { sealedReadings, liveFrom, lastOrdinal } = state.row;
    const windowed = step === 'raw' || step === 'short-windows';
    const unsealed = liveFrom === 0 ? lastOrdinal : liveFrom - 1;
    const top = Math.min(unsealed, deps.covered(step).rows);
    const range = stretch(cursors, step, 'rows', sealedReadings, top);
    if (range === undefined) return false;
    const going = goingPoints(points, step, () => [0]).map(({ number }) => number);
    const list = JSON.stringify(going);
    const taken = new Taken();
    for (const { point, count, held, firstTime, lastTime } of countRows(windowed).all(
      range.from,
      range.to,
      list,
    )) {
      taken.readings(point, count - held, replacementOf(step, points.all().get(point)));
      taken.heldBack += held;
      if (firstTime !== null && lastTime !== null) taken.between(firstTime, lastTime);
    }
    deleteRows(windowed).run(range.from, range.to, list);
    record(deps, taken);
    cursors.move(step, 'rows', range.to);
    return true;
  };
};

const createThinWindows = (deps: RowThinningDeps): RowThinning['thinWindows'] => {
  const { database, points, state, cursors } = deps;
  const countWindows = database.prepare<[number, number, string], GoneWindows>(
    `SELECT point, count(*) AS count, min(start) AS firstTime, max(start + period) AS lastTime
     FROM window WHERE ordinal BETWEEN ? AND ? AND point || '/' || period IN (SELECT value FROM json_each(?))
     GROUP BY point`,
  );
  const deleteWindows = database.prepare(
    `DELETE FROM window WHERE ordinal BETWEEN ? AND ? AND point || '/' || period IN (SELECT value FROM json_each(?))`,
  );

  const firstNeeded = database
    .prepare<[number, number, number], number | null>(
      'SELECT min(ordinal) FROM window WHERE ordinal BETWEEN ? AND ? AND start >= ?',
    )
    .pluck();
  return (step) => {
    const wide = stretch(cursors, step, 'windows', state.row.sealedWindows, state.row.lastOrdinal);
    if (wide === undefined) return false;
    const needed = firstNeeded.get(wide.from, wide.to, deps.neededWindowsFrom());
    const range = needed == null || step === 'all' ? wide : { from: wide.from, to: needed - 1 };
    if (range.to < range.from) return false;
    const going = goingPoints(points, step, ({ windows }) => windows);
    const list = JSON.stringify(going.map(({ number, period }) => `${number}/${period}`));
    const taken = new Taken();
    for (const { point, count, firstTime, lastTime } of countWindows.all(range.from, range.to, list)) {
      taken.windowsCounted(point, count, replacementOf(step, points.all().get(point)));
      taken.between(firstTime, lastTime);
    }
    deleteWindows.run(range.from, range.to, list);
    record(deps, taken);
    cursors.move(step, 'windows', range.to);
    return true;
  };
};

export const createRowThinning = (deps: RowThinningDeps): RowThinning => ({
  thinRows: createThinRows(deps),
  thinWindows: createThinWindows(deps),
});
