import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openPool } from '../../../fleet/store/postgres/database.js';
import { openLogReader } from '../../../fleet/store/postgres/log-reader.js';
import { migrateLog } from '../../../fleet/store/postgres/log-schema.js';
import { openLogWriter } from '../../../fleet/store/postgres/log-writer.js';
import type { Erasure, LogItem, LogReader, LogWriter } from '../../../fleet/store/log-store.js';
import { eventually } from '../../support/eventually.js';
import { postgresAvailable, usePostgres } from '../../support/postgres.js';
import { logStoreSuite } from '../../suites/log-store.js';

type Batch = Extract<LogItem, { type: 'batch' }>;

const NOVEMBER = Date.UTC(2026, 10, 30, 23, 59);

const batch = (source: string, seq: number, more: Partial<Batch> = {}): Batch => {
  const message = new TextEncoder().encode(`${source} ${seq}`);
  const hash = createHash('sha256').update(message).digest();
  return { type: 'batch', source, epoch: 'epoch', seq, hash, receivedAt: NOVEMBER, message, ...more };
};

const databaseOf = (url: string): string => /@\/(\w+)\?/.exec(url)?.[1] ?? '';

const readAll = async (reader: LogReader): Promise<string[]> => {
  const entries = await reader.read(0, 100_000, 1_000_000_000);
  return entries.map(({ message }) => new TextDecoder().decode(message));
};

describe.skipIf(!postgresAvailable())('PostgreSQL', { timeout: 300_000 }, () => {
  const server = usePostgres();

  logStoreSuite('PostgreSQL', async () => {
    const url = await server().database();
    return { writer: await openLogWriter(url), openReader: () => openLogReader(url) };
  });

  const openLog = async (
    writers: number,
  ): Promise<{ url: string; reader: LogReader; writers: LogWriter[] }> => {
    const url = await server().database();
    const opened: LogWriter[] = [];
    for (let index = 0; index < writers; index += 1) opened.push(await openLogWriter(url));
    const reader = openLogReader(url);
    onTestFinished(async () => {
      await Promise.allSettled([reader.close(), ...opened.map((writer) => writer.close())]);
    });
    return { url, reader, writers: opened };
  };

  test('a reader that follows three writers never skips what commits late', async () => {
    const { reader, writers } = await openLog(3);
    const each = 60;
    let writing = true;
    const append = async (writer: LogWriter, index: number): Promise<void> => {
      for (let n = 0; n < each; n += 1) {
        // long and short transactions, so that they overtake each other
        const size = 1 + ((randomBytes(1)[0] ?? 0) % (index === 0 ? 40 : 3));
        const items = Array.from({ length: size }, (_, part) => batch(`w${index}`, n * 100 + part + 1));
        expect(new Set(await writer.append(items))).toEqual(new Set(['stored']));
      }
    };
    const done = Promise.all(writers.map(append)).finally(() => {
      writing = false;
    });
    const seen: number[] = [];
    for (let last = 0; ;) {
      const ended = !writing;
      const entries = await reader.read(last, 7, 1_000_000);
      seen.push(...entries.map(({ position }) => position));
      last = entries.at(-1)?.position ?? last;
      if (ended && entries.length === 0) break;
    }
    await done;
    const all = await reader.read(0, 1_000_000, 1_000_000_000);
    expect(seen).toEqual(all.map(({ position }) => position));
    expect(all.length).toBeGreaterThan(3 * each);
  });

  test('what was allotted first and commits last is read first', async () => {
    const { url, reader, writers } = await openLog(1);
    const pool = openPool({ url, connections: 1 });
    onTestFinished(() => pool.end());
    const late = await pool.connect();
    await late.query('begin');
    await late.query('select allot(1)');
    expect(await writers[0]?.append([batch('quick', 1)])).toEqual(['stored']);
    expect([await readAll(reader), await reader.head()]).toEqual([[], 0]);
    await late.query(
      `insert into entry (position, type, source, received_at, message)
       values (currval('entry_position'), 1, 'late', 1, '\\x6c617465')`,
    );
    await late.query('commit');
    late.release();
    expect(await readAll(reader)).toEqual(['late', 'quick 1']);
  });

  test('two workers that bring the same batches store each once, and neither waits for ever', async () => {
    const { reader, writers } = await openLog(2);
    const items = Array.from({ length: 200 }, (_, index) => batch(`g${index % 20}`, index + 1));
    const outcomes = await Promise.all([
      writers[0]?.append(items),
      writers[1]?.append(items.toReversed()).then((fates) => fates.toReversed()),
    ]);
    for (const index of items.keys()) {
      expect(new Set(outcomes.map((fates) => fates?.[index]))).toEqual(new Set(['duplicate', 'stored']));
    }
    expect(new Set(await readAll(reader)).size).toBe(200);
    const other = items.map((item) => batch(item.source, item.seq, { hash: randomBytes(32) }));
    expect(new Set(await writers[1]?.append(other))).toEqual(new Set(['clone']));
    expect(await readAll(reader)).toHaveLength(200);
  });

  test.each(['batch_key', 'entry', 'stored_range'])(
    'a connection that is cut before it writes to %s leaves nothing, and the next append goes on',
    async (table) => {
      const { url, reader, writers } = await openLog(1);
      const [writer] = writers;
      const pool = openPool({ url, connections: 1 });
      onTestFinished(() => pool.end());
      await writer?.append([batch('cut', 1)]);
      const holder = await pool.connect();
      await holder.query(`begin; lock table ${table} in exclusive mode`);
      const items = Array.from({ length: 50 }, (_, index) => batch('cut', index + 2));
      const fault = writer?.append(items).catch((error: unknown) => error);
      const name = databaseOf(url);
      await eventually(async () => {
        const waiting = await server().asAdministrator(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = '${name}' and wait_event_type = 'Lock'`,
        );
        return waiting.length > 0;
      }, 60_000);
      expect(await fault).toMatchObject({ code: 'failed', retryable: true });
      await holder.query('commit');
      holder.release();
      expect(await readAll(reader)).toEqual(['cut 1']);
      expect((await writer?.stored('cut', 'epoch'))?.stored).toEqual([[1, 1]]);
      expect(new Set(await writer?.append(items))).toEqual(new Set(['stored']));
      expect(await readAll(reader)).toHaveLength(51);
    },
  );

  test('a server that crashes and comes back is written to again, and has all that it answered for', async () => {
    const { reader, writers } = await openLog(1);
    const answered: string[] = [];
    let seq = 0;
    const appendOn = async (times: number): Promise<void> => {
      for (let n = 0; n < times; n += 1) {
        seq += 1;
        const item = batch('crash', seq);
        const fate = await writers[0]?.append([item]).catch(() => ['failed']);
        if (fate?.[0] === 'stored') answered.push(new TextDecoder().decode(item.message));
      }
    };
    const under = appendOn(200);
    await server().crash();
    await under;
    await appendOn(5);
    const stored = new Set(await readAll(reader));
    expect(answered.filter((message) => !stored.has(message))).toEqual([]);
    expect(stored.has(`crash ${seq}`)).toBe(true);
  });

  test('a writer that waits too long for another gives up, may try again, and lets go of all it held', async () => {
    const url = await server().database();
    const patient = await openLogWriter(url);
    const hasty = await openLogWriter(url, { statementTimeoutMs: 300 });
    const pool = openPool({ url, connections: 1 });
    onTestFinished(async () => {
      await Promise.all([patient.close(), hasty.close(), pool.end()]);
    });
    await patient.append([batch('slow', 1)]);
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query("insert into batch_key select number, 2, '\\x00', 0 from origin");
    await expect(hasty.append([batch('slow', 2)])).rejects.toMatchObject({ code: 'failed', retryable: true });
    await holder.query('rollback');
    holder.release();
    expect(await hasty.append([batch('slow', 2)])).toEqual(['stored']);
  });

  test('an erasure that commits late has no lower number than one that was seen', async () => {
    const { url, reader, writers } = await openLog(2);
    const items = [batch('slow', 1), batch('slower', 1), batch('quick', 1)];
    await writers[0]?.append(items);
    const entries = await reader.read(0, 10, 1_000_000);
    const [slow1, slow2, quick] = entries.map((entry, index): Erasure => {
      const { source, epoch, seq, hash } = items[index] ?? batch('', 0);
      const counts = { firstTime: 1, lastTime: 1, readings: 1, windows: 0, others: [] };
      const message = new TextEncoder().encode('reduced');
      const hashes = { before: hash, after: createHash('sha256').update(message).digest() };
      const { position } = entry;
      return { position, pointId: 'p', source, epoch, seq, ...counts, erasedAt: 1, ...hashes, message };
    });
    if (slow1 === undefined || slow2 === undefined || quick === undefined)
      throw new Error('three were stored');
    const pool = openPool({ url, connections: 1 });
    onTestFinished(() => pool.end());
    const holder = await pool.connect();
    await holder.query('begin');
    await holder.query('select 1 from entry where position = $1 for update', [slow2.position]);
    const waiting = async (): Promise<number> => {
      const rows = await server().asAdministrator(
        `select pid from pg_stat_activity where datname = '${databaseOf(url)}' and wait_event_type = 'Lock'`,
      );
      return rows.length;
    };
    const late = writers[0]?.eraseColumns([slow1, slow2]);
    await eventually(async () => (await waiting()) === 1, 60_000);
    let done = false;
    const other = writers[1]?.eraseColumns([quick]).then(() => {
      done = true;
    });
    await eventually(async () => done || (await waiting()) === 2, 60_000);
    const first = await reader.erasedAfter(0);
    await holder.query('commit');
    holder.release();
    await Promise.all([late, other]);
    const then = await reader.erasedAfter(first.number);
    expect([...first.sources, ...then.sources].toSorted()).toEqual(['quick', 'slow', 'slower']);
  });

  test('batches lie in the month in which they were received, directories apart', async () => {
    const { url, writers } = await openLog(1);
    const { hash, message } = batch('g', 9);
    await writers[0]?.append([
      batch('g', 1),
      batch('g', 2, { receivedAt: NOVEMBER + 60_000 }),
      { type: 'directory', source: 'g', hash, receivedAt: NOVEMBER, message },
    ]);
    const pool = openPool({ url, connections: 1 });
    onTestFinished(() => pool.end());
    const { rows } = await pool.query<{ place: string }>(
      'select tableoid::regclass::text as place from entry order by position',
    );
    expect(rows.map(({ place }) => place)).toEqual(['entry_2026_11', 'entry_2026_12', 'entry_directory']);
  });

  test('ranges are joined now and then, whoever adds to them', async () => {
    const { url, writers } = await openLog(2);
    for (let seq = 1; seq <= 300; seq += 1) await writers[seq % 2]?.append([batch('g', seq)]);
    expect((await writers[0]?.stored('g', 'epoch'))?.stored).toEqual([[1, 300]]);
    const pool = openPool({ url, connections: 1 });
    onTestFinished(() => pool.end());
    const { rows } = await pool.query<{ count: number }>('select count(*) as count from stored_range');
    expect(rows[0]?.count).toBeLessThan(200);
  });

  test('a schema is brought forward once, whoever comes first, and a newer one is refused', async () => {
    const url = await server().database();
    const pool = openPool({ url, connections: 4 });
    onTestFinished(() => pool.end());
    await Promise.all([migrateLog(pool), migrateLog(pool), migrateLog(pool)]);
    const { rows } = await pool.query<{ version: number }>('select version from migration order by version');
    expect(rows.map(({ version }) => version)).toEqual([1]);
    await pool.query('insert into migration (version) values (99)');
    await expect(openLogWriter(url)).rejects.toMatchObject({ code: 'newer-schema' });
  });

  test('a server that answers before it has written is refused', async () => {
    const url = await server().database();
    await server().asAdministrator(`alter database ${databaseOf(url)} set synchronous_commit = off`);
    await expect(openLogWriter(url)).rejects.toThrow(/synchronous_commit off/);
  });
});
