import { parseBatch } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import { CONTENTS, LANES, type Lane } from '#wire/terms.js';
import { seqOf } from './batch-ids.js';
import type { QuarantinedBatch, SealedBatch } from './buffer.js';
import type { Database } from './sqlite-database.js';

interface BatchRow {
  readonly id: number;
  readonly lane: number;
  readonly message: Uint8Array;
}

/** What is known of a batch without opening it; times are UTC ms. */
export interface BatchSummary {
  readonly id: number;
  readonly bytes: number;
  /** Index in `CONTENTS`. */
  readonly content: number;
  readonly count: number;
  readonly heldBack: number;
  readonly lastOrdinal: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

export type IdRange = readonly [first: number, last: number];

/** Sealed batches: the messages, written once, and what became of each. Ids are those of `batch-ids.ts`. */
export interface BatchesTable {
  insert(id: number, lane: Lane, message: Uint8Array, header: BatchHeader): void;
  /** A batch whose bytes are damaged is quarantined here, dated `at`: it would hold up its lane for ever. */
  claim(lane: Lane, limit: number, except: ReadonlySet<number>, at: number): readonly SealedBatch[];
  recall(range: IdRange): readonly SealedBatch[];
  /** Gives the bytes that became history. */
  ack(range: IdRange): number;
  /** Gives whether the batch was unacked until now. */
  quarantine(id: number, reason: string, at: number): boolean;
  /** Removes the oldest acked batch; its summary stays a while. */
  evictOldest(): BatchSummary | undefined;
  /** The same for one acked batch. */
  evict(id: number): void;
  /** Newest time in the oldest acked batch, UTC ms. */
  oldestAckedTime(): number | undefined;
  /** What the summary of an evicted batch says. */
  evicted(
    id: number,
  ): Pick<BatchSummary, 'content' | 'count' | 'heldBack' | 'firstTime' | 'lastTime'> | undefined;
  /** The next unacked batch after an id, whatever its lane. */
  nextPending(after: number): (BatchSummary & { readonly message: Uint8Array }) | undefined;
  /** Removes an unacked batch, of which a loss record tells. */
  drop(id: number): void;
  /** Acked batches of readings that overlap [from, to), UTC ms, await their ack again; gives how many, and their bytes. */
  offerAgain(from: number, to: number): { readonly batches: number; readonly bytes: number };
  has(id: number): boolean;
  firstPending(range: IdRange): number | undefined;
  countPending(): number;
  /** Readings and windows in unacked batches. */
  pendingCount(): number;
  countQuarantined(): number;
  /** Newest first. */
  quarantined(limit: number): readonly QuarantinedBatch[];
  quarantinedMessage(id: number): Uint8Array | undefined;
}

const SUMMARY = 'id, bytes, content, count, heldBack, lastOrdinal, firstTime, lastTime';
/** Summaries of evicted batches that are kept, so that a fleet restored from a backup can be told what it lacks. */
const EVICTED_ROWS = 50_000;
const BACKFILL = LANES.indexOf('backfill');

const toBatch = ({ id, lane, message }: BatchRow): SealedBatch => ({
  id,
  seq: seqOf(id),
  lane: LANES[lane] ?? 'backfill',
  message,
  header: parseBatch(message).header,
});

type Answers = Pick<BatchesTable, 'ack' | 'quarantine'>;
type History = Pick<BatchesTable, 'evictOldest' | 'evict' | 'oldestAckedTime' | 'evicted' | 'offerAgain'>;
type Unacked = Pick<BatchesTable, 'nextPending' | 'drop' | 'firstPending' | 'countPending' | 'pendingCount'>;

const createAnswers = (database: Database): Answers => {
  const pendingBytes = database
    .prepare<[number, number, number], number>(
      'SELECT total(bytes) FROM pending WHERE lane = ? AND id BETWEEN ? AND ?',
    )
    .pluck();
  const moveAcked = database.prepare(
    `INSERT INTO acked (${SUMMARY}) SELECT ${SUMMARY} FROM pending WHERE lane = ? AND id BETWEEN ? AND ?`,
  );
  const dropPending = database.prepare('DELETE FROM pending WHERE lane = ? AND id BETWEEN ? AND ?');
  const refuse = database.prepare(
    'INSERT INTO quarantined (id, reason, at) SELECT id, ?, ? FROM pending WHERE lane = ? AND id = ?',
  );
  return {
    ack: ([first, last]) => {
      let bytes = 0;
      for (const lane of LANES.keys()) {
        bytes += pendingBytes.get(lane, first, last) ?? 0;
        moveAcked.run(lane, first, last);
        dropPending.run(lane, first, last);
      }
      return bytes;
    },
    quarantine: (id, reason, at) => {
      let found = 0;
      for (const lane of LANES.keys()) {
        found += refuse.run(reason, at, lane, id).changes;
        dropPending.run(lane, id, id);
      }
      return found > 0;
    },
  };
};

/** Batches overlapping a period, as (to, from). */
const OVERLAP = 'content = 0 AND firstTime < ? AND lastTime >= ?';

const createHistory = (database: Database): History => {
  const oldestAcked = database.prepare<[], BatchSummary>(`SELECT ${SUMMARY} FROM acked ORDER BY id LIMIT 1`);
  const noteEvicted = database.prepare(
    `INSERT OR REPLACE INTO evicted (id, content, count, heldBack, firstTime, lastTime)
     SELECT id, content, count, heldBack, firstTime, lastTime FROM acked WHERE id = ?`,
  );
  const forgetEvicted = database.prepare('DELETE FROM evicted WHERE id <= ?');
  const evicted = database.prepare<[number], BatchSummary>('SELECT * FROM evicted WHERE id = ?');
  const dropAcked = database.prepare('DELETE FROM acked WHERE id = ?');
  const dropBatch = database.prepare('DELETE FROM batch WHERE id = ?');
  const ofPeriod = database.prepare<[number, number], { batches: number; bytes: number }>(
    `SELECT count(*) AS batches, total(bytes) AS bytes FROM acked WHERE ${OVERLAP}`,
  );
  const movePending = database.prepare(
    `INSERT INTO pending (lane, ${SUMMARY}) SELECT ${BACKFILL}, ${SUMMARY} FROM acked WHERE ${OVERLAP}`,
  );
  const dropOffered = database.prepare(`DELETE FROM acked WHERE ${OVERLAP}`);
  const evict = (id: number): void => {
    noteEvicted.run(id);
    dropAcked.run(id);
    dropBatch.run(id);
  };
  return {
    evict,
    evictOldest: () => {
      const oldest = oldestAcked.get();
      if (oldest === undefined) return undefined;
      evict(oldest.id);
      forgetEvicted.run(oldest.id - EVICTED_ROWS);
      return oldest;
    },
    oldestAckedTime: () => oldestAcked.get()?.lastTime,
    evicted: (id) => evicted.get(id),
    offerAgain: (from, to) => {
      const found = ofPeriod.get(to, from) ?? { batches: 0, bytes: 0 };
      movePending.run(to, from);
      dropOffered.run(to, from);
      return found;
    },
  };
};

const createUnacked = (database: Database): Unacked => {
  const next = database.prepare<[number, number], BatchSummary & { message: Uint8Array }>(
    `SELECT ${SUMMARY}, message FROM pending JOIN batch USING (id)
     WHERE pending.lane = ? AND id > ? ORDER BY pending.id LIMIT 1`,
  );
  const dropPending = database.prepare('DELETE FROM pending WHERE lane = ? AND id BETWEEN ? AND ?');
  const dropBatch = database.prepare('DELETE FROM batch WHERE id = ?');
  const noteDeclared = database.prepare('INSERT OR IGNORE INTO declared (id) VALUES (?)');
  const first = database
    .prepare<[number, number, number], number | null>(
      'SELECT min(id) FROM pending WHERE lane = ? AND id BETWEEN ? AND ?',
    )
    .pluck();
  const countPending = database.prepare('SELECT count(*) FROM pending').pluck();
  const pendingCount = database.prepare<[], number>('SELECT total(count) FROM pending').pluck();
  return {
    nextPending: (after) => {
      const found = [...LANES.keys()].flatMap((lane) => next.get(lane, after) ?? []);
      return found.toSorted((a, b) => a.id - b.id)[0];
    },
    drop: (id) => {
      for (const lane of LANES.keys()) dropPending.run(lane, id, id);
      dropBatch.run(id);
      noteDeclared.run(id);
    },
    firstPending: ([from, to]) => {
      const ids = [...LANES.keys()].map((lane) => first.get(lane, from, to)).filter((id) => id != null);
      return ids.length === 0 ? undefined : Math.min(...ids);
    },
    countPending: () => Number(countPending.get()),
    pendingCount: () => pendingCount.get() ?? 0,
  };
};

export const createBatchesTable = (database: Database): BatchesTable => {
  const insert = database.prepare('INSERT INTO batch (id, lane, message) VALUES (?, ?, ?)');
  const insertPending = database.prepare(
    `INSERT INTO pending (lane, ${SUMMARY}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const newest = database
    .prepare<[number, number], number>('SELECT id FROM pending WHERE lane = ? ORDER BY id DESC LIMIT ?')
    .pluck();
  const oldest = database
    .prepare<[number, number], number>('SELECT id FROM pending WHERE lane = ? ORDER BY id LIMIT ?')
    .pluck();
  const one = database.prepare<[number], BatchRow>('SELECT id, lane, message FROM batch WHERE id = ?');
  const range = database.prepare<[number, number], BatchRow>(
    'SELECT id, lane, message FROM batch WHERE id BETWEEN ? AND ? ORDER BY id',
  );
  const present = database.prepare<[number], number>('SELECT 1 FROM batch WHERE id = ?').pluck();
  const countQuarantined = database.prepare('SELECT count(*) FROM quarantined').pluck();
  const quarantined = database.prepare<[number], Omit<QuarantinedBatch, 'seq'>>(
    `SELECT id, reason, at, length(message) AS bytes FROM quarantined JOIN batch USING (id)
     ORDER BY at DESC, id LIMIT ?`,
  );
  const quarantinedMessage = database
    .prepare<[number], Uint8Array>('SELECT message FROM quarantined JOIN batch USING (id) WHERE id = ?')
    .pluck();
  const answers = createAnswers(database);
  const claimOne = (id: number, at: number): readonly SealedBatch[] => {
    const row = one.get(id);
    if (row === undefined) return [];
    try {
      return [toBatch(row)];
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      answers.quarantine(id, `damaged on the gateway: ${error.message}`, at);
      return [];
    }
  };
  return {
    ...answers,
    ...createHistory(database),
    ...createUnacked(database),
    insert: (id, lane, message, { content, count, heldBack, lastOrdinal, firstTime, lastTime }) => {
      const place = LANES.indexOf(lane);
      const kind = CONTENTS.indexOf(content);
      insert.run(id, place, message);
      insertPending.run(place, id, message.length, kind, count, heldBack, lastOrdinal, firstTime, lastTime);
    },
    claim: (lane, limit, except, at) =>
      (lane === 'live' ? newest : oldest)
        .all(LANES.indexOf(lane), limit + except.size)
        .filter((id) => !except.has(id))
        .slice(0, limit)
        .flatMap((id) => claimOne(id, at)),
    recall: ([from, to]) => range.all(from, to).map(toBatch),
    has: (id) => present.get(id) !== undefined,
    countQuarantined: () => Number(countQuarantined.get()),
    quarantined: (limit) => quarantined.all(limit).map((row) => ({ ...row, seq: seqOf(row.id) })),
    quarantinedMessage: (id) => quarantinedMessage.get(id),
  };
};
