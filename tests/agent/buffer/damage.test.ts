import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import { BUFFER_THREAD_LIMITS, openThreadBuffer } from '../../../agent/buffer/thread-buffer.js';
import { hash, point, reading } from '../../support/buffer.js';
import { bundled } from '../../support/built.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PAGE_BYTES = 4096;
const thread = bundled('buffer/buffer-thread.js');

/** A buffer file in which the first page of one table was overwritten. */
const damagedIn = async (table: string): Promise<{ readonly path: string; readonly epoch: string }> => {
  const path = join(temporaryFolder(), 'buffer.db');
  const buffer = await openBuffer({ path, reserveBytes: 0 });
  const { epoch } = buffer;
  await buffer.definePoints([point('a/x')]);
  await buffer.append([reading(1, 0)]);
  await buffer.close();
  const database = openDatabase(path);
  const page = Number(
    database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table),
  );
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.alloc(PAGE_BYTES, 0xa5), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
  closeSync(file);
  return { path, epoch };
};

describe('a damaged buffer file', () => {
  it.each(['state', 'reading', 'point', 'boot'])(
    'is set aside when opening meets the damage, in %s',
    async (table) => {
      const { path, epoch } = await damagedIn(table);
      const buffer = await openBuffer({ path, reserveBytes: 0 });
      expect(buffer.setAside?.path).toContain('.bad-');
      expect(buffer.epoch).not.toBe(epoch);
      await buffer.definePoints([point('a/x')]);
      await buffer.append([reading(1, 0)]);
      await buffer.close();
    },
  );

  it('is set aside when the damage is met in use, and the call works on the file that takes its place', async () => {
    const { path, epoch } = await damagedIn('directory');
    const buffer = await openBuffer({ path, reserveBytes: 0 });
    expect(buffer.epoch).toBe(epoch);
    await buffer.definePoints([point('a/x')]);
    await buffer.useDirectory(hash(1), new Uint8Array(1));
    expect(buffer.epoch).not.toBe(epoch);
    expect(buffer.setAside?.path).toContain('.bad-');
    await buffer.append([reading(1, 0)]);
    const now = buffer.epoch;
    await buffer.close();
    const again = await openBuffer({ path, reserveBytes: 0 });
    expect(again.setAside).toBeUndefined();
    expect(again.epoch).toBe(now);
    await again.close();
  });

  it('does not end the thread that met the damage: points keep their numbers, and waiting readings are stored', async () => {
    const { path, epoch } = await damagedIn('directory');
    const worker = new Worker(thread, { resourceLimits: BUFFER_THREAD_LIMITS });
    const buffer = await openThreadBuffer({ path, worker, reserveBytes: 0 });
    const before = await buffer.definePoints([point('z/z'), point('a/x')]);
    const appended = buffer.append([reading(before.get('a/x') ?? 0, 5_000)]);
    await buffer.useDirectory(hash(1), new Uint8Array(1));
    await appended;
    expect(buffer.epoch).not.toBe(epoch);
    expect(await buffer.definePoints([point('a/x'), point('z/z')])).toEqual(before);
    expect((await buffer.state()).lastOrdinal).toBeGreaterThanOrEqual(1);
    await buffer.close();
  });
});
