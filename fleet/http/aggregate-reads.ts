import { setImmediate } from 'node:timers/promises';
import { representative } from '#wire/aggregate/representative.js';
import { isMember } from '../access/subject.js';
import { groupPoints, type GroupOfPoints, type PointCell } from '../sharing/aggregates/group-points.js';
import { createPools, pooledScope, type PoolPart, type PoolReader } from '../sharing/aggregates/pools.js';
import { FINEST, type Area } from '../sharing/conditions.js';
import type { Scope } from '../sharing/scope.js';
import { isWithin } from '../sharing/selection.js';
import type { PointRow, Resolution, RollupRow } from '../store/views-store.js';
import type { AggregatesRequest } from './aggregates.js';
import { noteReads, purposeOf, reachOf, scopeOf } from './caller.js';
import { datasetScopeOf } from './dataset-data.js';
import type { HttpContext } from './context.js';
import { HttpError } from './problem.js';

/** Points of one answer, and how many are looked for at a time. */
const MAX_POINTS = 2000;
const PAGE = 500;

export interface AggregatesAsked {
  readonly property: string;
  readonly resolution: Resolution;
  readonly from: number;
  readonly to: number;
  readonly now: number;
  readonly box?: Area;
  readonly zone?: ReadonlySet<string>;
  readonly dataset?: string;
}

/** What one answer is made with: all of it as it stood when it began. */
interface Reading {
  readonly context: HttpContext;
  readonly asked: AggregatesAsked;
}

/** Aggregates over what the caller reads point by point, and pools of what is given in aggregates alone. */
export const aggregatesOf = async (
  context: HttpContext,
  request: AggregatesRequest,
  asked: AggregatesAsked,
): Promise<readonly GroupOfPoints[]> => {
  const scope = scopeOf(context, request);
  const reader = readerOf(context, request, asked.now);
  const note = noteReads(context, request, scope);
  const reading = { context, asked };
  const { dataset } = asked;
  const named = dataset === undefined ? scope : await datasetScopeOf(context, request, dataset);
  const single = await singleCells(reading, named);
  const within = asked.box === undefined ? await pooledCells(reading, scope, reader) : [];
  const groups = [...groupPoints(single), ...groupPoints(within)];
  const resolutionMs = FINEST[asked.resolution];
  for (const { threshold, cells } of groups) {
    for (const { start, pointIds } of cells) {
      for (const pointId of pointIds) {
        note({ pointId, times: [start], resolutionMs, pooled: threshold !== null });
      }
    }
  }
  return groups;
};

const readerOf = (context: HttpContext, request: AggregatesRequest, now: number): PoolReader => {
  const bodies = context.sharing.bodies();
  const { subject } = request;
  return {
    organisationId: isMember(subject) ? bodies.bodyOf(subject.organisationId) : null,
    purpose: purposeOf(request),
    now,
    own: reachOf(context, request).organisations,
    bodyOf: (id) => bodies.bodyOf(id),
  };
};

/** All points of the property that a scope gives; refuses more than one answer can be made of. */
const pointsOf = async ({ context, asked }: Reading, scope: Scope): Promise<readonly PointRow[]> => {
  const points: PointRow[] = [];
  if (scope.grants.length + scope.shared.length === 0) return points;
  for (let after = ''; ;) {
    const page = await context.views.points(scope, { after, limit: PAGE, property: asked.property });
    points.push(...page);
    if (points.length > MAX_POINTS) {
      throw new HttpError('bad-request', `zone: over ${MAX_POINTS} points; name an organisation.`);
    }
    after = page.at(-1)?.id ?? '';
    if (page.length < PAGE) return points;
    await setImmediate();
  }
};

const cellsOf = async (
  { context, asked }: Reading,
  scope: Scope,
  { id }: PointRow,
): Promise<readonly (RollupRow & { readonly value: number })[]> => {
  const { resolution, from, to, now } = asked;
  const limit = Math.ceil((to - from) / FINEST[resolution]) + 2;
  const rows = await context.views.rollups(scope, now, { pointId: id, resolution, from, to, limit });
  await setImmediate();
  return rows.flatMap((row) => {
    const value = Number(representative(row.aggregate) ?? NaN);
    return Number.isFinite(value) ? [{ ...row, value }] : [];
  });
};

const singleCells = async (reading: Reading, scope: Scope): Promise<readonly PointCell[]> => {
  const { zone } = reading.asked;
  const cells: PointCell[] = [];
  for (const point of await pointsOf(reading, scope)) {
    const { id: pointId, organisationId, locationId, kind, unit } = point;
    if (zone !== undefined && !zone.has(organisationId)) continue;
    if (!(await isInBox(reading, scope, locationId))) continue;
    const group = { key: organisationId, organisationId, kind, unit, threshold: null, datasets: [] };
    for (const { start, end, value } of await cellsOf(reading, scope, point)) {
      cells.push({ group, pointId, locationId, start, end, value });
    }
  }
  return cells;
};

const isInBox = async (
  { context, asked: { box } }: Reading,
  scope: Scope,
  locationId: string | null,
): Promise<boolean> => {
  if (box === undefined) return true;
  const location = locationId === null ? undefined : await context.views.location(scope, locationId);
  const { type, coordinates } = (location?.geometry ?? {}) as { type?: unknown; coordinates?: unknown };
  if (type !== 'Point' || !Array.isArray(coordinates)) return false;
  return isWithin(box, [Number(coordinates[0]), Number(coordinates[1])]);
};

const pooledCells = async (
  reading: Reading,
  scope: Scope,
  reader: PoolReader,
): Promise<readonly PointCell[]> => {
  const { context, asked } = reading;
  const store = pooledScope(scope);
  const poolsOf = createPools(context.sharing.policy(), reader);
  const cells: PointCell[] = [];
  for (const point of await pointsOf(reading, store)) {
    const { placements, heldBy } = context.registry;
    const { parts, individual } = poolsOf({ placed: placements(point.id), held: heldBy(point.id) });
    const wanted = parts.filter((part) => isWanted(asked, part));
    if (wanted.length === 0) continue;
    for (const cell of await cellsOf(reading, store, point)) {
      if (individual.some(({ from, to }) => from < cell.end && cell.start < to)) continue;
      for (const part of wanted.filter(({ from, to }) => from <= cell.start && cell.end <= to)) {
        cells.push(pooledCell(point, part, cell));
      }
    }
  }
  return cells;
};

/** A filter takes whole pools, so that what is asked for makes none of them smaller. */
const isWanted = ({ resolution, zone, dataset }: AggregatesAsked, part: PoolPart): boolean =>
  part.resolutionMs === FINEST[resolution] &&
  (zone === undefined || zone.has(part.giver)) &&
  (dataset === undefined || part.datasets.includes(dataset));

const pooledCell = (
  { id: pointId, kind, unit }: PointRow,
  { pool, giver, locationId, threshold, datasets }: PoolPart,
  { start, end, value }: { readonly start: number; readonly end: number; readonly value: number },
): PointCell => ({
  group: { key: pool, organisationId: giver, kind, unit, threshold, datasets },
  pointId,
  locationId,
  start,
  end,
  value,
});
