import { openBody, parseBatch } from '#wire/batch.js';
import type { NoteRead } from '../sharing/usage/usage-ledger.js';
import type { Scope } from '../sharing/scope.js';
import type { LogEntry, LogReader } from '../store/log-store.js';
import type { ReadingRow, ViewsReader } from '../store/views-store.js';
import { delaysOf, scopeWithin } from './classes.js';

/** Later than its time by more than this is late, as in the ledger of a gateway. */
const LATE_MS = 900_000;
/** A clock of a gateway that runs ahead by less than this gives nothing before its delay is over. */
const AHEAD_MS = 600_000;
/** A batch that waits for its directory holds a feed up for so long. */
const WAIT_MS = 3_600_000;
const BATCHES = 64;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** For each delay under which something is given: the position in the log up to which it was told. */
export type FeedPlace = readonly (readonly [delayMs: number, position: number])[];

export interface FeedItem {
  readonly pointId: string;
  readonly row: ReadingRow;
  /** When it reached the fleet, UTC ms. */
  readonly receivedAt: number;
  readonly late: boolean;
  /** The gateway had held it back, and was asked for it. */
  readonly recalled: boolean;
}

export interface FeedPage {
  readonly items: readonly FeedItem[];
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
}

/** Readings as they come: each once, in the order of the log, for whoever goes on from the place that they were given. */
export interface Feed {
  /** The place from which on only what is told later is told. */
  start(scope: Scope): Promise<FeedPlace>;
  /** At least `limit` items where there are as many: batches are told as a whole. */
  read(call: FeedCall, place: FeedPlace): Promise<FeedPage>;
}

export interface FeedDeps {
  readonly views: Pick<ViewsReader, 'feedEnd' | 'feedBatches' | 'pointsIn' | 'readingsOf'>;
  readonly log: Pick<LogReader, 'read'>;
  /** UTC ms. */
  readonly now: () => number;
}

export const createFeed = (deps: FeedDeps): Feed => ({
  start: async (scope) => {
    const end = await endOf(deps, scope);
    const places: [number, number][] = [];
    for (const delay of delaysOf(scope)) places.push([delay, await firstWaiting(deps, scope, delay, end)]);
    return places;
  },
  read: async (call, place) => {
    const known = new Map(place);
    const oldest = Math.min(...known.values());
    const end = await endOf(deps, call.scope);
    const delays = delaysOf(call.scope);
    const items: FeedItem[] = [];
    const next: [number, number][] = [];
    for (const [index, delay] of delays.entries()) {
      const from = known.get(delay) ?? oldest;
      const sooner = delays[index - 1];
      next.push([delay, await follow(deps, call, { delay, sooner, from, end }, items)]);
    }
    return { items, place: next, more: items.length >= call.limit };
  },
});

const endOf = ({ views, now }: FeedDeps, scope: Scope): Promise<number> =>
  views.feedEnd(scope, now() - WAIT_MS);

/** Whether what came then is not told under a delay yet. */
const isTooNew = ({ now }: FeedDeps, { receivedAt }: LogEntry, delay: number): boolean =>
  delay > 0 && receivedAt + AHEAD_MS > now() - delay;

const entryAt = async ({ log }: FeedDeps, position: number): Promise<LogEntry | undefined> => {
  const [entry] = await log.read(position - 1, 1, MAX_BATCH_BYTES);
  return entry?.position === position ? entry : undefined;
};

interface Leg {
  readonly delay: number;
  /** The next shorter delay: what is given under it is told there. */
  readonly sooner: number | undefined;
  readonly from: number;
  readonly end: number;
}

/** Tells what one delay lets through; gives the position up to which it did. */
const follow = async (
  deps: FeedDeps,
  call: FeedCall,
  { delay, sooner, from, end }: Leg,
  items: FeedItem[],
): Promise<number> => {
  for (let at = from; ;) {
    if (items.length >= call.limit) return at;
    const positions = await deps.views.feedBatches(call.scope, { after: at, to: end, limit: BATCHES });
    // nothing between here and the end is the caller's
    if (positions.length === 0) return delay === 0 ? Math.max(at, end) : at;
    for (const position of positions) {
      const entry = await entryAt(deps, position);
      if (entry !== undefined && isTooNew(deps, entry, delay)) return at;
      if (entry !== undefined) items.push(...(await tell(deps, call, entry, delay, sooner)));
      at = position;
      if (items.length >= call.limit) return at;
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
    const [position] = await deps.views.feedBatches(scope, { after: middle - 1, to: end, limit: 1 });
    const entry = position === undefined ? undefined : await entryAt(deps, position);
    if (entry === undefined || isTooNew(deps, entry, delay)) high = middle - 1;
    else low = middle;
  }
  return low;
};

/** What one batch gives under a delay and not under a shorter one. */
const tell = async (
  { views, now }: FeedDeps,
  { scope, note }: FeedCall,
  { message, receivedAt }: LogEntry,
  delay: number,
  sooner: number | undefined,
): Promise<readonly FeedItem[]> => {
  const parsed = parseBatch(message);
  const { source, epoch, directory, content, recalled = false } = parsed.header;
  if (content !== 'readings') return [];
  const body = openBody(parsed);
  if (body.content !== 'readings') return [];
  const points = await views.pointsIn(source, directory);
  const given = scopeWithin(scope, delay, receivedAt);
  const before = sooner === undefined ? undefined : scopeWithin(scope, sooner, receivedAt);
  const items: FeedItem[] = [];
  for (const { point, readings } of body.columns) {
    const pointId = points.get(point);
    if (pointId === undefined) continue;
    const places = readings.map(({ time, ordinal }) => [time, ordinal] as const);
    const asked = { pointId, source, epoch, places };
    const told = new Set(
      before === undefined
        ? []
        : (await views.readingsOf(before, now(), asked)).map(({ ordinal }) => ordinal),
    );
    const rows = (await views.readingsOf(given, now(), asked)).filter(({ ordinal, time }) => {
      return !told.has(ordinal) && (delay === 0 || time < now() - delay);
    });
    if (rows.length > 0) note({ pointId, times: rows.map(({ time }) => time), resolutionMs: 0 });
    for (const row of rows) {
      items.push({ pointId, row, receivedAt, late: receivedAt - row.time > LATE_MS, recalled });
    }
  }
  return items;
};
