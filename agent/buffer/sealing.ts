import { sealBatch } from '#wire/batch.js';
import type { BatchContent } from '#wire/body.js';
import type { Reading, ReadingColumn } from '#wire/readings.js';
import type { Lane } from '#wire/terms.js';
import type { Window, WindowColumn } from '#wire/windows.js';
import type { BatchesTable } from './batches-table.js';
import type { Boots, RowTime } from './boots.js';
import type { BatchSigner } from './buffer.js';
import type { Directories } from './directories.js';
import type { Losses } from './losses.js';
import { deviceClockOf, flagOf, isHeld, reasonOf, valueOf, type ReadingRow } from './reading-row.js';
import type { ReadingsTable } from './readings-table.js';
import type { State, StateRow } from './state-row.js';
import type { StoredWindow, WindowsTable } from './windows-table.js';

export interface SealingDeps {
  readonly readings: ReadingsTable;
  readonly windows: WindowsTable;
  readonly batches: BatchesTable;
  readonly directories: Directories;
  readonly losses: Losses;
  readonly boots: Boots;
  readonly state: State;
  readonly random: (bytes: number) => Uint8Array;
}

/** Makes signed batches of what is stored; each call is part of a transaction of the caller. */
export interface Sealing {
  /** Losses are told first, and do not wait for the time. */
  sealLosses(why: 'due' | 'full', signer: BatchSigner): Sealed;
  /** Seals what left another batch or the archive: numbered as the next, ordinals as they were. */
  sealAgain(content: BatchContent, more: AgainMore, signer: BatchSigner): void;
  sealReadings(lane: Lane, why: 'due' | 'full', signer: BatchSigner): Sealed;
  sealWindows(lane: Lane, why: 'due' | 'full', signer: BatchSigner): Sealed;
}

/** What one call did: made a batch, only passed rows that were held back, or found nothing ready. */
export type Sealed = 'batch' | 'passed' | 'nothing';

export interface AgainMore {
  readonly directory: Uint8Array;
  readonly recalled?: true;
}

/** Windows of a full batch; readings of one, unless its columns would be short. */
const BATCH_COUNT = 1000;
const BATCH_LOSSES = 200;
/** A column shorter than this costs more than it holds: then the batch grows. */
const COLUMN_COUNT = 10;
const MOST_READINGS = 8_000;
/** Bytes of values in one batch, before packing: well below what a message may have. */
const MOST_BYTES = 600_000;
const NUMBER_BYTES = 9;
/** Rows looked at for one batch at most: held-back rows fill none. */
const SCAN_ROWS = 20_000;
/** What is older than this when it is sealed goes behind the newest, ms. */
const LIVE_MS = 5 * 60_000;

/** The wire's reading of a row, taken at that time. */
export const readingAt = (row: ReadingRow, known: RowTime): Reading => {
  const deviceClock = deviceClockOf(row);
  return {
    ordinal: row.ordinal,
    time: known.time,
    value: valueOf(row),
    flag: flagOf(row),
    reason: reasonOf(row),
    clock: known.clock,
    uncertaintyMs: known.uncertaintyMs,
    ...(row.deviceTime === null ? {} : { deviceTime: row.deviceTime }),
    ...(row.deviceTime === null || deviceClock === 'unstated' ? {} : { deviceClock }),
  };
};

/** The same, or `undefined` while its time is not known. */
export const readingOf = (boots: Boots, row: ReadingRow): Reading | undefined => {
  const known = boots.timeOf(row);
  return known === undefined ? undefined : readingAt(row, known);
};

/** Readings gathered in columns, in the order they come. */
export class ReadingColumns {
  readonly #columns = new Map<number, Reading[]>();
  count = 0;
  #bytes = 0;

  add(point: number, reading: Reading): void {
    const { value } = reading;
    this.#bytes += typeof value === 'string' ? Buffer.byteLength(value) : NUMBER_BYTES;
    const column = this.#columns.get(point);
    if (column === undefined) this.#columns.set(point, [reading]);
    else column.push(reading);
    this.count += 1;
  }

  /** Whether this is a batch's worth. */
  isFull(): boolean {
    const enough = Math.max(BATCH_COUNT, COLUMN_COUNT * this.#columns.size);
    return this.count >= Math.min(enough, MOST_READINGS) || this.#bytes >= MOST_BYTES;
  }

  columns(): readonly ReadingColumn[] {
    return [...this.#columns].map(([point, readings]) => ({ point, readings }));
  }
}

interface Gathered {
  readonly columns: ReadingColumns;
  readonly held: number;
  /** Last ordinal that is sealed or held back with this batch. */
  readonly to: number;
  /** Nothing more can be added: enough rows, or another directory follows. */
  readonly full: boolean;
  readonly newest: number;
}

const gather = (deps: SealingDeps, from: number, until: number): Gathered => {
  const columns = new ReadingColumns();
  let held = 0;
  let to = from;
  let newest = -Infinity;
  let full = false;
  for (const row of deps.readings.after(from, SCAN_ROWS)) {
    const reading = readingOf(deps.boots, row);
    full = reading !== undefined && row.ordinal > until;
    if (reading === undefined || full) break;
    to = row.ordinal;
    newest = Math.max(newest, reading.time);
    if (isHeld(row)) held += 1;
    else columns.add(row.point, reading);
    full = columns.isFull() || columns.count + held === SCAN_ROWS;
    if (full) break;
  }
  return { columns, held, to, full, newest };
};

const windowColumns = (rows: readonly StoredWindow[]): readonly WindowColumn[] => {
  const columns = new Map<string, { point: number; periodMs: number; windows: Window[] }>();
  for (const { point, period, ordinal, start, revision, aggregate } of rows) {
    const window = { ordinal, start, revision, aggregate };
    const key = `${point}/${period}`;
    const column = columns.get(key);
    if (column === undefined) columns.set(key, { point, periodMs: period, windows: [window] });
    else column.windows.push(window);
  }
  return [...columns.values()];
};

/** Where more rows than this wait, the newest of them are sealed first: so many. */
const BACKLOG_ROWS = 24_000;
const NEWEST_ROWS = 8_000;
/** What is sealed long after it was taken goes behind the newest, whatever lane was asked for. */
const laneOf = (boots: Boots, asked: Lane, newest: number): Lane =>
  asked === 'live' && newest < (boots.now() ?? newest) - LIVE_MS ? 'backfill' : asked;

interface Frame {
  readonly lane: Lane;
  readonly directory: Uint8Array;
  readonly heldBack: number;
  readonly recalled?: true;
}

/** Numbers, signs and keeps one batch; `progress` is what else changes with it. */
const seal = (
  { state, batches, random }: SealingDeps,
  frame: Frame,
  content: BatchContent,
  signer: BatchSigner,
  progress: Partial<StateRow>,
): void => {
  const { epoch, lastSeq } = state.row;
  const seq = lastSeq + 1;
  const { message, header } = sealBatch({ ...frame, ...content, epoch, seq, seed: random(16) }, signer);
  batches.insert(seq, frame.lane, message, header);
  state.write({ ...progress, lastSeq: seq, source: signer.source });
};

const sealLosses = (deps: SealingDeps, why: 'due' | 'full', signer: BatchSigner): Sealed => {
  const { state, directories, losses } = deps;
  // without an uplink they wait, so that they can be put together
  if (why === 'full') return 'nothing';
  const found = losses.oldest(BATCH_LOSSES);
  const last = found.at(-1);
  const directory = directories.current();
  if (last === undefined || directory === undefined) return 'nothing';
  const frame: Frame = { lane: 'live', directory, heldBack: 0 };
  const progress = { lossesSealed: state.row.lossesSealed + found.length };
  seal(deps, frame, { content: 'losses', losses: found }, signer, progress);
  losses.deleteTo(last.ordinal);
  return 'batch';
};

/** A stretch of rows that is sealed next: those after `from`, up to `until`; `done` moves its watermark. */
interface Stretch {
  readonly from: number;
  readonly until: number;
  readonly done: (to: number) => Partial<StateRow>;
}

/** Where rows are sealed: in order, or the newest first while many wait. */
const stretches = ({ state, readings }: SealingDeps): readonly Stretch[] => {
  const { sealedReadings, lastOrdinal, liveFrom } = state.row;
  if (liveFrom === 0 && lastOrdinal - sealedReadings > BACKLOG_ROWS)
    state.write({ liveFrom: lastOrdinal - NEWEST_ROWS + 1, liveSealed: lastOrdinal - NEWEST_ROWS });
  const { liveFrom: begin, liveSealed } = state.row;
  if (begin > 0 && (readings.nextOrdinal(sealedReadings) ?? begin) >= begin)
    state.write({ sealedReadings: liveSealed, liveFrom: 0, liveSealed: 0 });
  const inOrder: Stretch = {
    from: state.row.sealedReadings,
    until: state.row.liveFrom === 0 ? Infinity : begin - 1,
    done: (to) => ({ sealedReadings: to }),
  };
  if (state.row.liveFrom === 0) return [inOrder];
  return [{ from: liveSealed, until: Infinity, done: (to) => ({ liveSealed: to }) }, inOrder];
};

const sealStretch = (
  deps: SealingDeps,
  stretch: Stretch,
  asked: Lane,
  why: 'due' | 'full',
  signer: BatchSigner,
): Sealed => {
  const { state, boots, directories } = deps;
  const { readingsSealed, heldPending, heldRows } = state.row;
  const next = deps.readings.nextOrdinal(stretch.from);
  const directory = next === undefined || next > stretch.until ? undefined : directories.at(next);
  if (boots.now() === undefined || directory === undefined) return 'nothing';
  const until = Math.min(directory.until, stretch.until);
  const { columns, held, to, full, newest } = gather(deps, stretch.from, until);
  if (to === stretch.from || (why === 'full' && !full)) return 'nothing';
  const pending = heldPending + held;
  const progress = {
    ...stretch.done(to),
    readingsSealed: readingsSealed + columns.count + held,
    heldRows: heldRows + held,
  };
  if (columns.count === 0) {
    state.write({ ...progress, heldPending: pending });
    return 'passed';
  }
  const lane = laneOf(boots, asked, newest);
  const frame: Frame = { lane, directory: directory.hash, heldBack: pending };
  const content: BatchContent = { content: 'readings', columns: columns.columns() };
  seal(deps, frame, content, signer, { ...progress, heldPending: 0 });
  return 'batch';
};

const sealReadings = (deps: SealingDeps, asked: Lane, why: 'due' | 'full', signer: BatchSigner): Sealed => {
  for (const stretch of stretches(deps)) {
    const sealed = sealStretch(deps, stretch, asked, why, signer);
    if (sealed !== 'nothing') return sealed;
  }
  return 'nothing';
};

const sealWindows = (deps: SealingDeps, asked: Lane, why: 'due' | 'full', signer: BatchSigner): Sealed => {
  const { state, boots, directories } = deps;
  const { sealedWindows, windowsSealed } = state.row;
  const ready = deps.windows.after(sealedWindows, BATCH_COUNT);
  const directory = ready[0] === undefined ? undefined : directories.at(ready[0].ordinal);
  if (boots.now() === undefined || directory === undefined) return 'nothing';
  const rows = ready.filter(({ ordinal }) => ordinal <= directory.until);
  const last = rows.at(-1);
  const full = rows.length === BATCH_COUNT || rows.length < ready.length;
  if (last === undefined || (why === 'full' && !full)) return 'nothing';
  const lane = laneOf(boots, asked, Math.max(...rows.map(({ start, period }) => start + period)));
  const frame: Frame = { lane, directory: directory.hash, heldBack: 0 };
  const content: BatchContent = { content: 'windows', columns: windowColumns(rows) };
  const progress = { sealedWindows: last.ordinal, windowsSealed: windowsSealed + rows.length };
  seal(deps, frame, content, signer, progress);
  return 'batch';
};

export const createSealing = (deps: SealingDeps): Sealing => ({
  sealLosses: (why, signer) => sealLosses(deps, why, signer),
  sealAgain: (content, more, signer) =>
    seal(deps, { ...more, lane: 'backfill', heldBack: 0 }, content, signer, {}),
  sealReadings: (lane, why, signer) => sealReadings(deps, lane, why, signer),
  sealWindows: (lane, why, signer) => sealWindows(deps, lane, why, signer),
});
