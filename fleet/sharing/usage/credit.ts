import { givenBefore } from '../conditions.js';
import type { Scope, SharedGrant } from '../scope.js';
import { isWithin, matches, type Placed } from '../selection.js';

/** Part of what one answer gave of a point. */
export interface SeriesRead {
  readonly pointId: string;
  /** Of readings, or begins of cells; UTC ms. */
  readonly times: readonly number[];
  /** 0: raw. */
  readonly resolutionMs: number;
  /** Not by itself, but within aggregates over several points. */
  readonly pooled?: boolean;
}

/**
 * How many of these readings each thing given by others accounts for. Each reading counts once: under an agreement
 * rather than an open dataset, under the one that opened first; of several clauses of one agreement, which only limit
 * each other, under the first. What the caller's own organisations held counts for nothing, nor does the past of a
 * device that was transferred with it: no grant gives these.
 */
export const creditsOf = (
  scope: Scope,
  places: readonly Placed[],
  { times, resolutionMs, pooled = false }: SeriesRead,
  now: number,
): ReadonlyMap<SharedGrant, number> => {
  const own = new Set(scope.grants.map(({ organisationId }) => organisationId));
  const stretches = places
    .filter(({ organisationId }) => !own.has(organisationId))
    .map((placed) => ({ placed, groups: groupsOf(scope.shared, placed) }))
    .filter(({ groups }) => groups.length > 0);
  const credits = new Map<SharedGrant, number>();
  for (const time of times) {
    const stretch = stretches.find(({ placed }) => placed.from <= time && time < placed.to);
    if (stretch === undefined) continue;
    const { placed, groups } = stretch;
    const giving = groups.find((group) => gives(group, placed, { time, resolutionMs, pooled, now }));
    const [first] = giving ?? groups[0] ?? [];
    if (first !== undefined) credits.set(first, (credits.get(first) ?? 0) + 1);
  }
  return credits;
};

type Group = readonly SharedGrant[];

/** What matches a point where it was, agreement by agreement, agreements that opened first before others. */
const groupsOf = (shared: readonly SharedGrant[], placed: Placed): readonly Group[] => {
  const groups = new Map<string, SharedGrant[]>();
  for (const grant of shared) {
    if (!grant.organisations.includes(placed.organisationId) || !matches(grant.matching, placed)) continue;
    const known = groups.get(grant.group);
    if (known === undefined) groups.set(grant.group, [grant]);
    else known.push(grant);
  }
  return [...groups.values()].toSorted((one, other) => rankOf(one) - rankOf(other));
};

const rankOf = ([first]: Group): number =>
  first === undefined || first.credit.agreementId === null ? Infinity : first.since;

interface Moment extends Required<Pick<SeriesRead, 'resolutionMs' | 'pooled'>> {
  readonly time: number;
  readonly now: number;
}

/** Whether a group gives it: of all its conditions the most protective. */
const gives = (group: Group, placed: Placed, { time, resolutionMs, pooled, now }: Moment): boolean =>
  group.some(({ aggregateOnly }) => aggregateOnly) === pooled &&
  group.every(
    ({ areas, finestMs, from, to, delayMs }) =>
      finestMs <= resolutionMs &&
      (from ?? -Infinity) <= time &&
      time < (to ?? Infinity) &&
      time + Math.max(resolutionMs, 1) <= givenBefore({ finestMs, delayMs }, now) &&
      areas.every((area) => isWithin(area, placed.position)),
  );
