import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../fleet/registry/new-id.js';
import { openDatabase } from '../../fleet/store/sqlite/database.js';
import {
  addGateway,
  directoryOf,
  openFleetIn,
  point,
  type FleetOfViews,
} from '../fleet/projections/fleet-of-views.js';
import { BATCH_READINGS, columnsOf, createRandom, POINTS } from './ingest-gateways.js';

const READINGS = 2_000_000;
const GATEWAYS = 20;
const BATCHES_A_STEP = 10;

/**
 * What a reading takes on the disk of the fleet, after the file was written in the order that gateways send: pages of the
 * tables of the log, of the series, of rollups. Batches of 1,000 readings, 20 points polled every 10 s, no windows sent.
 * `bareBytesPerReading` is better-sqlite3's own table keyed (point, time) with the same rows, filled in the same order.
 */
export const run = async (options: { readonly readings?: number }): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-size-'));
  const fleet = openFleetIn(folder, { newId });
  try {
    const batches = Math.max(1, Math.round((options.readings ?? READINGS) / GATEWAYS / BATCH_READINGS));
    await fill(fleet, join(folder, 'bare.db'), batches);
    const readings = batches * GATEWAYS * BATCH_READINGS;
    const each = (file: string, tables: readonly string[]): number =>
      bytesOf(join(folder, `${file}.db`), tables) / readings;
    return {
      readings,
      logBytesPerReading: each('log', ['entry', 'origin', 'batch_key', 'stored_range', 'directory_key']),
      seriesBytesPerReading: each('views', ['series']),
      rollupBytesPerReading: each('views', ['rollup']),
      bareBytesPerReading: each('bare', ['reading']),
    };
  } finally {
    await fleet.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const fill = async (fleet: FleetOfViews, barePath: string, batches: number): Promise<void> => {
  const directory = directoryOf(...Array.from({ length: POINTS }, (_, index) => point(index + 1)));
  const sources = Array.from(
    { length: GATEWAYS },
    (_, index) => `sizegateway${String(index).padStart(8, '0')}`,
  );
  for (const source of sources) {
    addGateway(fleet.registry, source, 'org');
    await fleet.sendDirectory(directory, source);
  }
  const bare = openDatabase(barePath);
  bare.exec(
    'create table reading (point integer, time integer, value real, primary key (point, time)) without rowid',
  );
  const insert = bare.prepare('insert into reading values (?, ?, ?)');
  const insertAll = bare.transaction((rows: readonly (readonly [number, number, number])[]) => {
    for (const row of rows) insert.run(...row);
  });
  const random = createRandom(7);
  for (let n = 0; n < batches; n += 1) {
    for (const [gateway, source] of sources.entries()) {
      const columns = columnsOf(gateway, n, random);
      const sent = { source, epoch: gateway.toString(16).padStart(16, '0'), seq: n + 1 };
      await fleet.send(directory, { content: 'readings', columns }, sent);
      insertAll(
        columns.flatMap((column) =>
          column.readings.map(
            ({ time, value }) => [gateway * 100 + column.point, time, Number(value)] as const,
          ),
        ),
      );
    }
    if (n % BATCHES_A_STEP === 0) await fleet.project();
  }
  await fleet.project();
  bare.close();
};

/** Pages of tables and of their indexes. */
const bytesOf = (path: string, tables: readonly string[]): number => {
  const database = openDatabase(path, { readonly: true });
  try {
    return (
      database
        .prepare<[string], number>(
          `select sum(s.pgsize) from dbstat s join sqlite_schema m on m.name = s.name
           where m.tbl_name in (select value from json_each(?))`,
        )
        .pluck()
        .get(JSON.stringify(tables)) ?? 0
    );
  } finally {
    database.close();
  }
};
