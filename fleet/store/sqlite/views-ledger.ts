import type { SeqRange } from '#wire/messages.js';
import type { BatchHeader } from '#wire/header.js';
import type { Loss } from '#wire/windows.js';
import type { BodyFault, DayCounts, OriginLedger, OriginStep, ViewsWriter } from '../views-writer.js';
import type { AtOnce } from './at-once.js';
import type { Database } from './database.js';

type OriginRow = Omit<OriginLedger, 'lostIsBound' | 'covered' | 'lostSeqs'> & {
  readonly lostIsBound: number;
  readonly covered: string;
  readonly lostSeqs: string;
};

/** What is counted of a (source, epoch), and kept as a whole. */
const COUNTS = [
  'batches',
  'readings',
  'windows',
  'loss_records',
  'erased',
  'held_back',
  'late',
  'quarantined',
  'quarantined_rows',
  'lost',
  'lost_rows',
  'lost_is_bound',
  'covered',
  'lost_seqs',
  'last_ordinal',
];

/** The ledger of each (source, epoch), its days and loss records, and the batches whose body could not be used. */
export const createLedgerTables = (
  database: Database,
): OriginReads & { putOrigin(step: OriginStep): void; addQuarantine(fault: BodyFault): void } => {
  const quarantine = database.prepare(
    'insert into quarantine (position, source, epoch, seq, received_at, reason) values (?, ?, ?, ?, ?, ?)',
  );
  const origins = createOriginTable(database);
  const { addDay, addLoss } = createDayTables(database);
  const addBatch = createBatchTables(database);
  return {
    origin: origins.origin,
    newOrigins: origins.newOrigins,
    putOrigin: ({ ledger, days, losses, batches }) => {
      origins.put(ledger);
      for (const [day, counts] of days) addDay(ledger.number, day, counts);
      for (const loss of losses) addLoss(ledger.number, loss);
      for (const { header, position } of batches) addBatch(ledger.number, header, position);
    },
    addQuarantine: (fault) => {
      const { position, source, epoch, seq, receivedAt, reason } = fault;
      quarantine.run(position, source, epoch ?? null, seq ?? null, receivedAt, reason);
    },
  };
};

type OriginReads = AtOnce<Pick<ViewsWriter, 'origin' | 'newOrigins'>>;

const createOriginTable = (database: Database): OriginReads & { put(ledger: OriginLedger): void } => {
  const highest = database.prepare<[], number | null>('select max(number) from origin').pluck();
  const select = database.prepare<[string, string], OriginRow>(
    `select number, source, epoch, batches, readings, windows, loss_records as lossRecords, erased,
       held_back as heldBack, late, quarantined, quarantined_rows as quarantinedRows, lost, lost_rows as lostRows,
       lost_is_bound as lostIsBound, covered, lost_seqs as lostSeqs, last_ordinal as lastOrdinal
     from origin where source = ? and epoch = ?`,
  );
  const put = database.prepare(
    `insert into origin (number, source, epoch, ${COUNTS.join(', ')})
     values (@number, @source, @epoch, @batches, @readings, @windows, @lossRecords, @erased, @heldBack, @late,
       @quarantined, @quarantinedRows, @lost, @lostRows, @lostIsBound, @covered, @lostSeqs, @lastOrdinal)
     on conflict (number) do update set ${COUNTS.map((column) => `${column} = excluded.${column}`).join(', ')}`,
  );
  return {
    origin: (source, epoch) => {
      const row = select.get(source, epoch);
      if (row === undefined) return undefined;
      return {
        ...row,
        lostIsBound: row.lostIsBound === 1,
        covered: JSON.parse(row.covered) as SeqRange[],
        lostSeqs: JSON.parse(row.lostSeqs) as SeqRange[],
      };
    },
    newOrigins: (count) => {
      const last = highest.get() ?? 0;
      return Array.from({ length: count }, (_, index) => last + index + 1);
    },
    put: (ledger) => {
      put.run({
        ...ledger,
        lostIsBound: ledger.lostIsBound ? 1 : 0,
        covered: JSON.stringify(ledger.covered),
        lostSeqs: JSON.stringify(ledger.lostSeqs),
      });
    },
  };
};

const createBatchTables = (database: Database) => {
  const readings = database.prepare(
    'insert into batch_rows (origin, first, last, position) values (?, ?, ?, ?)',
  );
  const windows = database.prepare(
    'insert into batch_windows (origin, first_time, last_time, position) values (?, ?, ?, ?)',
  );
  return (origin: number, header: BatchHeader, position: number): void => {
    const { content, firstOrdinal, lastOrdinal, firstTime, lastTime } = header;
    if (content === 'readings') readings.run(origin, firstOrdinal, lastOrdinal, position);
    if (content === 'windows') windows.run(origin, firstTime, lastTime, position);
  };
};

const createDayTables = (database: Database) => {
  const putDay = database.prepare(
    `insert into ledger_day (origin, day, batches, readings, windows, late, quarantined, lost, lost_batches)
     values (@origin, @day, @batches, @readings, @windows, @late, @quarantined, @lost, @lostBatches)
     on conflict (origin, day) do update set batches = batches + excluded.batches,
       readings = readings + excluded.readings, windows = windows + excluded.windows, late = late + excluded.late,
       quarantined = quarantined + excluded.quarantined, lost = lost + excluded.lost,
       lost_batches = lost_batches + excluded.lost_batches`,
  );
  const putLoss = database.prepare(
    `insert into loss (origin, ordinal, cause, first_seq, last_seq, readings, windows, held_back, exact,
       first_time, last_time, replaced_by, note)
     values (@origin, @ordinal, @cause, @firstSeq, @lastSeq, @count, @windows, @heldBack, @exact,
       @firstTime, @lastTime, @replacedByMs, @note)`,
  );
  return {
    addDay: (origin: number, day: number, counts: DayCounts): void => {
      putDay.run({ origin, day, ...counts });
    },
    addLoss: (origin: number, loss: Loss): void => {
      putLoss.run({
        origin,
        ordinal: loss.ordinal,
        cause: loss.cause,
        firstSeq: loss.firstSeq ?? null,
        lastSeq: loss.lastSeq ?? null,
        count: loss.count,
        windows: loss.windows ?? 0,
        heldBack: loss.heldBack ?? 0,
        exact: loss.exact ? 1 : 0,
        firstTime: loss.firstTime ?? null,
        lastTime: loss.lastTime ?? null,
        replacedByMs: loss.replacedByMs ?? null,
        note: loss.note ?? null,
      });
    },
  };
};
