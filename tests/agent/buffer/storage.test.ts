import { inflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import { decodeBody, presentColumns, unpackColumns } from '#wire/body.js';
import { BufferFile, claimAll, point, reading, readingsOf } from '../../support/buffer.js';

let file: BufferFile;
beforeEach(() => {
  file = new BufferFile(async (options) => openBuffer(options));
});
afterEach(async () => file.remove());

const archived = (path: string): readonly { ordinal: number; value: unknown }[] => {
  const database = openDatabase(path);
  try {
    const rows = database
      .prepare<[], { segment: Uint8Array; count: number }>('SELECT segment, count FROM archive')
      .all();
    return rows.flatMap(({ segment, count }) => {
      const { entries } = decodeBody(inflateRawSync(segment));
      const content = unpackColumns('readings', presentColumns(entries), count);
      return content.content === 'readings' ? content.columns.flatMap(({ readings }) => readings) : [];
    });
  } finally {
    database.close();
  }
};

describe('the file of the buffer', () => {
  it('is opened with synchronous FULL each time, since SQLite does not remember it', () => {
    for (let time = 0; time < 2; time += 1) {
      const database = openDatabase(file.path);
      database.exec('CREATE TABLE IF NOT EXISTS sample (x)');
      database.exec('INSERT INTO sample VALUES (1)');
      expect(database.pragma('synchronous', { simple: true })).toBe(2);
      expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
      database.close();
    }
  });

  it('has each reading in exactly one place once its rows are gone: a batch, or the archive', async () => {
    const buffer = await file.ready();
    const count = 5_000;
    for (let from = 0; from < count; from += 500) {
      await buffer.append(
        Array.from({ length: 500 }, (_, index) => {
          const number = from + index;
          return reading(1 + (number % 2), number * 10, { value: number, held: number % 3 === 0 });
        }),
      );
      await buffer.seal('live', 'due');
    }
    const sent = (await claimAll(buffer)).flatMap(readingsOf);
    const { heldRows } = await buffer.state();
    await buffer.close();
    const kept = archived(file.path);
    const database = openDatabase(file.path);
    const left = database
      .prepare<[], { ordinal: number; value: number }>(
        'SELECT ordinal, value FROM reading WHERE (marks >> 4) & 1',
      )
      .all();
    database.close();
    expect(kept.length).toBeGreaterThan(0);
    expect(heldRows).toBe(kept.length + left.length);
    const all = [...sent, ...kept, ...left].toSorted((a, b) => a.ordinal - b.ordinal);
    expect(all.map(({ ordinal, value }) => [ordinal, value])).toEqual(
      Array.from({ length: count }, (_, index) => [index + 1, index]),
    );
  });

  it('does not grow with what passes through it', async () => {
    const buffer = await file.ready([point('a/x', { windows: [60_000] })], { historyBytes: 50_000 });
    const sizes: number[] = [];
    for (let round = 0; round < 40; round += 1) {
      await buffer.append(
        Array.from({ length: 2_000 }, (_, index) => reading(1, (round * 2_000 + index) * 100)),
      );
      await buffer.seal('live', 'due');
      const { lastSealed, fileBytes, walBytes } = await buffer.state();
      await buffer.ack(buffer.epoch, [[1, lastSealed]]);
      sizes.push(fileBytes);
      expect(walBytes).toBeLessThanOrEqual(8 * 1024 * 1024);
    }
    expect(sizes.at(-1)).toBeLessThanOrEqual((sizes[20] ?? 0) * 1.25);
  });

  it('keeps the time of the boot and the next ordinal when all rows are gone', async () => {
    const buffer = await file.ready();
    await buffer.append(Array.from({ length: 2_000 }, (_, index) => reading(1, index)));
    await buffer.seal('live', 'due');
    const before = await buffer.state();
    const again = await file.open();
    await again.append([reading(2, 3_000)]);
    expect((await again.state()).lastOrdinal).toBe(before.lastOrdinal + 1);
  });
});
