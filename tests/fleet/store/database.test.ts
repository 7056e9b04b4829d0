import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openDatabase, SMALL_CACHE_KIB } from '../../../fleet/store/sqlite/database.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

it('keeps no more pages in memory than is stated, in either mode', () => {
  const path = join(temporaryFolder(), 'some.db');
  const writer = openDatabase(path, { cacheKib: 8_192 });
  writer.exec('create table t (a)');
  const reader = openDatabase(path, { readonly: true });
  const [kept, keptSmall] = [writer, reader].map((each) => each.pragma('cache_size', { simple: true }));
  expect([kept, keptSmall]).toEqual([-8_192, -SMALL_CACHE_KIB]);
  writer.close();
  reader.close();
});

it('has no statement with a bare parameter as its limit: SQLite would plan it anew each time that one is bound', () => {
  const folder = new URL('../../../fleet/store/sqlite/', import.meta.url);
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(20);
  const bare = files.filter((file) =>
    /\blimit (@\w|\?[^ ])/.test(readFileSync(new URL(file, folder), 'utf8')),
  );
  expect(bare).toEqual([]);
});
