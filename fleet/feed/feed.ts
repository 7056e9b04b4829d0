import type { NoteRead } from '../sharing/usage/usage-ledger.js';
import type { Scope } from '../sharing/scope.js';
import type { LogEntry, LogReader } from '../store/log-store.js';
import type { ReadingRow, Resolution, RollupRow, ViewsReader } from '../store/views-store.js';
import { QUARTER, startOf } from '../store/periods.js';
import { CELL_MS, tellCells, tellClosed } from './cells.js';
import { delaysOf } from './classes.js';
import { tellReadings } from './readings.js';

/** A clock of a gateway that runs ahead by less than this gives nothing before its delay is over. */
const AHEAD_MS = 600_000;
/** A batch that waits for its directory holds a feed up for so long. */
const WAIT_MS = 3_600_000;
/** A cell is told so long after its end. */
const SETTLING_MS = 60_000;
/** Periods whose cells are told together. */
const ENDS_AT_ONCE = 8;
const BATCHES = 64;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * For each delay under which something is given: the position in the log up to which it was told, and the time up to
 * which cells that ended were; UTC ms, 0 for readings.
 */
export type FeedPlace = readonly (readonly [delayMs: number, position: number, endedAt: number])[];

export interface FeedReading {
  readonly pointId: string;
  readonly row: ReadingRow;
  /** When it reached the fleet, UTC ms. */
  readonly receivedAt: number;
  readonly late: boolean;
  /** The gateway had held it back, and was asked for it. */
  readonly recalled: boolean;
}

/** A cell of a rollup that ended, as it is now. */
export interface FeedCell {
  readonly pointId: string;
  readonly cell: RollupRow;
  /** It had been told, or could have been, and something of it came since. */
  readonly revised: boolean;
}

export interface FeedPage {
  /** Of a call without a resolution. */
  readonly readings: readonly FeedReading[];
  /** Of a call with one. */
  readonly cells: readonly FeedCell[];
  /** What comes next begins here. */
  readonly place: FeedPlace;
  /** There is more already. */
  readonly more: boolean;
}

/** What a feed is read with. */
export interface FeedCall {
  readonly scope: Scope;
  readonly note: NoteRead;
  readonly limit: number;
  /** Of cells; absent: readings as they are. */
  readonly resolution?: Resolution;
}

/** Readings as they come: each once, in the order of the log, for whoever goes on from the place that they were given. */
export interface Feed {
  /** The place from which on only what is told later is told. */
  start(scope: Scope, resolution?: Resolution): Promise<FeedPlace>;
  /** At least `limit` items where there are as many: batches are told as a whole. */
  read(call: FeedCall, place: FeedPlace): Promise<FeedPage>;
}

export interface FeedDeps {
  readonly views: Pick<
    ViewsReader,
    'feedEnd' | 'feedBatches' | 'pointsIn' | 'readingsOf' | 'points' | 'rollups' | 'heldUntil'
  >;
  readonly log: Pick<LogReader, 'read'>;
  /** UTC ms. */
  readonly now: () => number;
}

export const createFeed = (deps: FeedDeps): Feed => ({
  start: async (scope, resolution) => {
    const end = await endOf(deps, scope);
    const places: [number, number, number][] = [];
    for (const delay of delaysOf(scope)) {
      const endedAt = endedBy(deps, delay, resolution);
      places.push([delay, await firstWaiting(deps, scope, delay, end), endedAt]);
    }
    return places;
  },
  read: async (call, place) => {
    const known = new Map(place.map(([delay, from, endedAt]) => [delay, { from, endedAt }]));
    const oldest = {
      from: Math.min(...place.map(([, from]) => from)),
      endedAt: Math.min(...place.map(([, , endedAt]) => endedAt)),
    };
    const end = await endOf(deps, call.scope);
    const delays = delaysOf(call.scope);
    const told: Told = { readings: [], cells: new Map() };
    const next: [number, number, number][] = [];
    for (const [index, delay] of delays.entries()) {
      const { from, endedAt } = known.get(delay) ?? oldest;
      const leg = { delay, sooner: delays[index - 1], from, end, endedAt };
      const ended = await followEnds(deps, call, leg, told);
      next.push([delay, await follow(deps, call, leg, told), ended]);
    }
    const cells = [...told.cells.values()];
    return { readings: told.readings, cells, place: next, more: count(told) >= call.limit };
  },
});

/** What one answer tells so far; cells by point and start, so that none is in it twice. */
export interface Told {
  readonly readings: FeedReading[];
  readonly cells: Map<string, FeedCell>;
}

const count = ({ readings, cells }: Told): number => readings.length + cells.size;

/** Up to when cells have ended for good enough: what a gateway seals in batches comes a little later. */
const endedBy = ({ now }: FeedDeps, delay: number, resolution: Resolution | undefined): number =>
  resolution === undefined ? 0 : startOf(now() - delay - SETTLING_MS, Math.min(CELL_MS[resolution], QUARTER));

/** Tells the cells that ended since; gives up to when they are told. */
const followEnds = async (deps: FeedDeps, call: FeedCall, leg: Leg, told: Told): Promise<number> => {
  const { resolution } = call;
  if (resolution === undefined) return 0;
  const until = endedBy(deps, leg.delay, resolution);
  let from = leg.endedAt;
  while (from < until && count(told) < call.limit) {
    const to = Math.min(until, from + ENDS_AT_ONCE * CELL_MS[resolution]);
    await tellClosed(deps, { ...call, resolution }, leg, { from, to }, told);
    from = to;
  }
  return from;
};

const endOf = ({ views, now }: FeedDeps, scope: Scope): Promise<number> =>
  views.feedEnd(scope, now() - WAIT_MS);

/** Whether what came then is not told under a delay yet. */
const isTooNew = ({ now }: FeedDeps, { receivedAt }: LogEntry, delay: number): boolean =>
  delay > 0 && receivedAt + AHEAD_MS > now() - delay;

const entryAt = async ({ log }: FeedDeps, position: number): Promise<LogEntry | undefined> => {
  const [entry] = await log.read(position - 1, 1, MAX_BATCH_BYTES);
  return entry?.position === position ? entry : undefined;
};

/** What one delay has still to tell. */
export interface Leg {
  readonly delay: number;
  /** The next shorter delay: what is given under it is told there. */
  readonly sooner: number | undefined;
  /** Positions in (from, end]. */
  readonly from: number;
  readonly end: number;
  /** Cells that ended by then were told. */
  readonly endedAt: number;
}

/** Tells what one delay lets through; gives the position up to which it did. */
const follow = async (deps: FeedDeps, call: FeedCall, leg: Leg, told: Told): Promise<number> => {
  const { delay, from, end } = leg;
  const { resolution } = call;
  for (let at = from; ;) {
    if (count(told) >= call.limit) return at;
    const range = { after: at, to: end, limit: BATCHES, windows: resolution !== undefined };
    const positions = await deps.views.feedBatches(call.scope, range);
    // nothing between here and the end is the caller's
    if (positions.length === 0) return delay === 0 ? Math.max(at, end) : at;
    for (const position of positions) {
      const entry = await entryAt(deps, position);
      if (entry !== undefined && isTooNew(deps, entry, delay)) return at;
      if (entry !== undefined && resolution === undefined) {
        await tellReadings(deps, call, entry, leg, told);
      } else if (entry !== undefined && resolution !== undefined) {
        await tellCells(deps, { ...call, resolution }, entry, leg, told);
      }
      at = position;
      if (count(told) >= call.limit) return at;
    }
  }
};

/** The last position before the first batch that is still too new under a delay. */
const firstWaiting = async (deps: FeedDeps, scope: Scope, delay: number, end: number): Promise<number> => {
  if (delay === 0) return end;
  let [low, high] = [0, end];
  // positions rise with the time of receipt
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const [position] = await deps.views.feedBatches(scope, {
      after: middle - 1,
      to: end,
      limit: 1,
      windows: true,
    });
    const entry = position === undefined ? undefined : await entryAt(deps, position);
    if (entry === undefined || isTooNew(deps, entry, delay)) high = middle - 1;
    else low = middle;
  }
  return low;
};
