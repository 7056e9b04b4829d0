import { openColumns, parseBatch, type ParsedBatch } from '#wire/batch.js';
import { presentColumns, unpackColumns } from '#wire/body.js';
import { decodeDirectory } from '#wire/directory-codec.js';
import { WireError } from '#wire/errors.js';
import type { Reading } from '#wire/readings.js';
import type { Archive } from './archive.js';
import type { Boots } from './boots.js';
import type { HistoryQuestion } from './buffer.js';
import type { Directories } from './directories.js';
import type { Points } from './points.js';
import type { ReadingsTable } from './readings-table.js';
import { readingAt } from './sealing.js';
import type { Database } from './sqlite-database.js';
import type { State } from './state-row.js';

export interface HistoryDeps {
  readonly database: Database;
  readonly archive: Archive;
  readonly boots: Boots;
  readonly points: Points;
  readonly readings: ReadingsTable;
  readonly directories: Directories;
  readonly state: State;
}

/** A batch or a segment of the archive that may hold something of a period. */
export interface HistorySpan {
  readonly segment: 0 | 1;
  readonly id: number;
  /** UTC ms. */
  readonly firstTime: number;
}

/**
 * Steps through what is stored of one point: rows that no batch carries, batches, segments of the archive. Each reading is in one
 * of them, but may go from one to the next between two steps. Nothing is written.
 */
export interface History {
  /** Of the next rows after an ordinal; `undefined` after the last. */
  rows(
    question: HistoryQuestion,
    after: number,
  ): { readonly ordinal: number; readonly readings: readonly Reading[] } | undefined;
  /** Ids of refused batches, ascending. */
  refused(after: number): readonly number[];
  /** The next spans after one, by the time that they begin at. */
  spans(question: HistoryQuestion, after: HistorySpan | undefined): readonly HistorySpan[];
  /** Readings of a span; none where it is gone by now, or its bytes are damaged. */
  open(question: HistoryQuestion, span: Pick<HistorySpan, 'segment' | 'id'>): readonly Reading[];
  /** The oldest time of anything, UTC ms. */
  keptFrom(): number | undefined;
}

const ROWS = 20_000;
const SPANS = 500;

const isAsked = ({ fromMs, toMs }: HistoryQuestion, { time }: Reading): boolean =>
  time >= fromMs && time < toMs;

export const createHistory = (deps: HistoryDeps): History => ({
  rows: (question, after) => nextRows(deps, question, after),
  ...createSpans(deps.database),
  open: createOpen(deps),
  keptFrom: createKeptFrom(deps),
});

/** Numbers of a point: a replaced device has another one. */
const numbersOf = (points: Points, key: string): readonly number[] =>
  [...points.all()].flatMap(([number, point]) => (point.key === key ? [number] : []));

const nextRows = (
  { readings, boots, points, state }: HistoryDeps,
  question: HistoryQuestion,
  after: number,
): ReturnType<History['rows']> => {
  const first = readings.nextOrdinal(after);
  if (first === undefined) return undefined;
  const { sealedReadings, liveFrom, liveSealed } = state.row;
  const ordinal = first + ROWS - 1;
  const rows = readings.looseOf(numbersOf(points, question.key), first, ordinal, [
    [0, sealedReadings],
    [liveFrom, liveSealed],
  ]);
  const asked = rows
    .map((row) => {
      const { time, uncertainty } = row;
      const believed = { time, clock: 'unsynced', uncertaintyMs: uncertainty ?? 0 } as const;
      return readingAt(row, boots.timeOf(row) ?? believed);
    })
    .filter((reading) => isAsked(question, reading));
  return { ordinal, readings: asked };
};

const createSpans = (database: Database): Pick<History, 'spans' | 'refused'> => {
  const OVERLAP = 'lastTime >= @fromMs AND firstTime < @toMs';
  const next = database.prepare<[Record<string, number>], HistorySpan>(
    `SELECT * FROM (
       SELECT 0 AS segment, id, firstTime FROM acked WHERE content = 0 AND ${OVERLAP}
       UNION ALL SELECT 0, id, firstTime FROM pending WHERE content = 0 AND ${OVERLAP}
       UNION ALL SELECT 1, firstOrdinal, firstTime FROM archive WHERE ${OVERLAP})
     WHERE (firstTime, segment, id) > (@time, @segment, @id) ORDER BY firstTime, segment, id LIMIT ${SPANS}`,
  );
  const refused = database
    .prepare<[number], number>(`SELECT id FROM quarantined WHERE id > ? ORDER BY id LIMIT ${SPANS}`)
    .pluck();
  return {
    spans: ({ fromMs, toMs, after: place }, after) =>
      next.all({
        fromMs: Math.max(fromMs, place?.time ?? fromMs),
        toMs,
        time: after?.firstTime ?? Number.MIN_SAFE_INTEGER,
        segment: after?.segment ?? 0,
        id: after?.id ?? Number.MIN_SAFE_INTEGER,
      }),
    refused: (after) => refused.all(after),
  };
};

const createOpen = ({ database, archive, directories, points }: HistoryDeps): History['open'] => {
  const message = database.prepare<[number], Uint8Array>('SELECT message FROM batch WHERE id = ?').pluck();
  const numberIn = createNumbering(directories);
  const ofBatch = (key: string, id: number): readonly Reading[] => {
    const bytes = message.get(id);
    if (bytes === undefined) return [];
    const parsed = parseBatch(bytes);
    if (parsed.header.content !== 'readings') return [];
    return readingsIn(parsed, numberIn(parsed.header.directory, key) ?? numbersOf(points, key));
  };
  const ofSegment = (key: string, id: number): readonly Reading[] => {
    const numbers = numbersOf(points, key);
    const segment = archive.at(id);
    return (segment?.columns ?? []).flatMap(({ point, readings }) =>
      numbers.includes(point) ? readings : [],
    );
  };
  return (question, { segment, id }) => {
    try {
      const found = segment === 1 ? ofSegment(question.key, id) : ofBatch(question.key, id);
      return found.filter((reading) => isAsked(question, reading));
    } catch (error) {
      if (error instanceof WireError) return [];
      throw error;
    }
  };
};

const readingsIn = (parsed: ParsedBatch, numbers: readonly number[]): readonly Reading[] => {
  const columns = presentColumns(openColumns(parsed).entries).filter(({ point }) => numbers.includes(point));
  const content = unpackColumns('readings', columns, parsed.header.count);
  return content.content === 'readings' ? content.columns.flatMap(({ readings }) => readings) : [];
};

const DIRECTORIES = 64;

/** Numbers that a directory gives a point; `undefined` where it is not here, or not readable. */
const numbersBy = (
  directories: Directories,
  hash: Uint8Array,
  key: string,
): readonly number[] | undefined => {
  try {
    const [stored] = directories.list([hash]);
    return (
      stored &&
      decodeDirectory(stored.bytes).directory.points.flatMap((point) =>
        `${point.device}/${point.key}` === key ? [point.number] : [],
      )
    );
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

/** The same, kept for as long as one point is asked for. Batches of a damaged file may number points as this one does not. */
const createNumbering = (directories: Directories) => {
  let of = '';
  const known = new Map<string, readonly number[] | undefined>();
  return (hash: Uint8Array, key: string): readonly number[] | undefined => {
    if (key !== of || known.size > DIRECTORIES) known.clear();
    of = key;
    const name = globalThis.Buffer.from(hash).toString('hex');
    if (!known.has(name)) known.set(name, numbersBy(directories, hash, key));
    return known.get(name);
  };
};

const createKeptFrom = ({ database, readings, boots }: HistoryDeps): History['keptFrom'] => {
  const oldest = database
    .prepare<[], number | null>(
      `SELECT min(least) FROM (SELECT min(firstTime) AS least FROM acked WHERE content = 0
       UNION ALL SELECT min(firstTime) FROM pending WHERE content = 0 UNION ALL SELECT min(firstTime) FROM archive)`,
    )
    .pluck();
  return () => {
    const first = readings.nextOrdinal(0);
    const row = first === undefined ? undefined : readings.at(first);
    const times = [
      oldest.get() ?? Infinity,
      row === undefined ? Infinity : (boots.timeOf(row)?.time ?? row.time),
    ];
    const least = Math.min(...times);
    return least === Infinity ? undefined : least;
  };
};
