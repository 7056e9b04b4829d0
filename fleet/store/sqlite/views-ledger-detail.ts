import { parseBatch } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import type { SeqRange } from '#wire/messages.js';
import { DAY_MS, dayText } from '../../log/ledger-day.js';
import type { LedgerDay, LedgerEpoch, LedgerGap, LedgerLoss } from '../views-store.js';
import type { Database } from './database.js';
import {
  createEpochQuery,
  createLogPart,
  GATEWAY,
  ledgerRow,
  type AskedEpoch,
  type AskedGateway,
  type EpochRow,
} from './views-ledger-query.js';
import { GRANTS, operationsParameter } from './views-scope.js';
import type { ViewsQueries } from './views-queries.js';

/** Batches whose headers are read for one epoch, at most: gaps, and what arrived though it was given up. */
const MAX_LOOKUPS = 2000;

interface DayRow {
  readonly day: number;
  readonly received: number;
  readonly readings: number;
  readonly windows: number;
  readonly late: number;
  readonly quarantined: number;
  readonly declaredLost: number;
  readonly lostBatches: number;
}

const SCOPED = `with ${GRANTS}, ${GATEWAY}`;
const OF_LOG = 'log.origin l join gateway_row g on l.source = g.id and l.epoch = @epoch';
const OF_VIEWS = 'origin o join gateway_row g on o.source = g.id and o.epoch = @epoch';

/** The ledger of a gateway down to its rows and days.  */
export const createLedgerDetail = (database: Database): ViewsQueries['ledgerDetail'] => {
  const epochs = createEpochQuery(database);
  const fromLog = createLogPart(database);
  const log = createLogQueries(database);
  const views = createViewsQueries(database);
  return (scope, gateway) => {
    const asked = { grants: operationsParameter(scope), gateway };
    const made = epochs(asked).map((row) => {
      const place = { ...asked, epoch: row.epoch };
      const part = fromLog(place);
      const { epoch, headersOf } = epochOf(row, { ...log, ...views }, place, part);
      return { epoch, days: daysOf(epoch, headersOf, { ...log, ...views }, place) };
    });
    return {
      epochs: made.map(({ epoch }) => epoch),
      days: made.flatMap(({ days }) => days),
      unreadable: log.unreadable(asked),
    };
  };
};

type Queries = ReturnType<typeof createLogQueries> & ReturnType<typeof createViewsQueries>;
type HeaderOf = (seq: number) => BatchHeader | undefined;

const headerOf = (message: Uint8Array | undefined): BatchHeader | undefined => {
  if (message === undefined) return undefined;
  try {
    return parseBatch(message).header;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
};

const rowsOf = (header: BatchHeader | undefined): number =>
  header === undefined ? 0 : header.count + (header.recalled === true ? 0 : header.heldBack);

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

const intersect = (a: readonly SeqRange[], b: readonly SeqRange[]): SeqRange[] =>
  a.flatMap(([first, last]) =>
    b.flatMap(([from, to]): SeqRange[] =>
      Math.max(first, from) <= Math.min(last, to) ? [[Math.max(first, from), Math.min(last, to)]] : [],
    ),
  );

const numbersOf = (ranges: readonly SeqRange[], limit: number): number[] => {
  const numbers: number[] = [];
  for (const [first, last] of ranges) {
    for (let seq = first; seq <= last && numbers.length < limit; seq += 1) numbers.push(seq);
  }
  return numbers;
};

const epochOf = (
  row: EpochRow,
  queries: Queries,
  asked: AskedEpoch,
  part: ReturnType<ReturnType<typeof createLogPart>>,
): { readonly epoch: LedgerEpoch; readonly headersOf: HeaderOf } => {
  const summary = ledgerRow(row, part);
  const headersOf: HeaderOf = (seq) => headerOf(queries.message(asked, seq));
  const lostSeqs = JSON.parse(row.lostSeqs) as readonly SeqRange[];
  const arrived = numbersOf(intersect(lostSeqs, part.stored), MAX_LOOKUPS);
  const refused = queries.refusedMessages(asked).map(headerOf);
  const lastOrdinal = Math.max(row.lastOrdinal, row.saidOrdinal);
  const quarantined = row.quarantinedRows + sum(refused.map(rowsOf));
  const declaredLost = row.lostRows - sum(arrived.map((seq) => rowsOf(headersOf(seq))));
  const { readings, windows, lossRecords, erased, heldBack, unsealed } = row;
  const here = readings + windows + lossRecords + erased + heldBack + quarantined + declaredLost;
  // what the gateway said was sealed is here once its last batch is; rows that came since are here beyond that
  const due = row.saidOrdinal - (unsealed ?? row.saidOrdinal);
  // of what is declared as a bound, all may have been there after all: that explains a lack, and no excess
  const least = here - (summary.declaredLostIsBound ? declaredLost : 0);
  const unaccounted = least > lastOrdinal ? lastOrdinal - least : Math.max(0, due - here);
  return {
    headersOf,
    epoch: {
      ...summary,
      clones: queries.clones(asked),
      rows: {
        lastOrdinal,
        readings,
        windows,
        lossRecords,
        erased,
        heldBack,
        quarantined,
        declaredLost,
        unsealed,
        unaccounted,
      },
      losses: queries.losses(asked),
      gaps: summary.missing.slice(0, MAX_LOOKUPS / 2).map((gap) => gapOf(gap, headersOf)),
      addsUp: summary.missing.length === 0 && unaccounted === 0,
    },
  };
};

const gapOf = ([first, last]: SeqRange, headersOf: HeaderOf): LedgerGap => {
  const times = [headersOf(first - 1), headersOf(last + 1)] as const;
  return { first, last, after: times[0]?.lastTime ?? null, before: times[1]?.firstTime ?? null };
};

const daysOf = (
  epoch: LedgerEpoch,
  headersOf: HeaderOf,
  queries: Queries,
  asked: AskedEpoch,
): LedgerDay[] => {
  const days = new Map(queries.days(asked).map((row) => [row.day, row]));
  const duplicates = new Map(queries.duplicates(asked).map(({ day, count }) => [day, count]));
  const refused = new Map(queries.refusedDays(asked).map(({ day, count }) => [day, count]));
  const missing = new Map<number, number>();
  for (const { first, last, after, before } of epoch.gaps) {
    const time = after ?? before ?? headersOf(first)?.firstTime;
    if (time === undefined) continue;
    const day = Math.floor(time / DAY_MS);
    missing.set(day, (missing.get(day) ?? 0) + last - first + 1);
  }
  const all = [...new Set([...days.keys(), ...duplicates.keys(), ...refused.keys(), ...missing.keys()])];
  return all
    .toSorted((a, b) => a - b)
    .map((day) => {
      const { day: _, ...counts } = days.get(day) ?? NO_DAY;
      const quarantined = counts.quarantined + (refused.get(day) ?? 0);
      const lacking = missing.get(day) ?? 0;
      return {
        epoch: epoch.epoch,
        day: dayText(day),
        ...counts,
        quarantined,
        duplicates: duplicates.get(day) ?? 0,
        missing: lacking,
        sealed: counts.received + quarantined + counts.lostBatches + lacking,
      };
    });
};

const NO_DAY: DayRow = {
  day: 0,
  received: 0,
  readings: 0,
  windows: 0,
  late: 0,
  quarantined: 0,
  declaredLost: 0,
  lostBatches: 0,
};

interface DayCount {
  readonly day: number;
  readonly count: number;
}

const createViewsQueries = (database: Database) => {
  const days = database.prepare<[AskedEpoch], DayRow>(
    `${SCOPED} select d.day, d.batches as received, d.readings, d.windows, d.late, d.quarantined,
       d.lost as declaredLost, d.lost_batches as lostBatches
     from ${OF_VIEWS} join ledger_day d on d.origin = o.number`,
  );
  const losses = database.prepare<[AskedEpoch], Omit<LedgerLoss, 'exact'> & { exact: number }>(
    `${SCOPED} select x.cause, count(*) as records, sum(ifnull(x.last_seq - x.first_seq + 1, 0)) as batches,
       sum(x.readings) as readings, sum(x.windows) as windows, sum(x.held_back) as heldBack, min(x.exact) as exact
     from ${OF_VIEWS} join loss x on x.origin = o.number group by x.cause order by x.cause`,
  );
  return {
    days: (asked: AskedEpoch) => days.all(asked),
    losses: (asked: AskedEpoch): LedgerLoss[] =>
      losses.all(asked).map((loss) => ({ ...loss, exact: loss.exact === 1 })),
  };
};

const createLogQueries = (database: Database) => {
  const message = database.prepare<[AskedEpoch & { seq: number }], { message: Buffer }>(
    `${SCOPED} select e.message from ${OF_LOG} join log.batch_key b on b.origin = l.number and b.seq = @seq
       join log.entry e on e.position = b.position`,
  );
  const duplicates = database.prepare<[AskedEpoch], DayCount>(
    `${SCOPED} select d.day, d.count from ${OF_LOG} join log.duplicate d on d.origin = l.number`,
  );
  const apart = `${OF_LOG} join log.kept_apart k on k.origin = l.number`;
  const unanswered = 'not exists (select 1 from log.batch_key b where b.origin = k.origin and b.seq = k.seq)';
  const refused = database.prepare<[AskedEpoch], { message: Buffer }>(
    `${SCOPED} select k.message from ${apart} where ${unanswered} group by k.seq`,
  );
  const refusedDays = database.prepare<[AskedEpoch], DayCount>(
    `${SCOPED} select day, count(*) as count from (
       select min(k.received_at) / ${DAY_MS} as day from ${apart} where ${unanswered} group by k.seq) group by day`,
  );
  const clones = database.prepare<[AskedEpoch], { count: number }>(
    `${SCOPED} select count(*) as count from ${apart} where k.clone = 1`,
  );
  const unreadable = database.prepare<[AskedGateway], { count: number }>(
    `${SCOPED} select count(*) as count from log.kept_apart k join gateway_row g on k.source = g.id
     where k.origin is null`,
  );
  return {
    message: (asked: AskedEpoch, seq: number) => message.get({ ...asked, seq })?.message,
    duplicates: (asked: AskedEpoch) => duplicates.all(asked),
    refusedMessages: (asked: AskedEpoch) => refused.all(asked).map((row) => row.message),
    refusedDays: (asked: AskedEpoch) => refusedDays.all(asked),
    clones: (asked: AskedEpoch) => clones.get(asked)?.count ?? 0,
    unreadable: (asked: AskedGateway) => unreadable.get(asked)?.count ?? 0,
  };
};
