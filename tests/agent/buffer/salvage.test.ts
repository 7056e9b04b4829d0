import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import type { Buffer as GatewayBuffer, SealedBatch } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import { claimAll, point, reading, readingsOf, signingKey } from '../../support/buffer.js';
import { accountOf, directoryOf, lossesOf, sealAll } from '../../support/buffer-accounts.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const POINTS = [point('a/x'), point('a/y')];
const PAGE_BYTES = 4096;

const ready = async (path: string): Promise<GatewayBuffer> => {
  const buffer = await openBuffer({ path, commitMs: 5, reserveBytes: 0, retryMs: 50 });
  await buffer.setSigner(signingKey);
  const numbers = await buffer.definePoints(POINTS);
  const { hash, bytes } = directoryOf(POINTS, numbers);
  await buffer.useDirectory(hash, bytes);
  return buffer;
};

interface Old {
  readonly path: string;
  readonly epoch: string;
  readonly unacked: readonly SealedBatch[];
  readonly lastOrdinal: number;
}

/** A closed file with 5 acked batches, 15 that are not, and 3,000 rows that no batch carries, of two boots. */
const makeOld = async (path = join(temporaryFolder(), 'buffer.db')): Promise<Old> => {
  const buffer = await ready(path);
  await buffer.append(
    Array.from({ length: 20_000 }, (_, index) => reading(1 + (index % 2), index, { value: Math.sin(index) })),
  );
  await buffer.seal('live', 'full');
  await buffer.ack(buffer.epoch, [[1, 5]]);
  const rows = Array.from({ length: 3_000 }, (_, index) =>
    reading(1 + (index % 2), 20_000 + index, {
      value: 20_000 + index,
      boot: index < 1_000 ? 'boot-one' : 'boot-two',
    }),
  );
  await buffer.append(rows);
  const { epoch } = buffer;
  const unacked = await claimAll(buffer);
  const { lastOrdinal } = await buffer.state();
  await buffer.close();
  const database = openDatabase(path);
  database.pragma('wal_checkpoint(TRUNCATE)');
  database.close();
  expect(unacked).toHaveLength(15);
  return { path, epoch, unacked, lastOrdinal };
};

const overwrite = (path: string, at: number, bytes: Uint8Array): void => {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
};

/** The root of a table; `leaf` pages after it were given out while it grew. */
const rootOf = (path: string, table: string): number => {
  const database = new Sqlite(path, { readonly: true });
  const root = Number(
    database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table),
  );
  database.close();
  return root;
};

/** A leaf of a table, by the page numbers that dbstat gives. */
const leafOf = (path: string, table: string, share: number): number => {
  const database = new Sqlite(path, { readonly: true });
  const leaves = database
    .prepare<[string], number>(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`)
    .pluck()
    .all(table);
  database.close();
  return leaves[Math.floor(leaves.length * share)] ?? 0;
};

/** Rows that may be in no window. */
const rowsOutside = (path: string): number => {
  const database = new Sqlite(path, { readonly: true });
  const rows = database.prepare<[], number>('SELECT total(last - first + 1) FROM outside').pluck().get();
  database.close();
  return rows ?? 0;
};

const ruin = (path: string, page: number): void =>
  overwrite(path, (page - 1) * PAGE_BYTES, new Uint8Array(PAGE_BYTES).fill(0xa5));

const saved = async (buffer: GatewayBuffer): Promise<void> =>
  eventually(async () => (await buffer.state()).storage.salvaging === 0, 25_000);

/** Opens after the damage, waits until all is saved, and seals all. */
const salvage = async (path: string): Promise<{ buffer: GatewayBuffer; batches: readonly SealedBatch[] }> => {
  const buffer = await ready(path);
  expect(buffer.setAside?.path).toContain('.bad-');
  await buffer.append([reading(1, 100_000, { boot: 'boot-three', value: -1 })]);
  await saved(buffer);
  await sealAll(buffer);
  return { buffer, batches: await claimAll(buffer) };
};

const valuesOf = (batches: readonly SealedBatch[], epoch: string): readonly number[] =>
  batches
    .filter(({ header }) => header.epoch === epoch)
    .flatMap(readingsOf)
    .map(({ value }) => Number(value))
    .filter((value) => value >= 20_000)
    .toSorted((a, b) => a - b);

const UNSEALED = Array.from({ length: 3_000 }, (_, index) => 20_000 + index);

describe('what a damaged file held', { timeout: 120_000 }, () => {
  it('is saved whole where only its head is gone: batches as they were, rows sealed anew', async () => {
    const old = await makeOld();
    overwrite(old.path, 0, new Uint8Array(PAGE_BYTES).fill(0));
    const { buffer, batches } = await salvage(old.path);
    expect(buffer.epoch).not.toBe(old.epoch);
    const again = batches.filter(({ header }) => header.epoch === old.epoch);
    expect(again.map(({ seq, message }) => [seq, message])).toEqual(
      old.unacked.map(({ seq, message }) => [seq, message]),
    );
    expect(valuesOf(batches, buffer.epoch)).toEqual(UNSEALED);
    expect(lossesOf(batches)).toEqual([]);
    expect(readdirSync(dirname(old.path)).some((name) => name.includes('.saved-'))).toBe(true);

    await buffer.ack(old.epoch, [[6, 20]]);
    await buffer.ack(buffer.epoch, [[1, 100]]);
    expect(await claimAll(buffer)).toEqual([]);
    expect((await buffer.state()).unackedBatches).toBe(0);
    await buffer.close();
    // nothing says that windows stand for them
    expect(rowsOutside(old.path)).toBe(3_000);
  });

  it('is saved but for what one page held, and that is declared exactly', async () => {
    const old = await makeOld();
    ruin(old.path, leafOf(old.path, 'batch', 0.6));
    ruin(old.path, rootOf(old.path, 'boot'));
    const { buffer, batches } = await salvage(old.path);
    const { seqs, lostReadings } = accountOf(
      batches.filter(({ header }) => header.epoch === old.epoch || header.content === 'losses'),
      old.epoch,
    );
    expect([...seqs].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, index) => 6 + index));
    const lost = lossesOf(batches).filter(({ firstSeq }) => firstSeq !== undefined);
    expect(lost.length).toBeGreaterThan(0);
    expect(lost.every(({ cause, exact, epoch }) => cause === 'damage' && exact && epoch === old.epoch)).toBe(
      true,
    );
    const counted = old.unacked.filter(({ seq }) => lost.some(({ firstSeq }) => firstSeq === seq));
    const rest = lossesOf(batches).filter(({ firstSeq }) => firstSeq === undefined);
    expect(lostReadings).toBe(
      counted.reduce((sum, { header }) => sum + header.count, 0) +
        rest.reduce((sum, { count }) => sum + count, 0),
    );
    // without its boots no row has a time
    expect(rest).toMatchObject([{ exact: false, count: 3_000 }]);
    await buffer.close();
  });

  it('has its rows but for those of a ruined page, with the bound of what is missing', async () => {
    const old = await makeOld();
    ruin(old.path, leafOf(old.path, 'reading', 0.7));
    ruin(old.path, rootOf(old.path, 'state'));
    const { buffer, batches } = await salvage(old.path);
    const values = valuesOf(batches, buffer.epoch);
    expect(values.length).toBeGreaterThan(2_000);
    expect(values.length).toBeLessThan(3_000);
    expect(new Set(values).size).toBe(values.length);
    const [loss] = lossesOf(batches);
    expect(loss).toMatchObject({ cause: 'damage', epoch: old.epoch, exact: false });
    expect(loss?.count).toBeGreaterThanOrEqual(3_000 - values.length);
    await buffer.close();
  });

  it('is saved as far as a file goes that was cut short', async () => {
    const old = await makeOld();
    truncateSync(old.path, Math.floor(statSync(old.path).size / PAGE_BYTES / 2) * PAGE_BYTES + 100);
    const { buffer, batches } = await salvage(old.path);
    const known = accountOf(batches, old.epoch).seqs;
    for (let seq = 6; seq <= 20; seq += 1) expect(known).toContain(seq);
    await buffer.close();
  });

  it.each([
    ['NUL bytes', (path: string) => writeFileSync(path, new Uint8Array(statSync(path).size))],
    ['no byte', (path: string) => truncateSync(path, 0)],
    ['nothing at all', (path: string) => rmSync(path)],
  ])('is declared with its bound where there is left: %s', async (_, destroy) => {
    const old = await makeOld();
    destroy(old.path);
    const { buffer, batches } = await salvage(old.path);
    const [loss] = lossesOf(batches);
    expect(loss).toMatchObject({ cause: 'damage', epoch: old.epoch, exact: false });
    expect(loss?.count).toBeGreaterThanOrEqual(old.lastOrdinal - 5_000);
    await buffer.close();
  });

  it('is saved once, however often saving is broken off', async () => {
    const old = await makeOld();
    overwrite(old.path, 0, new Uint8Array(100).fill(0x11));
    let buffer = await ready(old.path);
    for (let time = 0; time < 6; time += 1) {
      const before = (await buffer.state()).lastOrdinal;
      await eventually(async () => {
        const state = await buffer.state();
        return state.lastOrdinal > before || state.storage.salvaging === 0;
      }, 20_000);
      await buffer.close();
      buffer = await ready(old.path);
    }
    await buffer.append([reading(1, 100_000, { boot: 'boot-three', value: -1 })]);
    await saved(buffer);
    await sealAll(buffer);
    const batches = await claimAll(buffer);
    expect(valuesOf(batches, buffer.epoch)).toEqual(UNSEALED);
    expect(batches.filter(({ header }) => header.epoch === old.epoch)).toHaveLength(15);
    await buffer.close();
  });

  it('waits, untouched, where a newer version wrote it', async () => {
    const old = await makeOld();
    const database = new Sqlite(old.path);
    const version = Number(database.pragma('user_version', { simple: true }));
    database.pragma('user_version = 99');
    database.close();
    const buffer = await ready(old.path);
    expect(buffer.setAside?.reason).toMatch(/newer version/);
    await buffer.append([reading(1, 0)]);
    await sealAll(buffer);
    expect((await claimAll(buffer)).every(({ header }) => header.epoch === buffer.epoch)).toBe(true);
    await saved(buffer);
    expect((await buffer.state()).storage.waiting).toBe(1);
    const aside = buffer.setAside?.path ?? '';
    await buffer.close();
    const newer = new Sqlite(aside);
    newer.pragma(`user_version = ${version}`);
    newer.close();
    const back = await ready(old.path);
    await back.append([reading(1, 100_000, { boot: 'boot-three', value: -1 })]);
    await saved(back);
    expect((await back.state()).storage.waiting).toBe(0);
    expect((await claimAll(back)).filter(({ header }) => header.epoch === old.epoch)).toHaveLength(15);
    await back.close();
  });
});

describe('a disk that cannot be used', { timeout: 120_000 }, () => {
  it('is replaced by memory at the start; what was stored there becomes the file, and the old one is saved', async () => {
    const folder = join(temporaryFolder(), 'disk');
    mkdirSync(folder);
    const old = await makeOld(join(folder, 'buffer.db'));
    renameSync(folder, `${folder}-gone`);
    const buffer = await ready(old.path);
    const { storage } = await buffer.state();
    expect(storage).toMatchObject({ kind: 'memory' });
    expect(storage.fault).toBeDefined();
    const { epoch } = buffer;
    await buffer.append([reading(1, 100_000, { boot: 'boot-three', value: 7 })]);
    await sealAll(buffer);
    const [first] = await claimAll(buffer);

    renameSync(`${folder}-gone`, folder);
    await eventually(async () => {
      await buffer.append([reading(1, 100_001, { boot: 'boot-three', value: 8 })]);
      return (await buffer.state()).storage.kind === 'disk';
    }, 20_000);
    expect(buffer.epoch).toBe(epoch);
    expect((await buffer.recall([[1, 1]]))[0]?.message).toEqual(first?.message);
    await saved(buffer);
    await sealAll(buffer);
    const batches = await claimAll(buffer);
    expect(batches.filter(({ header }) => header.epoch === old.epoch)).toHaveLength(15);
    expect(valuesOf(batches, epoch)).toEqual(UNSEALED);
    await buffer.close();
    expect(existsSync(old.path)).toBe(true);
    const again = await ready(old.path);
    expect(again.epoch).toBe(epoch);
    await again.close();
  });

  it('keeps what it cannot write in order with whoever took it, and stores it once it can', async () => {
    const path = join(temporaryFolder(), 'buffer.db');
    const buffer = await openBuffer({ path, commitMs: 5, reserveBytes: 0, capBytes: 400_000, retryMs: 50 });
    await buffer.definePoints(POINTS);
    const many = Array.from({ length: 9_000 }, (_, index) => reading(1, index, { value: Math.sin(index) }));
    await expect(buffer.append(many)).rejects.toMatchObject({ code: 'full', retryable: true });
    expect((await buffer.state()).storage).toMatchObject({ kind: 'refusing' });
    await buffer.append(many.slice(0, 100));
    expect((await buffer.state()).storage).toMatchObject({ kind: 'disk' });
    await buffer.close();
  });

  it('that cannot be opened again is still told of: what waits, and what it said', async () => {
    const folder = join(temporaryFolder(), 'disk');
    mkdirSync(folder);
    const path = join(folder, 'buffer.db');
    const buffer = await openBuffer({ path, commitMs: 5, reserveBytes: 0, capBytes: 400_000, retryMs: 0 });
    await buffer.definePoints(POINTS);
    await buffer.append([reading(1, 0, { value: 7 })]);
    const many = Array.from({ length: 9_000 }, (_, index) => reading(1, index, { value: Math.sin(index) }));
    await expect(buffer.append(many)).rejects.toMatchObject({ code: 'full' });
    expect(await buffer.state()).toMatchObject({ lastOrdinal: 1, storage: { kind: 'refusing' } });
    renameSync(folder, `${folder}-gone`);
    await expect(buffer.append(many.slice(0, 1))).rejects.toMatchObject({ code: 'io', retryable: true });
    const { storage, lastOrdinal, unsealedRows } = await buffer.state();
    expect(storage).toMatchObject({ kind: 'refusing', fault: expect.any(String) });
    // room may have been made for the readings that found none: that is recorded
    expect(Math.min(lastOrdinal, unsealedRows)).toBeGreaterThanOrEqual(1);
    renameSync(`${folder}-gone`, folder);
    await buffer.append(many.slice(0, 100));
    const { lastOrdinal: last, storage: now } = await buffer.state();
    expect(last).toBeGreaterThanOrEqual(101);
    expect(now.kind).toBe('disk');
    await buffer.close();
  });

  it.each(['flush', 'close'] as const)(
    'is tried once more by a %s, however short a time ago it was',
    async (last) => {
      const folder = join(temporaryFolder(), 'disk');
      mkdirSync(folder);
      const path = join(folder, 'buffer.db');
      renameSync(folder, `${folder}-gone`);
      const options = { path, commitMs: 60_000, reserveBytes: 0, retryMs: 3_600_000 };
      const buffer = await openBuffer(options);
      await buffer.definePoints(POINTS);
      const appended = buffer.append([reading(1, 0, { value: 7 })]);
      renameSync(`${folder}-gone`, folder);
      await buffer[last]();
      expect(existsSync(path)).toBe(true);
      await appended;
      await buffer.close();
      const again = await openBuffer(options);
      expect(again.setAside).toBeUndefined();
      expect((await again.state()).lastOrdinal).toBe(1);
      await again.close();
    },
  );
});
