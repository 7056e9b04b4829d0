import { StoreError } from '../errors.js';
import type { Cell, ViewsWriter } from '../views-writer.js';
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
  const series = createSeriesTables(database);
  const cells = createCellTable(database);

  const transaction = database.transaction((work: () => number) => {
    const position = work();
    series.flush();
    cells.flush();
    cursor.move(position);
  });
  return {
    position: () => cursor.position(),
    transact: (work) => {
      try {
        transaction.immediate(work);
      } catch (error) {
        series.discard();
        cells.discard();
        throw error;
      }
    },
    clear: createClear(database, cursor),
    ...createReplayTables(database),
    ...createDirectoryTables(database),
    ...createLedgerTables(database),
    ...series,
    ...cells,
    checkpoint: () => {
      database.pragma('wal_checkpoint(TRUNCATE)');
    },
    close: () => {
      database.close();
    },
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

const createClear = (database: Database, cursor: Cursor): ViewsWriter['clear'] => {
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
  return (erasures) => clear.immediate(erasures);
};

type CellTable = Pick<ViewsWriter, 'cells' | 'cellOrigins' | 'lastCellStart' | 'putCells'> & {
  flush(): void;
  discard(): void;
};

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
    cells: (meta, periodMs, from, to): Cell[] =>
      range
        .all(meta.point, periodMs, from, to)
        .map((row) => decodeCell(row, meta.kind, meta.valueType, periodMs)),
    cellOrigins: (point, periodMs, from, to) =>
      new Map(origins.all(point, periodMs, from, to).map((row) => [row.start, cellOrigin(row.origin)])),
    lastCellStart: (point, periodMs) => last.get(point, periodMs)?.start ?? undefined,
    putCells: (point, periodMs, cells) => {
      for (const cell of cells) {
        insert.row.push(point, periodMs);
        pushCell(insert.row, periodMs, cell);
        insert.full();
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
