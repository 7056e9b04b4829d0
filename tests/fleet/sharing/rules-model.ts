import type { AgreementEvent } from '../../../fleet/sharing/agreement.js';

/**
 * The rules of `fleet/sharing/README.md`, written a second time and as plainly as can be: one instant, one place, one
 * clause after the other. Nothing of the product is called, so that what both say is said twice.
 */
export interface World {
  readonly organisations: readonly { id: string; parentId: string | null; type: string }[];
  readonly held: readonly {
    device: number;
    by: string;
    title: 'holder' | 'past';
    from: number;
    to: number;
  }[];
  readonly installed: readonly { device: number; location: string | null; from: number; to: number }[];
  readonly locations: readonly { id: string; site: string | null; at: readonly [number, number] | null }[];
  readonly points: readonly { id: string; device: number; property: string }[];
  readonly datasets: readonly {
    id: string;
    owner: string;
    audience: string;
    selection: Selecting;
    conditions?: Limits | undefined;
  }[];
  readonly themes: Readonly<Record<string, readonly string[]>>;
  readonly agreements: readonly (readonly AgreementEvent[])[];
}

interface Selecting {
  readonly themes?: readonly string[] | undefined;
  readonly properties?: readonly string[] | undefined;
  readonly sites?: readonly string[] | undefined;
  readonly locations?: readonly string[] | undefined;
  readonly points?: readonly string[] | undefined;
  readonly area?: readonly number[] | undefined;
}

interface Limits {
  readonly finest?: string | undefined;
  readonly delayMs?: number | undefined;
  readonly area?: readonly number[] | undefined;
  readonly aggregation?: unknown;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface Question {
  readonly reader: string | null;
  readonly purpose: string | null;
  readonly now: number;
  readonly point: string;
  readonly periodMs: number;
}

const PERIODS: Readonly<Record<string, number>> = {
  raw: 0,
  '1m': 60_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
};

/** A service is part of whom it belongs to. */
const municipalityOf = (world: World, id: string): string => {
  const organisation = world.organisations.find((one) => one.id === id);
  if (organisation === undefined || organisation.type !== 'service' || organisation.parentId === null)
    return id;
  return municipalityOf(world, organisation.parentId);
};

const isBelow = (world: World, id: string, top: string): boolean => {
  if (id === top) return true;
  const parent = world.organisations.find((one) => one.id === id)?.parentId;
  return typeof parent === 'string' && isBelow(world, parent, top);
};

/** Who is bound by what at the end of these events: the version that all signed, and who left it since. */
const boundBy = (events: readonly AgreementEvent[]) => {
  type Said = Extract<AgreementEvent, { type: 'drafted' }>['terms'];
  let inForce: Said | undefined;
  let waiting: { terms: Said; needs: Set<string>; signed: Set<string> } | undefined;
  let left = new Set<string>();
  let wanted = new Set<string>();
  let over = false;
  const partiesOf = (terms: Said | undefined): string[] =>
    (terms?.parties ?? []).map((party) => party.organisationId);
  const bound = (): string[] => partiesOf(inForce).filter((party) => !left.has(party));
  for (const event of events) {
    const who = event.organisationId;
    if (event.type === 'drafted' || event.type === 'amended' || event.type === 'joined') {
      const alone = event.type === 'joined' && inForce?.accession === 'open';
      const needs = new Set(alone ? [who] : [...partiesOf(event.terms), ...bound()]);
      waiting = { terms: event.terms, needs, signed: new Set() };
    }
    if (event.type === 'recalled') waiting = undefined;
    if (event.type === 'ended') wanted.add(who);
    if (event.type === 'withdrew') {
      if (bound().includes(who)) left.add(who);
      if (waiting?.needs.has(who) === true || partiesOf(waiting?.terms).includes(who)) waiting = undefined;
    }
    if (event.type === 'signed' && waiting !== undefined) {
      const { needs, signed, terms } = waiting;
      signed.add(who);
      if ([...needs].every((one) => signed.has(one))) {
        inForce = terms;
        left = new Set([...left].filter((one) => partiesOf(terms).includes(one) && !needs.has(one)));
        wanted = new Set();
        waiting = undefined;
      }
    }
    if (inForce !== undefined && bound().length < 2) over = true;
    if (inForce !== undefined && bound().every((one) => wanted.has(one))) over = true;
  }
  return { terms: inForce, bound: bound(), over };
};

const known = new WeakMap<readonly AgreementEvent[], ReturnType<typeof boundBy>>();

/** The same, found out once. */
const boundNow = (events: readonly AgreementEvent[]): ReturnType<typeof boundBy> => {
  const found = known.get(events) ?? boundBy(events);
  known.set(events, found);
  return found;
};

interface Place {
  readonly point: string;
  readonly property: string;
  readonly location: string | null;
  readonly site: string | null;
  readonly at: readonly [number, number] | null;
}

const inBox = ([west = 0, south = 0, east = 0, north = 0]: readonly number[], at: Place['at']): boolean => {
  if (at === null || at[1] < south || at[1] > north) return false;
  return at[0] >= west && at[0] <= east;
};

const isSelected = (world: World, selection: Selecting, place: Place): boolean => {
  const { themes, properties, sites, locations, points, area } = selection;
  if (themes !== undefined && !themes.some((name) => world.themes[name]?.includes(place.property) === true))
    return false;
  if (properties !== undefined && !properties.includes(place.property)) return false;
  if (sites !== undefined && !sites.some((site) => site === place.site)) return false;
  if (locations !== undefined && !locations.some((location) => location === place.location)) return false;
  if (points !== undefined && !points.includes(place.point)) return false;
  return area === undefined || inBox(area, place.at);
};

type Allowed = 'yes' | 'in-aggregates' | 'no';

/** Whether all of these limits let an instant through. */
const pass = (limits: readonly Limits[], place: Place, time: number, asked: Question): Allowed => {
  for (const { finest = 'raw', delayMs = 0, area, from, to } of limits) {
    if ((PERIODS[finest] ?? Infinity) > asked.periodMs) return 'no';
    if (delayMs > 0 && time >= asked.now - delayMs) return 'no';
    // what has not been measured yet is in no whole cell
    if (finest !== 'raw' && time >= asked.now) return 'no';
    if (area !== undefined && !inBox(area, place.at)) return 'no';
    if (from !== undefined && time < from) return 'no';
    if (to !== undefined && time >= to) return 'no';
  }
  return limits.some(({ aggregation }) => aggregation !== undefined) ? 'in-aggregates' : 'yes';
};

/** What agreements and open datasets say to one place of one giver, each for itself. */
const consents = (world: World, giver: string, place: Place, asked: Question): (readonly Limits[])[] => {
  const found: (readonly Limits[])[] = [];
  for (const { owner, audience, selection, conditions = {} } of world.datasets) {
    if (audience === 'open' && owner === giver && isSelected(world, selection, place))
      found.push([conditions]);
  }
  const reader = asked.reader === null ? null : municipalityOf(world, asked.reader);
  for (const events of world.agreements) {
    const { terms, bound, over } = boundNow(events);
    if (terms === undefined || over || reader === null) continue;
    if (asked.now < terms.from || (terms.to !== null && asked.now >= terms.to)) continue;
    if (!bound.includes(giver) || !bound.includes(reader) || giver === reader) continue;
    const limits: Limits[] = [];
    for (const clause of terms.clauses) {
      const dataset = world.datasets.find(({ id }) => id === clause.dataset);
      if (clause.giver !== giver || dataset?.owner !== giver || dataset.audience === 'private') continue;
      if (clause.receivers !== 'parties' && !clause.receivers.includes(reader)) continue;
      if (!clause.purposes.some((purpose) => purpose === asked.purpose)) continue;
      if (!isSelected(world, dataset.selection, place)) continue;
      limits.push(dataset.conditions ?? {}, terms.conditions ?? {}, clause.conditions ?? {});
    }
    if (limits.length > 0) found.push(limits);
  }
  return found;
};

export const isOwn = (world: World, asked: Question, time: number): boolean => {
  const point = world.points.find(({ id }) => id === asked.point);
  return world.held.some(
    ({ device, by, from, to }) =>
      device === point?.device &&
      from <= time &&
      time < to &&
      asked.reader !== null &&
      isBelow(world, by, asked.reader),
  );
};

/** Whether others give what the point measured at an instant. */
const isGiven = (world: World, asked: Question, time: number): Allowed => {
  const point = world.points.find(({ id }) => id === asked.point);
  const at = ({ device, from, to }: { device: number; from: number; to: number }): boolean =>
    device === point?.device && from <= time && time < to;
  const holder = world.held.find((one) => at(one) && one.title === 'holder');
  const installed = world.installed.find(at);
  if (point === undefined || holder === undefined || installed === undefined) return 'no';
  const location = world.locations.find(({ id }) => id === installed.location);
  const place: Place = {
    point: point.id,
    property: point.property,
    location: installed.location,
    site: location?.site ?? null,
    at: location?.at ?? null,
  };
  const answers = consents(world, municipalityOf(world, holder.by), place, asked).map((limits) =>
    pass(limits, place, time, asked),
  );
  return answers.find((one) => one === 'yes') ?? answers.find((one) => one === 'in-aggregates') ?? 'no';
};

/** Whether what the point measured at an instant may be read. */
export const mayRead = (world: World, asked: Question, time: number): boolean =>
  isOwn(world, asked, time) || isGiven(world, asked, time) === 'yes';

export const onlyInAggregates = (world: World, asked: Question, time: number): boolean =>
  isGiven(world, asked, time) === 'in-aggregates';
