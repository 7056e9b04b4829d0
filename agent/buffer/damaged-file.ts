import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { sqliteCode } from './buffer-error.js';
import { openPrepared } from './open-file.js';
import { schemaOf } from './schema.js';
import { openDatabase, type Database } from './sqlite-database.js';

/** SQLite's default page, which the buffer uses. */
const PAGE_BYTES = 4096;
/** Fields of the file's header: https://www.sqlite.org/fileformat2.html section 1.3. */
const CHANGE_COUNTER = 24;
const PAGE_COUNT = 28;
const FREELIST = 32;
const FREELIST_BYTES = 8;
const VALID_FOR = 92;
const HEADER_BYTES = 100;
const WAL_VERSIONS = [2, 2] as const;
const VERSIONS = 18;

export const isDamage = (error: unknown): boolean => {
  const code = sqliteCode(error);
  return code === 'SQLITE_NOTADB' || code === 'SQLITE_ERROR' || code?.startsWith('SQLITE_CORRUPT') === true;
};

/**
 * An empty buffer. All tables are made at once, so that each has its root in the same page of every file, and the
 * first page, header and tables, fits any.
 */
const emptyFile = (): Buffer => {
  const empty = openPrepared(':memory:', Infinity, { random: (bytes) => new Uint8Array(bytes) });
  const bytes = empty.serialize();
  empty.close();
  return bytes;
};

const firstPage = (empty: Buffer, pages: number): Buffer => {
  const page = Buffer.from(empty.subarray(0, PAGE_BYTES));
  page.set(WAL_VERSIONS, VERSIONS);
  page.writeUInt32BE(pages, PAGE_COUNT);
  page.fill(0, FREELIST, FREELIST + FREELIST_BYTES);
  page.copy(page, VALID_FOR, CHANGE_COUNTER, CHANGE_COUNTER + 4);
  return page;
};

const wholePages = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;

/** Most that a file is filled up by: what its head says may be damage too. */
const MOST_FILLED = 2 ** 32;

/** Fills a file that was cut short, up to what its head says. */
const fillUp = (path: string): void => {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const head = Buffer.alloc(HEADER_BYTES);
    readSync(file, head, 0, HEADER_BYTES, 0);
    const stated = head.readUInt32BE(PAGE_COUNT) * PAGE_BYTES;
    ftruncateSync(file, Math.max(wholePages(size), stated < size + MOST_FILLED ? stated : 0));
  } finally {
    closeSync(file);
  }
};

/** Puts a good first page in place of a damaged one, which is kept beside the file. */
const mendHead = (path: string): void => {
  const empty = emptyFile();
  const file = openSync(path, 'r+');
  try {
    const length = Math.max(wholePages(fstatSync(file).size), empty.length);
    const first = Buffer.alloc(PAGE_BYTES);
    readSync(file, first, 0, PAGE_BYTES, 0);
    if (!existsSync(`${path}.page1`)) writeFileSync(`${path}.page1`, first);
    ftruncateSync(file, length);
    writeSync(file, firstPage(empty, length / PAGE_BYTES), 0, PAGE_BYTES, 0);
  } finally {
    closeSync(file);
  }
};

const tryOpen = (path: string): Database | 'newer' | undefined => {
  let database: Database | undefined;
  try {
    database = openDatabase(path);
    const schema = schemaOf(database);
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    if (schema === 'known') return database;
    database.close();
    return schema === 'newer' ? 'newer' : undefined;
  } catch (error) {
    database?.close();
    if (isDamage(error)) return undefined;
    throw error;
  }
};

/**
 * Opens a file that was set aside, mended as far as its head is concerned; `newer` for one of a newer version,
 * `undefined` for one that holds nothing to be found. Throws what the disk says.
 */
export const openDamaged = (path: string): Database | 'newer' | undefined => {
  if (!existsSync(path)) return undefined;
  let opened = tryOpen(path);
  for (const mend of [fillUp, mendHead]) {
    if (opened !== undefined) break;
    mend(path);
    opened = tryOpen(path);
  }
  return opened;
};

export interface KeyedRow {
  readonly key: number;
}

/** Rows of a table from a key on, and whether some could not be read before the last of them. */
export interface Scanned<Row> {
  readonly rows: readonly Row[];
  readonly damaged: boolean;
  /** No readable row follows. */
  readonly ended: boolean;
}

/**
 * Reads the next rows of a damaged table, in the order of `key`; pages that cannot be read are passed over.
 * `select` takes (after, limit) and names its first column `key`.
 */
export const scanDamaged = <Row extends KeyedRow>(
  database: Database,
  select: string,
  after: number,
  limit: number,
): Scanned<Row> => {
  const read = (from: number, most: number): readonly Row[] | undefined => {
    try {
      return database.prepare<[number, number], Row>(select).all(from, most);
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  };
  const whole = read(after, limit);
  if (whole !== undefined) return { rows: whole, damaged: false, ended: whole.length < limit };
  const rows: Row[] = [];
  let at = after;
  while (rows.length < limit) {
    const one = read(at, 1);
    if (one === undefined) break;
    const [row] = one;
    if (row === undefined) return { rows, damaged: false, ended: true };
    rows.push(row);
    at = row.key;
  }
  if (rows.length > 0) return { rows, damaged: false, ended: false };
  const next = firstReadable((from) => read(from, 1) !== undefined, after);
  const found = next === undefined ? [] : (read(next, 1) ?? []);
  return { rows: found, damaged: true, ended: found.length === 0 };
};

const MOST_STEPS = 52;

/** The least key after `from` at which reading works again, found by doubling and halving. */
const firstReadable = (works: (after: number) => boolean, from: number): number | undefined => {
  let step = 1;
  let doublings = 0;
  while (!works(from + step)) {
    step *= 2;
    doublings += 1;
    if (doublings > MOST_STEPS) return undefined;
  }
  let [bad, good] = [from + Math.floor(step / 2), from + step];
  while (good - bad > 1) {
    const middle = Math.floor((bad + good) / 2);
    if (works(middle)) good = middle;
    else bad = middle;
  }
  return good;
};
