import { createHash } from 'node:crypto';
import { openColumns, parseBatch } from '#wire/batch.js';
import { unpackColumns, type SaltedColumn } from '#wire/body.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import { reduceBatch } from '#wire/reduce-batch.js';
import type { Erasure, LogEntry, LogReader, LogWriter, TakenFromOthers } from '../store/log-store.js';

/** What one step reads of the log. */
const MAX_ENTRIES = 64;
const MAX_BYTES = 4_194_304;

/** Columns of one point that speak of a time in [from, to), UTC ms. */
export interface ErasureOrder {
  readonly pointId: string;
  readonly from: number;
  readonly to: number;
  /** Whose erasure it is. */
  readonly own: ReadonlySet<string>;
  /** Who held the point at a time, UTC ms. */
  readonly holderAt: (time: number) => string | undefined;
  /** Number of the point in a directory of a source. */
  readonly numberIn: (source: string, directory: Uint8Array) => Promise<number | undefined>;
}

export interface ErasureTotals {
  readonly batches: number;
  readonly readings: number;
  readonly windows: number;
  /** Of these: what others held, since a column goes as a whole. */
  readonly others: readonly OthersTotal[];
}

export type OthersTotal = Pick<TakenFromOthers, 'organisationId' | 'readings' | 'windows'>;

/** Called after each step with the position in the log that it reached. */
type Progress = (position: number) => void;

interface Deps {
  readonly reader: Pick<LogReader, 'read'>;
  readonly now: () => number;
}

/** What an erasure would take; changes nothing. */
export const countColumns = async (
  deps: Deps,
  orders: readonly ErasureOrder[],
  progress: Progress,
): Promise<ErasureTotals> => {
  let totals: ErasureTotals = NOTHING;
  for await (const { position, erasures } of stepsOf(deps, orders)) {
    totals = withStep(totals, erasures);
    progress(position);
  }
  return totals;
};

/**
 * Takes the columns out of the log, step by step. Each step is whole or not at all: after a kill, the same orders
 * go on with what is left. A column goes as a whole, also where it reaches beyond the period; what of it was others' is
 * counted.
 */
export const eraseColumns = async (
  deps: Deps & { readonly writer: Pick<LogWriter, 'eraseColumns'> },
  orders: readonly ErasureOrder[],
  progress: Progress,
): Promise<ErasureTotals> => {
  let totals: ErasureTotals = NOTHING;
  for await (const { position, erasures } of stepsOf(deps, orders)) {
    if (erasures.length > 0) await deps.writer.eraseColumns(erasures);
    totals = withStep(totals, erasures);
    progress(position);
  }
  return totals;
};

const NOTHING: ErasureTotals = { batches: 0, readings: 0, windows: 0, others: [] };

/** A batch that several points lose columns of is one batch; each is in one step. */
const withStep = (totals: ErasureTotals, erasures: readonly Erasure[]): ErasureTotals => ({
  batches: totals.batches + new Set(erasures.map(({ position }) => position)).size,
  readings: erasures.reduce((sum, { readings }) => sum + readings, totals.readings),
  windows: erasures.reduce((sum, { windows }) => sum + windows, totals.windows),
  others: byOrganisation([...totals.others, ...erasures.flatMap(({ others }) => others)]),
});

/** Sums for each organisation, by id. */
export const byOrganisation = (parts: readonly OthersTotal[]): readonly OthersTotal[] => {
  const sums = new Map<string, OthersTotal>();
  for (const { organisationId, readings, windows } of parts) {
    const known = sums.get(organisationId);
    sums.set(organisationId, {
      organisationId,
      readings: readings + (known?.readings ?? 0),
      windows: windows + (known?.windows ?? 0),
    });
  }
  return [...sums.values()].toSorted((a, b) => (a.organisationId < b.organisationId ? -1 : 1));
};

interface Step {
  readonly position: number;
  readonly erasures: readonly Erasure[];
}

async function* stepsOf({ reader, now }: Deps, orders: readonly ErasureOrder[]): AsyncGenerator<Step> {
  const numbered = createNumbered(orders);
  for (let position = 0; ;) {
    const entries = await reader.read(position, MAX_ENTRIES, MAX_BYTES);
    const last = entries.at(-1);
    if (last === undefined) return;
    position = last.position;
    const erasures: Erasure[] = [];
    for (const entry of entries) erasures.push(...(await erasuresOf(entry, numbered, now())));
    yield { position, erasures };
  }
}

/** What goes of one column. */
interface Taken {
  readonly firstTime: number;
  readonly lastTime: number;
  readonly readings: number;
  readonly windows: number;
  readonly others: readonly TakenFromOthers[];
}

/** An order, with the number that its point has in one directory. */
interface NumberedOrder {
  readonly order: ErasureOrder;
  readonly number: number;
}

type Numbered = (source: string, directory: Uint8Array) => Promise<readonly NumberedOrder[]>;

/** Which orders concern batches of a directory: asked once for each, since a gateway has few. */
const createNumbered = (orders: readonly ErasureOrder[]): Numbered => {
  const known = new Map<string, readonly NumberedOrder[]>();
  return async (source, directory) => {
    const key = `${source}/${Buffer.from(directory).toString('hex')}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const found: NumberedOrder[] = [];
    for (const order of orders) {
      const number = await order.numberIn(source, directory);
      if (number !== undefined) found.push({ order, number });
    }
    known.set(key, found);
    return found;
  };
};

/** One erasure for each point that the batch has columns of: each takes over what the one before left. */
const erasuresOf = async (
  entry: LogEntry,
  numbered: Numbered,
  erasedAt: number,
): Promise<readonly Erasure[]> => {
  if (entry.type !== 'batch') return [];
  const header = headerOf(entry.message);
  if (header === undefined || header.content === 'losses') return [];
  const erasures: Erasure[] = [];
  let { message } = entry;
  for (const each of await numbered(header.source, header.directory)) {
    const reduced = reduce(message, each);
    if (reduced === undefined) continue;
    erasures.push(erasureOf(entry.position, message, reduced, each.order.pointId, erasedAt));
    message = reduced.message;
  }
  return erasures;
};

/** The same columns of one entry again, as they went of another copy of it; what is out already stays so. */
export const eraseFrom = async (
  entry: LogEntry,
  { pointId, numberIn, firstTime, lastTime, erasedAt, others }: EarlierErasure,
): Promise<readonly Erasure[]> => {
  const order = {
    pointId,
    numberIn,
    from: firstTime,
    to: lastTime + 1,
    own: NOBODY,
    holderAt: () => undefined,
  };
  const found = await erasuresOf(entry, createNumbered([order]), erasedAt);
  return found.map((erasure) => ({ ...erasure, others }));
};

/** What a receipt says of one batch. */
type EarlierErasure = Pick<ErasureOrder, 'pointId' | 'numberIn'> &
  Pick<Erasure, 'firstTime' | 'lastTime' | 'erasedAt' | 'others'>;

const NOBODY: ReadonlySet<string> = new Set();

const headerOf = (message: Uint8Array): BatchHeader | undefined => {
  try {
    return parseBatch(message).header;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

const erasureOf = (
  position: number,
  before: Uint8Array,
  { header, taken, message }: Reduced,
  pointId: string,
  erasedAt: number,
): Erasure => {
  const total = (count: (item: Taken) => number): number => taken.reduce((sum, item) => sum + count(item), 0);
  return {
    position,
    pointId,
    source: header.source,
    epoch: header.epoch,
    seq: header.seq,
    firstTime: Math.min(...taken.map(({ firstTime }) => firstTime)),
    lastTime: Math.max(...taken.map(({ lastTime }) => lastTime)),
    readings: total(({ readings }) => readings),
    windows: total(({ windows }) => windows),
    others: joined(taken.flatMap(({ others }) => others)),
    erasedAt,
    before: sha256(before),
    after: sha256(message),
    message,
  };
};

/** One for each organisation. */
const joined = (parts: readonly TakenFromOthers[]): readonly TakenFromOthers[] =>
  byOrganisation(parts).map((sum) => {
    const own = parts.filter(({ organisationId }) => organisationId === sum.organisationId);
    return {
      ...sum,
      firstTime: Math.min(...own.map(({ firstTime }) => firstTime)),
      lastTime: Math.max(...own.map(({ lastTime }) => lastTime)),
    };
  });

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

interface Reduced {
  readonly header: BatchHeader;
  readonly taken: readonly Taken[];
  readonly message: Uint8Array;
}

/** The batch without the order's columns; `undefined` where it has none of them, or none that can be read. */
const reduce = (bytes: Uint8Array, { order, number }: NumberedOrder): Reduced | undefined => {
  try {
    const parsed = parseBatch(bytes);
    const { header } = parsed;
    const open = openColumns(parsed);
    const taken = new Map<SaltedColumn, Taken>();
    for (const column of open.entries) {
      if (column instanceof Uint8Array || column.point !== number) continue;
      const spans = spansOf(header, column);
      if (!spans.some(([first, last]) => first < order.to && last >= order.from)) continue;
      taken.set(column, takenOf(header.content, spans, order));
    }
    if (taken.size === 0) return undefined;
    const message = reduceBatch(parsed, open, (column) => taken.has(column));
    return { header, taken: [...taken.values()], message };
  } catch (error) {
    // nothing can be shown of it either: projections keep such a batch apart
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

/** First and last time that each reading or window of a column speaks of. */
const spansOf = ({ content, count }: Pick<BatchHeader, 'content' | 'count'>, column: SaltedColumn): Spans => {
  const unpacked = unpackColumns(content, [column], count);
  if (unpacked.content === 'losses') return [];
  if (unpacked.content === 'readings') {
    return unpacked.columns.flatMap(({ readings }) => readings.map(({ time }) => [time, time] as const));
  }
  return unpacked.columns.flatMap(({ windows, periodMs }) =>
    windows.map(({ start }) => [start, start + periodMs - 1] as const),
  );
};

type Spans = readonly (readonly [number, number])[];

const takenOf = (content: BatchHeader['content'], spans: Spans, order: ErasureOrder): Taken => {
  const byHolder = new Map<string, (readonly [number, number])[]>();
  for (const span of spans) {
    const holder = order.holderAt(span[0]);
    if (holder === undefined || order.own.has(holder)) continue;
    const known = byHolder.get(holder);
    if (known === undefined) byHolder.set(holder, [span]);
    else known.push(span);
  }
  const others = [...byHolder].map(([organisationId, own]) => ({
    organisationId,
    ...countsOf(content, own),
  }));
  return { ...countsOf(content, spans), others };
};

const countsOf = (content: BatchHeader['content'], spans: Spans): Omit<Taken, 'others'> => ({
  firstTime: spans.reduce((least, [first]) => Math.min(least, first), Infinity),
  lastTime: spans.reduce((most, [, last]) => Math.max(most, last), -Infinity),
  readings: content === 'readings' ? spans.length : 0,
  windows: content === 'windows' ? spans.length : 0,
});
