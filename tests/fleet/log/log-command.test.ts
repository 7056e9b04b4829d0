import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LogFileError, readLogFile } from '../../../fleet/log/portable/log-file.js';
import { summarise } from '../../../fleet/log/portable/filed-entries.js';
import { openLogReader as openPostgresReader } from '../../../fleet/store/postgres/log-reader.js';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { postgresAvailable, usePostgres } from '../../support/postgres.js';
import { runProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { directoryOf, point, reading, seal, T0 } from '../projections/fleet-of-views.js';

const SOURCE = 'gateway000000000001';
const EPOCH = '0123456789abcdef';
const COUNT = 30;

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** A data folder whose log has batches of one gateway, and one directory. */
const folderWithLog = async (count = COUNT, said = 'a directory'): Promise<string> => {
  const folder = temporaryFolder();
  const log = openLogWriter(join(folder, 'log.db'));
  const directory = directoryOf(point(1));
  const bytes = new TextEncoder().encode(said);
  await log.append([
    { type: 'directory', source: SOURCE, hash: sha256(bytes), receivedAt: T0, message: bytes },
    ...Array.from({ length: count }, (_, index) => {
      const seq = index + 1;
      const columns = [{ point: 1, readings: [reading(seq, T0 + seq, seq)] }];
      const message = seal(
        directory,
        { content: 'readings', columns },
        { source: SOURCE, epoch: EPOCH, seq },
      );
      const key = { source: SOURCE, epoch: EPOCH, seq, hash: sha256(message) };
      return { type: 'batch' as const, ...key, receivedAt: T0 + seq, message };
    }),
  ]);
  await log.close();
  return folder;
};

const fleet = async (...words: readonly string[]): Promise<{ code: number | null; output: string }> =>
  runProgram('fleet', 'log', ...words);

describe('terroir-fleet log', { timeout: 200_000 }, () => {
  test('finds any byte of an exported file that was changed, and where it is cut', async () => {
    const folder = await folderWithLog();
    const file = join(folder, 'log.cborseq.gz');
    expect(await fleet('export', file, '--store', folder)).toMatchObject({ code: 0 });
    expect((await fleet('verify', file)).output).toMatch(/holds: 31 entries \(30 batches, 1 directories\)/);
    const whole = readFileSync(file);
    const damaged = join(folder, 'damaged');
    const check = async (bytes: Uint8Array): Promise<unknown> => {
      writeFileSync(damaged, bytes);
      return summarise(readLogFile(damaged), () => undefined).catch((error: unknown) => error);
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ change : byte));
        expect(await check(bytes)).toBeInstanceOf(LogFileError);
      }),
      { numRuns: 150 },
    );
    for (const bytes of [
      whole.subarray(0, -1),
      whole.subarray(0, 200),
      Buffer.concat([whole, Buffer.of(0)]),
    ]) {
      expect(await check(bytes)).toBeInstanceOf(LogFileError);
    }
    writeFileSync(damaged, whole.subarray(0, -3));
    expect(await fleet('verify', damaged)).toMatchObject({ code: 1 });
    expect((await fleet('import', damaged, '--store', join(folder, 'new'))).code).toBe(1);
  });

  describe.skipIf(!postgresAvailable())('with PostgreSQL', () => {
    const server = usePostgres();

    test('moves a log there and back with every entry in its place, twice to the same end', async () => {
      const folder = await folderWithLog();
      const database = await server().database();
      const [there, back] = [join(folder, 'there'), join(folder, 'back')];
      const elsewhere = temporaryFolder();
      for (const words of [
        ['export', there, '--store', folder],
        ['import', there, '--store', database],
        ['export', back, '--store', database],
        ['import', back, '--store', elsewhere],
      ]) {
        const { code, output } = await fleet(...words);
        expect([code, output]).toEqual([0, expect.stringMatching(/31 entries/)]);
      }
      expect((await fleet('import', there, '--store', database)).output).toMatch(
        / 0 entries imported, 31 were/,
      );
      const readers = [
        openLogReader(join(folder, 'log.db')),
        openPostgresReader(database),
        openLogReader(join(elsewhere, 'log.db')),
      ];
      onTestFinished(async () => {
        for (const reader of readers) await reader.close();
      });
      const [first, ...copies] = await Promise.all(readers.map((reader) => reader.read(0, 1000, 1e9)));
      expect(first).toHaveLength(COUNT + 1);
      for (const copy of copies) expect(copy).toEqual(first);
      const other = await folderWithLog(2, 'another one');
      const file = join(other, 'other');
      await fleet('export', file, '--store', other);
      const refused = await fleet('import', file, '--store', database);
      expect([refused.code, refused.output]).toEqual([
        1,
        expect.stringMatching(/something else in the place/),
      ]);
    });
  });
});
