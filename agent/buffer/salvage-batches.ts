import { hashOfBody, parseBatch, type ParsedBatch } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import { LANES } from '#wire/terms.js';
import { seqOf } from './batch-ids.js';
import type { BatchSummary } from './batches-table.js';
import type { AbsorbInto } from './buffer-core.js';
import { isDamage, scanDamaged } from './damaged-file.js';
import { parseLoss } from './losses.js';
import { readable, type Brought } from './salvage-rows.js';
import type { Database } from './sqlite-database.js';

const BATCHES = 100;

const isIn = (from: Database, table: string, id: number): boolean => {
  try {
    return from.prepare(`SELECT 1 FROM ${table} WHERE id = ?`).get(id) !== undefined;
  } catch (error) {
    if (isDamage(error)) return false;
    throw error;
  }
};

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** A batch whose bytes are as they were signed. */
const intact = (id: number, message: Uint8Array): ParsedBatch | undefined => {
  try {
    const parsed = parseBatch(message);
    const hash = hashOfBody(parsed.summary, parsed.body);
    return parsed.header.seq === seqOf(id) && sameBytes(hash, parsed.header.bodyHash) ? parsed : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

const EVICTED = 'id, content, count, heldBack, firstTime, lastTime';

/** What is known of the old epoch's batches that are gone: asked for again, they are declared exactly, and once. */
const bringEnded = (from: Database, into: AbsorbInto, own: string): void => {
  const evicted = into.database.prepare(
    `INSERT OR IGNORE INTO evicted (${EVICTED}) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  for (const row of readable(() => from.prepare<[], BatchSummary>(`SELECT ${EVICTED} FROM evicted`).all())) {
    const id = row.id > 0 ? into.ids.of(own, row.id) : undefined;
    if (id !== undefined) evicted.run(id, row.content, row.count, row.heldBack, row.firstTime, row.lastTime);
  }
  const declared = into.database.prepare('INSERT OR IGNORE INTO declared (id) VALUES (?)');
  for (const row of readable(() => from.prepare<[], { id: number }>('SELECT id FROM declared').all())) {
    const id = row.id > 0 ? into.ids.of(own, row.id) : undefined;
    if (id !== undefined) declared.run(id);
  }
};

/** Tells of the epochs whose batches the old file held, its own last: how far each went. All else must be here. */
export const bringEpochs = (from: Database, into: AbsorbInto, own: string, lastSeq: number): void => {
  const earlier = readable(() =>
    from
      .prepare<[], { epoch: string; lastSeq: number }>('SELECT epoch, lastSeq FROM epoch ORDER BY number')
      .all(),
  );
  for (const each of [...earlier, { epoch: own, lastSeq }]) into.ids.add(each.epoch, each.lastSeq);
  bringEnded(from, into, own);
};

/** Directories, so that what is brought over can be read upstream. */
export const bringDirectories = (from: Database, into: AbsorbInto): void => {
  for (const { hash, bytes } of readable(() =>
    from
      .prepare<[], { hash: Uint8Array; bytes: Uint8Array }>(
        'SELECT hash, bytes FROM directory ORDER BY number',
      )
      .all(),
  ))
    into.directories.keep(hash, bytes);
};

/**
 * Batches go on under the epoch and number that they have, the same bytes: those without an ack are sent, the others
 * are local history.
 */
export const bringBatches = (
  from: Database,
  into: AbsorbInto,
  after: number,
  which: 'unacked' | 'acked',
): Brought => {
  const { rows, damaged, ended } = scanDamaged<{
    readonly key: number;
    readonly lane: number;
    readonly message: Uint8Array;
  }>(from, 'SELECT id AS key, lane, message FROM batch WHERE id > ? ORDER BY id LIMIT ?', after, BATCHES);
  let count = 0;
  for (const { key, lane, message } of rows) {
    if (isIn(from, 'acked', key) !== (which === 'acked')) continue;
    const parsed = intact(key, message);
    if (parsed === undefined) continue;
    const { header } = parsed;
    into.ids.add(header.epoch);
    const id = into.ids.of(header.epoch, header.seq);
    if (id === undefined || into.batches.has(id)) continue;
    into.batches.insert(id, LANES[lane] ?? 'backfill', message, header);
    if (which === 'acked') into.keepAcked(id);
    else if (isIn(from, 'quarantined', key)) into.batches.quarantine(id, 'quarantined before', into.now());
    count += 1;
  }
  return { to: rows.at(-1)?.key ?? after, count, damaged, ended };
};

/** Loss records that no batch of the old file carries. */
export const bringLosses = (from: Database, into: AbsorbInto): number => {
  const records = readable(() =>
    from.prepare<[], { record: string }>('SELECT record FROM loss ORDER BY ordinal').all(),
  );
  for (const { record } of records) {
    const parsed = parseLoss(record);
    if (parsed === undefined) continue;
    const { ordinal: _, ...loss } = parsed;
    into.losses.record(loss);
  }
  return records.length;
};

/** The most readings that a batch holds: the bound where nothing else is known of it. */
const MOST_READINGS = 8_000;
/** Own epoch's numbers that are looked through one by one where the list of unacked batches is damaged. */
const MOST_LOOKED = 200_000;

/** Declares the batches that were not acked and are not readable; exact where the list of unacked batches is whole. */
export const declareLostBatches = (
  from: Database,
  into: AbsorbInto,
  epoch: string,
  lastSeq: number,
  damaged: boolean,
): void => {
  let listDamaged = false;
  const lost = new Map<number, BatchSummary | undefined>();
  const isHere = (id: number): boolean => {
    const here = into.ids.of(epoch, id);
    return here !== undefined && into.batches.has(here);
  };
  for (const lane of LANES.keys()) {
    for (let after = 0; ;) {
      const { rows, ...scan } = scanDamaged<BatchSummary & { readonly key: number }>(
        from,
        `SELECT id AS key, id, bytes, content, count, heldBack, lastOrdinal, firstTime, lastTime
         FROM pending WHERE lane = ${lane} AND id > ? ORDER BY id LIMIT ?`,
        after,
        1_000,
      );
      listDamaged ||= scan.damaged;
      for (const row of rows) if (!isHere(row.id)) lost.set(row.id, row);
      after = rows.at(-1)?.key ?? after;
      if (scan.ended) break;
    }
  }
  if (listDamaged || damaged) {
    const known = (id: number): boolean =>
      ['acked', 'evicted', 'declared', 'quarantined'].some((table) => isIn(from, table, id));
    const least =
      readable(() => from.prepare<[], { id: number | null }>('SELECT max(id) AS id FROM evicted').all())[0]
        ?.id ?? 0;
    for (let id = Math.max(least, lastSeq - MOST_LOOKED) + 1; id <= lastSeq; id += 1)
      if (!lost.has(id) && !isHere(id) && (listDamaged ? !known(id) : false)) lost.set(id, undefined);
  }
  for (const [id, summary] of [...lost].toSorted(([a], [b]) => a - b)) {
    const { content, count = MOST_READINGS, heldBack = 0 } = summary ?? {};
    into.losses.record({
      cause: 'damage',
      epoch,
      firstSeq: id,
      lastSeq: id,
      count: content === undefined || content === 0 ? count : 0,
      ...(content === 1 ? { windows: count } : {}),
      ...(heldBack === 0 ? {} : { heldBack }),
      exact: summary !== undefined,
      ...(summary === undefined ? {} : { firstTime: summary.firstTime, lastTime: summary.lastTime }),
      points: [],
      note: 'not readable in a damaged file',
    });
  }
};
