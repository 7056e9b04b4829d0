import { setImmediate } from 'node:timers/promises';
import { openBody, parseBatch } from '#wire/batch.js';
import type { Reading } from '#wire/readings.js';
import type { WindowColumn } from '#wire/windows.js';
import type { Scope } from '../sharing/scope.js';
import type { LogEntry } from '../store/log-store.js';
import { DAY, HOUR, joinSpans, MINUTE, QUARTER, type Span } from '../store/periods.js';
import type { Resolution, RollupRow } from '../store/views-store.js';
import { scopeWithin } from './classes.js';
import type { FeedCall, FeedDeps, Leg, Told } from './feed.js';

/** Periods of cells, ms; a legal day has up to 25 hours. */
export const CELL_MS: Readonly<Record<Resolution, number>> = {
  '1m': MINUTE,
  '15m': QUARTER,
  '1h': HOUR,
  '1d': DAY,
};
const LONGEST_DAY_MS = 25 * HOUR;
const POINTS = 500;

export type CellCall = FeedCall & { readonly resolution: Resolution };

/** Cells of a point that touch [from, to] and satisfy `wanted`, given under a delay and not under a shorter one. */
const cellsIn = async (
  { views, now }: FeedDeps,
  resolution: Resolution,
  scopes: { readonly given: Scope; readonly before: Scope | undefined },
  pointId: string,
  { from, to }: Span,
  wanted: (cell: RollupRow) => boolean,
): Promise<readonly RollupRow[]> => {
  const longest = resolution === '1d' ? LONGEST_DAY_MS : CELL_MS[resolution];
  const query = { pointId, resolution, from: from - longest, to: to + 1, limit: Number.MAX_SAFE_INTEGER };
  const cells = (await views.rollups(scopes.given, now(), query)).filter(wanted);
  if (scopes.before === undefined || cells.length === 0) return cells;
  const sooner = new Set((await views.rollups(scopes.before, now(), query)).map(({ start }) => start));
  return cells.filter(({ start }) => !sooner.has(start));
};

const scopesOf = ({ scope }: FeedCall, { delay, sooner }: Leg, since: number) => ({
  given: scopeWithin(scope, delay, since),
  before: sooner === undefined ? undefined : scopeWithin(scope, sooner, since),
});

const put = (
  { note, resolution }: CellCall,
  { cells: told }: Told,
  pointId: string,
  cells: readonly RollupRow[],
  revised: boolean,
): void => {
  const fresh = cells.filter(({ start }) => !told.has(`${pointId} ${start}`));
  for (const cell of fresh) told.set(`${pointId} ${cell.start}`, { pointId, cell, revised });
  if (fresh.length === 0) return;
  note({ pointId, times: fresh.map(({ start }) => start), resolutionMs: CELL_MS[resolution] });
};

/** Tells the cells that ended in (from, to], each under what was given when it ended. */
export const tellClosed = async (
  deps: FeedDeps,
  call: CellCall,
  leg: Leg,
  { from, to }: Span,
  told: Told,
): Promise<void> => {
  const openings = call.scope.shared.map(({ since }) => since).filter((since) => from < since && since < to);
  const cuts = [...new Set([from, ...openings])].toSorted((a, b) => a - b);
  for (const [index, begin] of cuts.entries()) {
    const until = cuts[index + 1] ?? to;
    const scopes = scopesOf(call, leg, begin);
    for (let after: string | undefined; ;) {
      const page = after === undefined ? { limit: POINTS } : { limit: POINTS, after };
      const points = await deps.views.points(scopes.given, page);
      for (const { id } of points) {
        const ended = ({ end }: RollupRow): boolean => begin < end && end <= until;
        const cells = await cellsIn(deps, call.resolution, scopes, id, { from: begin, to: until }, ended);
        put(call, told, id, cells, false);
      }
      after = points.at(-1)?.id;
      if (points.length < POINTS) break;
      await setImmediate();
    }
  }
};

/** Tells of the cells that had ended before the last answer those that a batch changes. */
export const tellCells = async (
  deps: FeedDeps,
  call: CellCall,
  { message, receivedAt }: LogEntry,
  leg: Leg,
  told: Told,
): Promise<void> => {
  const parsed = parseBatch(message);
  const { source, directory, content, firstTime } = parsed.header;
  if (content === 'losses' || firstTime >= leg.endedAt) return;
  const body = openBody(parsed);
  const points = await deps.views.pointsIn(source, directory);
  const scopes = scopesOf(call, leg, receivedAt);
  const cellMs = CELL_MS[call.resolution];
  const changed = async (pointId: string, spans: readonly Span[]): Promise<void> => {
    for (const span of joinSpans(spans)) {
      const touched = ({ start, end }: RollupRow): boolean =>
        end <= leg.endedAt && start <= span.to && span.from < end;
      put(call, told, pointId, await cellsIn(deps, call.resolution, scopes, pointId, span, touched), true);
    }
  };
  if (body.content === 'readings') {
    for (const { point, readings } of body.columns) {
      const pointId = points.get(point);
      if (pointId !== undefined)
        await changed(pointId, await heldSpans(deps, pointId, readings, { endedAt: leg.endedAt, cellMs }));
    }
  } else if (body.content === 'windows') {
    for (const column of body.columns) {
      const pointId = points.get(column.point);
      if (pointId !== undefined) await changed(pointId, windowSpans(column, cellMs));
    }
  }
};

/**
 * Where readings that ended cells may have changed are: runs between whose readings no cell lies, each up to where its last
 * value is held.
 */
const heldSpans = async (
  { views }: FeedDeps,
  pointId: string,
  readings: readonly Reading[],
  { endedAt, cellMs }: { readonly endedAt: number; readonly cellMs: number },
): Promise<readonly Span[]> => {
  const times = readings.map(({ time }) => time).filter((time) => time < endedAt);
  const runs: { from: number; to: number }[] = [];
  for (const time of times.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && time - run.to < cellMs) run.to = time;
    else runs.push({ from: time, to: time });
  }
  const spans: Span[] = [];
  for (const { from, to } of runs) spans.push({ from, to: await views.heldUntil(pointId, to) });
  return spans;
};

/** Where windows are that go into cells of a period. */
const windowSpans = ({ periodMs, windows }: WindowColumn, cellMs: number): readonly Span[] =>
  periodMs > cellMs ? [] : windows.map(({ start }) => ({ from: start, to: start + periodMs - 1 }));
