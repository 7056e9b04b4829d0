import { StoreError } from '../errors.js';
import type { EpochKeys, LogWriter } from '../log-store.js';
import { createBatchAppender } from './append-batches.js';
import { createColumnEraser } from './column-eraser.js';
import { openPool, rowsOf } from './database.js';
import { createMonths, migrateLog } from './log-schema.js';
import { createOrigins } from './origins.js';
import { createRestorer } from './restore.js';
import { createStoredRanges } from './stored-ranges.js';

/** One appends, the others answer hellos. */
const CONNECTIONS = 4;

export interface LogWriterOptions {
  readonly statementTimeoutMs?: number;
}

/**
 * Opens the log of a database for appending, bringing its schema up to date; any number of writers may, on any number of
 * machines. An `append` that rejects has stored all of it or nothing: the connection may have gone with the answer. The
 * same items again are then duplicates.
 */
export const openLogWriter = async (url: string, options: LogWriterOptions = {}): Promise<LogWriter> => {
  const pool = openPool({ url, connections: CONNECTIONS, ...options });
  try {
    await migrateLog(pool);
    await requireDurable(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const origins = createOrigins(pool);
  const ranges = createStoredRanges(pool);
  const months = createMonths(pool);
  const append = createBatchAppender({ pool, origins, ranges, months });
  return {
    append,
    stored: async (source, epoch): Promise<EpochKeys> => {
      const origin = await origins.find(source, epoch);
      if (origin === undefined) return { stored: [], quarantined: [] };
      const apart = await rowsOf<{ seq: number }>(
        pool,
        'select distinct seq from kept_apart where origin = $1 and not clone order by seq',
        [origin],
      );
      return { stored: await ranges.all(origin), quarantined: apart.map(({ seq }) => seq) };
    },
    epochs: async (source) => {
      const rows = await rowsOf<{ epoch: string }>(
        pool,
        'select epoch from origin where source = $1 order by number',
        [source],
      );
      return rows.map(({ epoch }) => epoch);
    },
    hasDirectory: async (source, hash) => {
      const rows = await rowsOf(pool, 'select 1 from directory_key where source = $1 and hash = $2', [
        source,
        Buffer.from(hash),
      ]);
      return rows.length > 0;
    },
    eraseColumns: createColumnEraser(pool),
    restore: createRestorer({ pool, origins, ranges, months }),
    close: () => pool.end(),
  };
};

/** An ack is given for what is on disk: a server that answers before that is refused. */
const requireDurable = async (pool: ReturnType<typeof openPool>): Promise<void> => {
  const settings = await rowsOf<{ name: string }>(
    pool,
    "select name from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'off' order by 1",
  );
  if (settings.length === 0) return;
  const names = settings.map(({ name }) => name).join(' and ');
  throw new StoreError(
    'failed',
    `PostgreSQL runs with ${names} off and would lose what was acked: turn it on.`,
  );
};
