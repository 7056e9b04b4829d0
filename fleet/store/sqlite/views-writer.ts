import { StoreError } from '../errors.js';
import type { Cell, CellsReader, PointStep, ViewsStep, ViewsWriter } from '../views-writer.js';
import type { AtOnce } from './at-once.js';
import { createBulkInsert } from './bulk-insert.js';
import type { Database } from './database.js';
import { CELL_COLUMNS, cellOrigin, decodeCell, pushCell, SELECT_CELL, type CellRow } from './views-cells.js';
import { createDirectoryTables } from './views-directories.js';
import { createLedgerTables } from './views-ledger.js';
import { VIEWS_MIGRATIONS } from './views-schema.js';
import { openMigrated } from './migrate.js';
import { createReplayTables, ERASURES } from './views-replay.js';
import { createSeriesTables } from './views-series.js';

/** Interior pages of the series stay in memory; KiB. */
const CACHE_KIB = 131_072;
/** 64 MiB: the ends of all series are written anew by each transaction, and copied to the file only now and then. */
const CHECKPOINT_PAGES = 16_384;
/** Latest, series, rollups and ledger are made of one decoding and move together, as one projection. */
const PROJECTION = 'readings';
const SHARD = 0;

/**
 * Opens views.db at `path` for writing, making it where it is missing, and takes the projections over: commits of
 * a writer opened earlier fail from now on. Throws `StoreError` `newer-schema` on a file of a later release.
 */
export const openViewsWriter = (path: string): ViewsWriter => {
  const database = openMigrated(path, VIEWS_MIGRATIONS, { cacheKib: CACHE_KIB });
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const cursor = createCursor(database);
  const tables: Tables = {
    cursor,
    series: createSeriesTables(database),
    cells: createCellTable(database),
    replay: createReplayTables(database),
    directories: createDirectoryTables(database),
    ledger: createLedgerTables(database),
  };
  const clear = createClear(database, cursor);
  const { replay } = tables;
  const beginReplay = database.transaction((sources: readonly string[], erasures: number) => {
    replay.beginReplay(sources, erasures);
    cursor.move(cursor.position());
  });
  return {
    ...readsOf(tables),
    atOneMoment: async (work) => {
      // also quicker: a read on its own takes and leaves a lock of the file
      database.exec('begin');
      try {
        return await work();
      } finally {
        database.exec('commit');
      }
    },
    commit: createCommit(database, tables),
    clear: async (erasures) => clear(erasures),
    beginReplay: async (sources, erasures) => beginReplay.immediate(sources, erasures),
    checkpoint: async () => {
      database.pragma('wal_checkpoint(TRUNCATE)');
    },
    close: async () => {
      database.close();
    },
  };
};

interface Tables {
  readonly cursor: Cursor;
  readonly series: ReturnType<typeof createSeriesTables>;
  readonly cells: ReturnType<typeof createCellTable>;
  readonly replay: ReturnType<typeof createReplayTables>;
  readonly directories: ReturnType<typeof createDirectoryTables>;
  readonly ledger: ReturnType<typeof createLedgerTables>;
}

type Reads = Omit<ViewsWriter, 'atOneMoment' | 'commit' | 'clear' | 'beginReplay' | 'checkpoint' | 'close'>;

/** Nobody else writes between a step's reads and its commit: whoever takes over fences it. */
const readsOf = ({ cursor, series, cells, replay, directories, ledger }: Tables): Reads => ({
  position: async () => cursor.position(),
  erasures: async () => replay.erasures(),
  replay: async () => replay.replay(),
  directory: async (source, hash) => directories.directory(source, hash),
  hasUnseen: async (source, hash) => directories.hasUnseen(source, hash),
  ready: async (limit) => directories.ready(limit),
  origin: async (source, epoch) => ledger.origin(source, epoch),
  newOrigins: async (count) => ledger.newOrigins(count),
  readings: async (point, from, to) => series.reads.readings(point, from, to),
  lastEntered: async (point, from, to) => series.reads.lastEntered(point, from, to),
  enteredAfter: async (point, time) => series.reads.enteredAfter(point, time),
  carryMs: async (point) => series.reads.carryMs(point),
  cells: async (point, periodMs, from, to) => cells.reads.cells(point, periodMs, from, to),
  cellOrigins: async (point, periodMs, from, to) => cells.reads.cellOrigins(point, periodMs, from, to),
  lastCellStart: async (point, periodMs) => cells.reads.lastCellStart(point, periodMs),
});

const createCommit = (database: Database, tables: Tables): ViewsWriter['commit'] => {
  const { cursor, series, cells, replay, directories, ledger } = tables;
  const transaction = database.transaction((step: ViewsStep) => {
    directories.putDirectories(step);
    for (const origin of step.origins) ledger.putOrigin(origin);
    for (const fault of step.quarantined) ledger.addQuarantine(fault);
    for (const point of step.points) {
      cells.put(point);
      series.put(point);
    }
    series.flush();
    cells.flush();
    replay.putReplay(step.replay);
    cursor.move(step.position);
  });
  return async (step) => {
    try {
      transaction.immediate(step);
    } catch (error) {
      series.discard();
      cells.discard();
      throw error;
    }
  };
};

interface Cursor {
  position(): number;
  move(position: number): void;
}

const createCursor = (database: Database): Cursor => {
  const fence = database
    .prepare<[string, number], { fence: number }>(
      `insert into cursor (projection, shard, position, fence) values (?, ?, 0, 1)
       on conflict do update set fence = fence + 1 returning fence`,
    )
    .get(PROJECTION, SHARD)?.fence;
  const select = database.prepare<[string, number], { position: number }>(
    'select position from cursor where projection = ? and shard = ?',
  );
  const move = database.prepare(
    'update cursor set position = ? where projection = ? and shard = ? and fence = ?',
  );
  return {
    position: () => select.get(PROJECTION, SHARD)?.position ?? 0,
    move: (position) => {
      if (move.run(position, PROJECTION, SHARD, fence).changes === 1) return;
      throw new StoreError('fenced', 'Another process has taken the projections over; this one must stop.');
    },
  };
};

const createClear = (database: Database, cursor: Cursor) => {
  const know = database.prepare<[string, number]>(
    `insert into cursor (projection, shard, position, fence) values (?, 0, ?, 0)
     on conflict do update set position = excluded.position`,
  );
  const clear = database.transaction((erasures: number) => {
    for (const table of [
      'series',
      'latest',
      'carry',
      'rollup',
      'waiting',
      'quarantine',
      'ledger_day',
      'loss',
      'batch_rows',
      'batch_windows',
      'origin',
      'replay',
    ]) {
      database.exec(`delete from ${table}`);
    }
    // the registry would not answer today as it did then, so its answers stay; faults are tried again
    database.exec('delete from directory where fault is not null; update directory set seen = 0');
    know.run(ERASURES, erasures);
    cursor.move(0);
  });
  return (erasures: number): void => clear.immediate(erasures);
};

interface CellTable {
  readonly reads: AtOnce<CellsReader>;
  put(step: PointStep): void;
  flush(): void;
  discard(): void;
}

const createCellTable = (database: Database): CellTable => {
  const range = database.prepare<[number, number, number, number], CellRow>(
    `select ${SELECT_CELL} from rollup where point = ? and period = ? and start >= ? and start < ?
     order by start`,
  );
  const origins = database.prepare<[number, number, number, number], { start: number; origin: number }>(
    'select start, origin from rollup where point = ? and period = ? and start >= ? and start < ?',
  );
  const last = database.prepare<[number, number], { start: number | null }>(
    'select max(start) as start from rollup where point = ? and period = ?',
  );
  const insert = createBulkInsert(
    database,
    `insert or replace into rollup (point, period, ${CELL_COLUMNS})`,
    19,
  );
  return {
    reads: {
      cells: (meta, periodMs, from, to): Cell[] =>
        range
          .all(meta.point, periodMs, from, to)
          .map((row) => decodeCell(row, meta.kind, meta.valueType, periodMs)),
      cellOrigins: (point, periodMs, from, to) =>
        new Map(origins.all(point, periodMs, from, to).map((row) => [row.start, cellOrigin(row.origin)])),
      lastCellStart: (point, periodMs) => last.get(point, periodMs)?.start ?? undefined,
    },
    put: ({ point, cells: periods }) => {
      for (const { periodMs, cells } of periods) {
        for (const cell of cells) {
          insert.row.push(point, periodMs);
          pushCell(insert.row, periodMs, cell);
          insert.full();
        }
      }
    },
    flush: () => {
      insert.flush();
    },
    discard: () => {
      insert.discard();
    },
  };
};
