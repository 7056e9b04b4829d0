import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newId } from '../../../fleet/registry/new-id.js';
import { openDatabase, type Database } from '../../../fleet/store/sqlite/database.js';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { openMigrated } from '../../../fleet/store/sqlite/migrate.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { openViewsProgress } from '../../../fleet/store/sqlite/views-progress.js';
import { openViewsWriter } from '../../../fleet/store/sqlite/views-writer.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** What each version of the schema made of an empty file: `<file>-<user_version>[letter].sql`. `--update` adds the newest. */
const FOLDER = new URL('./schemas/', import.meta.url);
const RELEASED = readdirSync(FOLDER).map((name) => {
  const [file = '', version = ''] = name.replace(/[a-z]?\.sql$/, '').split('-');
  return { name, file, version: Number(version), sql: readFileSync(new URL(name, FOLDER), 'utf8') };
});

const OPENERS: Readonly<Record<string, (path: string) => { close(): unknown }>> = {
  log: openLogWriter,
  views: openViewsWriter,
  registry: (path) => openRegistryStore(path, { newId }),
};

const openOnce = async (file: string, path: string): Promise<void> => {
  await OPENERS[file]?.(path).close();
};

const tablesOf = (database: Database): string[] =>
  database
    .prepare<[], string>(
      `select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by 1`,
    )
    .pluck()
    .all();

interface Column {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
  readonly hidden: number;
}

const columnsOf = (database: Database, table: string): Column[] =>
  database.prepare<[string], Column>('select * from pragma_table_xinfo(?)').all(table);

/** Tables with their columns in whatever order, indexes and triggers. */
const shapeOf = (path: string) => {
  const database = openDatabase(path, { readonly: true });
  const others = `select type, name, tbl_name, sql from sqlite_schema where type <> 'table' order by type, name`;
  const shape = {
    tables: tablesOf(database).map((table) => ({
      table,
      columns: columnsOf(database, table)
        .map(({ name, type, notnull, pk, hidden }) => ({ name, type, notnull, pk, hidden }))
        .toSorted((left, right) => left.name.localeCompare(right.name)),
    })),
    others: database.prepare(others).all(),
    version: database.pragma('user_version', { simple: true }),
  };
  database.close();
  return shape;
};

const rowsOf = (database: Database, table: string, columns: string): unknown[] =>
  database.prepare(`select ${columns} from ${table} order by 1`).all();

const VALUES: Readonly<Record<string, unknown>> = {
  text: '{}',
  integer: 7,
  blob: Buffer.of(1, 2),
  real: 1.5,
};

/** A row in every table that can take one made up. */
const fill = (database: Database): void => {
  database.pragma('foreign_keys = OFF');
  for (const table of tablesOf(database)) {
    const columns = columnsOf(database, table).filter(({ hidden }) => hidden === 0);
    database
      .prepare(
        `insert or ignore into ${table} (${columns.map(({ name }) => `"${name}"`).join()}) values (${columns.map(() => '?').join()})`,
      )
      .run(columns.map(({ type }) => VALUES[type.toLowerCase()] ?? 7));
  }
};

const madeBy = ({ file, version, sql }: (typeof RELEASED)[number]): string => {
  const path = join(temporaryFolder(), `${file}.db`);
  const database = openDatabase(path);
  database.exec(sql);
  fill(database);
  database.pragma(`user_version = ${version}`);
  database.close();
  return path;
};

test.each(RELEASED)('a file of $name comes to what a new file is, with every row, once', async (released) => {
  const path = madeBy(released);
  const database = openDatabase(path);
  // of a registry, counts of changes; of views, who moves the projections: opening counts both up
  const kept = tablesOf(database)
    .filter((table) => table !== 'revision')
    .map((table) => {
      const columns = columnsOf(database, table)
        .map(({ name }) => `"${name}"`)
        .join();
      return { table, columns, rows: rowsOf(database, table, columns) };
    });
  expect(kept.some(({ rows }) => rows.length > 0)).toBe(true);

  await openOnce(released.file, path);
  for (const { table, columns, rows } of kept) {
    expect(rowsOf(database, table, columns), table).toEqual(expect.arrayContaining(rows));
  }
  const fresh = join(temporaryFolder(), `${released.file}.db`);
  await openOnce(released.file, fresh);
  expect(shapeOf(path)).toEqual(shapeOf(fresh));

  const changes = (): unknown => database.pragma('schema_version', { simple: true });
  const once = changes();
  await openOnce(released.file, path);
  expect(changes()).toBe(once);
  database.close();
});

describe.each(Object.keys(OPENERS))('%s.db', (file) => {
  test('of a newer release is refused and left as it is, byte for byte', async () => {
    const path = join(temporaryFolder(), `${file}.db`);
    await openOnce(file, path);
    const newer = openDatabase(path);
    newer.pragma('user_version = 99');
    newer.exec('drop table if exists secret');
    newer.close();
    const before = readFileSync(path);
    const refused = expect.objectContaining({
      code: 'newer-schema',
      message: expect.stringMatching(
        /newer release \(schema 99, this one reads up to \d+\). Nothing was changed/,
      ),
    });
    expect(() => OPENERS[file]?.(path)).toThrow(refused);
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test('is what is written down for its version: whatever is added later has a number of its own', async () => {
    const path = join(temporaryFolder(), `${file}.db`);
    await openOnce(file, path);
    const database = openDatabase(path, { readonly: true });
    const version = Number(database.pragma('user_version', { simple: true }));
    const made = database.prepare<[], string>('select sql from sqlite_schema where sql is not null').pluck();
    const sql = `${made
      .all()
      .filter((statement) => !statement.startsWith('CREATE TABLE sqlite_'))
      .join(';\n')};\n`;
    database.close();
    await expect(sql).toMatchFileSnapshot(`schemas/${file}-${version}.sql`);
    const versions = new Set(RELEASED.filter((one) => one.file === file).map((one) => one.version));
    const first = file === 'log' ? 0 : 1;
    for (let older = first; older < version; older += 1) expect(versions.has(older), `${older}`).toBe(true);
  });
});

test('whoever only reads a file of an older release says who brings it up to date', async () => {
  for (const [file, open] of [
    ['log', openLogReader],
    ['views', openViewsProgress],
  ] as const) {
    const released = RELEASED.find((one) => one.file === file);
    if (released === undefined) throw new Error('a released schema is there');
    const path = madeBy(released);
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'older-schema' }));
    await openOnce(file, path);
    await open(path).close();
  }
});

test('each migration runs once, in order, and none of them where one fails', () => {
  const path = join(temporaryFolder(), 'any.db');
  const steps = [
    { version: 1, up: 'create table reading (value integer)' },
    { version: 2, up: 'alter table reading add column unit text' },
  ];
  openMigrated(path, steps).close();
  openMigrated(path, steps).close();
  const faulty = [
    ...steps,
    { version: 3, up: 'drop table reading' },
    { version: 4, up: 'no such statement' },
  ];
  expect(() => openMigrated(path, faulty)).toThrow(/syntax error/);
  const database = openMigrated(path, steps);
  expect(columnsOf(database, 'reading').map(({ name }) => name)).toEqual(['value', 'unit']);
  database.close();
});
