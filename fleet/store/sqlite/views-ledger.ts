import type { SeqRange } from '#wire/messages.js';
import type { OriginLedger, ViewsWriter } from '../views-writer.js';
import type { Database } from './database.js';

type OriginRow = Omit<OriginLedger, 'lostIsBound' | 'covered' | 'lostSeqs'> & {
  readonly lostIsBound: number;
  readonly covered: string;
  readonly lostSeqs: string;
};

/** The ledger of each (source, epoch), its days and loss records, and the batches whose body could not be used. */
export const createLedgerTables = (
  database: Database,
): Pick<ViewsWriter, 'origin' | 'putOrigin' | 'addLedgerDay' | 'addLoss' | 'addQuarantine' | 'addBatch'> => {
  const quarantine = database.prepare(
    'insert into quarantine (position, source, epoch, seq, received_at, reason) values (?, ?, ?, ?, ?, ?)',
  );
  return {
    ...createOriginTable(database),
    ...createDayTables(database),
    addBatch: createBatchTables(database),
    addQuarantine: (fault) => {
      const { position, source, epoch, seq, receivedAt, reason } = fault;
      quarantine.run(position, source, epoch ?? null, seq ?? null, receivedAt, reason);
    },
  };
};

const createOriginTable = (database: Database): Pick<ViewsWriter, 'origin' | 'putOrigin'> => {
  const make = database.prepare('insert or ignore into origin (source, epoch) values (?, ?)');
  const select = database.prepare<[string, string], OriginRow>(
    `select number, source, epoch, batches, readings, windows, loss_records as lossRecords, erased,
       held_back as heldBack, late, quarantined, quarantined_rows as quarantinedRows, lost, lost_rows as lostRows,
       lost_is_bound as lostIsBound, covered, lost_seqs as lostSeqs, last_ordinal as lastOrdinal
     from origin where source = ? and epoch = ?`,
  );
  const put = database.prepare(
    `update origin set batches = @batches, readings = @readings, windows = @windows, loss_records = @lossRecords,
       erased = @erased, held_back = @heldBack, late = @late, quarantined = @quarantined, quarantined_rows = @quarantinedRows,
       lost = @lost, lost_rows = @lostRows, lost_is_bound = @lostIsBound, covered = @covered,
       lost_seqs = @lostSeqs, last_ordinal = @lastOrdinal where number = @number`,
  );
  const origin: ViewsWriter['origin'] = (source, epoch) => {
    const row = select.get(source, epoch);
    if (row === undefined) {
      make.run(source, epoch);
      return origin(source, epoch);
    }
    return {
      ...row,
      lostIsBound: row.lostIsBound === 1,
      covered: JSON.parse(row.covered) as SeqRange[],
      lostSeqs: JSON.parse(row.lostSeqs) as SeqRange[],
    };
  };
  return {
    origin,
    putOrigin: (ledger) => {
      const { source: _source, epoch: _epoch, ...counts } = ledger;
      put.run({
        ...counts,
        lostIsBound: ledger.lostIsBound ? 1 : 0,
        covered: JSON.stringify(ledger.covered),
        lostSeqs: JSON.stringify(ledger.lostSeqs),
      });
    },
  };
};

const createBatchTables = (database: Database): ViewsWriter['addBatch'] => {
  const readings = database.prepare(
    'insert into batch_rows (origin, first, last, position) values (?, ?, ?, ?)',
  );
  const windows = database.prepare(
    'insert into batch_windows (origin, first_time, last_time, position) values (?, ?, ?, ?)',
  );
  return (origin, { content, firstOrdinal, lastOrdinal, firstTime, lastTime }, position) => {
    if (content === 'readings') readings.run(origin, firstOrdinal, lastOrdinal, position);
    if (content === 'windows') windows.run(origin, firstTime, lastTime, position);
  };
};

const createDayTables = (database: Database): Pick<ViewsWriter, 'addLedgerDay' | 'addLoss'> => {
  const addDay = database.prepare(
    `insert into ledger_day (origin, day, batches, readings, windows, late, quarantined, lost, lost_batches)
     values (@origin, @day, @batches, @readings, @windows, @late, @quarantined, @lost, @lostBatches)
     on conflict (origin, day) do update set batches = batches + excluded.batches,
       readings = readings + excluded.readings, windows = windows + excluded.windows, late = late + excluded.late,
       quarantined = quarantined + excluded.quarantined, lost = lost + excluded.lost,
       lost_batches = lost_batches + excluded.lost_batches`,
  );
  const addLoss = database.prepare(
    `insert into loss (origin, ordinal, cause, first_seq, last_seq, readings, windows, held_back, exact,
       first_time, last_time, replaced_by, note)
     values (@origin, @ordinal, @cause, @firstSeq, @lastSeq, @count, @windows, @heldBack, @exact,
       @firstTime, @lastTime, @replacedByMs, @note)`,
  );
  return {
    addLedgerDay: (origin, day, counts) => {
      addDay.run({ origin, day, ...counts });
    },
    addLoss: (origin, loss) => {
      addLoss.run({
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
