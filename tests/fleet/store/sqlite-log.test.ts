import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLogReader } from '../../../fleet/store/sqlite/log-reader.js';
import { openLogWriter } from '../../../fleet/store/sqlite/log-writer.js';
import { logStoreSuite } from '../../suites/log-store.js';

logStoreSuite('SQLite', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'terroir-log-')), 'log.db');
  return { writer: openLogWriter(path), openReader: () => openLogReader(path) };
});
