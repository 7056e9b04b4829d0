import type { AbsorbInto } from './buffer-core.js';
import { BOOT_COLUMNS, type Boot } from './boots.js';
import { scanDamaged, isDamage } from './damaged-file.js';
import type { ReadingRow } from './reading-row.js';
import type { Database } from './sqlite-database.js';

/** What of another file's state is known: `undefined` where its row cannot be read. */
export interface OldState {
  readonly epoch: string;
  readonly lastSeq: number;
  readonly lastOrdinal: number;
  readonly sealedReadings: number;
  readonly liveFrom: number;
  readonly liveSealed: number;
  readonly sealedWindows: number;
  readonly readingsSealed: number;
  readonly windowsSealed: number;
  readonly lossesSealed: number;
  readonly droppedRows: number;
}

/** Everything that can be read of a small table; nothing where it is damaged. */
export const readable = <Row>(read: () => readonly Row[]): readonly Row[] => {
  try {
    return read();
  } catch (error) {
    if (isDamage(error)) return [];
    throw error;
  }
};

/** One stretch of what was brought over. */
export interface Brought {
  readonly to: number;
  readonly count: number;
  readonly damaged: boolean;
  readonly ended: boolean;
}

const ROWS = 2_000;

/** Numbers and boots of the old file as they are here. */
const mapPoints = (from: Database, into: AbsorbInto): ReadonlyMap<number, number> => {
  const rows = readable(() =>
    from
      .prepare<[], { number: number; key: string; definition: string }>(
        'SELECT number, key, definition FROM point ORDER BY number',
      )
      .all(),
  );
  return new Map(rows.map(({ number, key, definition }) => [number, into.points.numberOf(key, definition)]));
};

const mapBoots = (from: Database, into: AbsorbInto): ReadonlyMap<number, number> => {
  const rows = readable(() => from.prepare<[], Boot>(`SELECT ${BOOT_COLUMNS} FROM boot ORDER BY id`).all());
  const ids = into.boots.addEarlier(rows);
  return new Map(rows.flatMap(({ id, name }) => [[id, ids.get(name) ?? id] as const]));
};

/** Stores anew the rows that no batch of the old file carries. */
export const bringRows = (from: Database, into: AbsorbInto, old: OldState, after: number): Brought => {
  const scanned = scanDamaged<ReadingRow & { readonly key: number }>(
    from,
    `SELECT ordinal AS key, ordinal, point, boot, monotonic, time, marks, value, text, uncertainty, deviceTime
     FROM reading WHERE ordinal > ? ORDER BY ordinal LIMIT ?`,
    Math.max(after, old.sealedReadings),
    ROWS,
  );
  const points = mapPoints(from, into);
  const boots = mapBoots(from, into);
  let count = 0;
  for (const { key, ordinal, boot: oldBoot, point: oldPoint, ...row } of scanned.rows) {
    const sealed = old.liveFrom > 0 && key >= old.liveFrom && ordinal <= old.liveSealed;
    const point = points.get(oldPoint);
    const boot = boots.get(oldBoot);
    if (sealed || point === undefined || boot === undefined) continue;
    into.store({ ...row, point }, boot);
    count += 1;
  }
  return { to: scanned.rows.at(-1)?.key ?? after, count, damaged: scanned.damaged, ended: scanned.ended };
};

/** Windows that no batch of the old file carries, under new ordinals. */
export const bringWindows = (from: Database, into: AbsorbInto, old: OldState, after: number): Brought => {
  const scanned = scanDamaged<{
    readonly key: number;
    readonly point: number;
    readonly period: number;
    readonly start: number;
    readonly revision: number;
    readonly aggregate: string;
  }>(
    from,
    `SELECT ordinal AS key, point, period, start, revision, aggregate
     FROM window WHERE ordinal > ? ORDER BY ordinal LIMIT ?`,
    Math.max(after, old.sealedWindows),
    ROWS,
  );
  const points = mapPoints(from, into);
  const insert = into.database.prepare(
    'INSERT INTO window (ordinal, point, period, start, revision, aggregate) VALUES (?, ?, ?, ?, ?, ?)',
  );
  let count = 0;
  for (const { point: oldPoint, period, start, revision, aggregate } of scanned.rows) {
    const point = points.get(oldPoint);
    if (point === undefined) continue;
    const ordinal = into.state.row.lastOrdinal + 1;
    insert.run(ordinal, point, period, start, revision, aggregate);
    into.state.write({ lastOrdinal: ordinal, windowsMade: into.state.row.windowsMade + 1 });
    count += 1;
  }
  return { to: scanned.rows.at(-1)?.key ?? after, count, damaged: scanned.damaged, ended: scanned.ended };
};
