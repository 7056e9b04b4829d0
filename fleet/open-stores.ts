import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { LogReader, LogWriter } from './store/log-store.js';
import type { RegistryStore } from './store/registry-store.js';
import type { ViewsReader } from './store/views-store.js';
import { createThreadLog } from './store/sqlite/thread-log.js';
import { openLogReader } from './store/sqlite/log-reader.js';
import { openRegistryStore } from './store/sqlite/registry-store.js';
import { openViewsReader } from './store/sqlite/views-reader.js';
import { startProjectorThread, type ProjectorThread } from './projections/projector-thread.js';
import { Opened } from './opened.js';
import { newId } from './registry/new-id.js';

/** Decoding makes many short-lived objects: a large young generation lets them die in it. */
const PROJECTOR_LIMITS = { maxYoungGenerationSizeMb: 64 };

/** The three files of a fleet, opened: writers of log and views in threads of their own. */
export interface Stores {
  readonly registry: RegistryStore;
  readonly log: LogWriter;
  readonly reader: LogReader;
  readonly projector: ProjectorThread;
  /** Position of the newest log entry when the service started. */
  readonly head: number;
  readonly views: ViewsReader;
  /** Resolves with the cause where a thread ends unasked: nothing is stored or projected from then on. */
  readonly failed: Promise<Error>;
  close(): Promise<void>;
}

/** Opens the files of `dataFolder`, making them at the first start. */
export const openStores = async (dataFolder: string, logger: Logger): Promise<Stores> => {
  const opened = new Opened();
  try {
    return await openAll(dataFolder, logger, opened);
  } catch (error) {
    await opened.close().catch(() => undefined);
    throw error;
  }
};

const openAll = async (dataFolder: string, logger: Logger, opened: Opened): Promise<Stores> => {
  const paths = {
    log: join(dataFolder, 'log.db'),
    views: join(dataFolder, 'views.db'),
    registry: join(dataFolder, 'registry.db'),
  };
  const threads = new AbortController();
  const failed = new Promise<Error>((resolve) => {
    threads.signal.addEventListener('abort', () => resolve(new Error(String(threads.signal.reason))));
  });
  let closing = false;
  const startThread = (name: string, program: string, options: WorkerOptions): Worker => {
    const thread = new Worker(new URL(program, import.meta.url), options);
    thread.once('exit', (code) => {
      if (!closing) threads.abort(`The ${name} ended (${code}): the service cannot go on without it.`);
    });
    return thread;
  };

  const registry = openRegistryStore(paths.registry, { newId });
  opened.add(async () => registry.close());
  registry.forgetConnections();
  registry.settleHolders(Date.now());
  const log = createThreadLog(
    startThread('thread of the log', 'store/sqlite/log-thread.js', { workerData: paths.log }),
  );
  opened.add(() => log.close());
  // answers once the file and its tables are there, which the projector reads
  await log.stored('', '');
  const reader = openLogReader(paths.log);
  opened.add(() => reader.close());
  const head = await reader.head();
  const worker = startThread('projector', 'projections/projector-worker.js', {
    workerData: paths,
    resourceLimits: PROJECTOR_LIMITS,
  });
  const projector = await startProjectorThread({ worker, log: logger });
  opened.add(() => projector.close());
  const views = openViewsReader(paths);
  opened.add(() => views.close());
  const close = async (): Promise<void> => {
    closing = true;
    await opened.close();
  };
  return { registry, log, reader, projector, head, views, failed, close };
};

/** Sizes of the write-ahead logs, bytes. */
export const walBytes = (dataFolder: string): Record<string, number> =>
  Object.fromEntries(
    ['log', 'views', 'registry'].map((name) => {
      const path = join(dataFolder, `${name}.db-wal`);
      return [name, existsSync(path) ? statSync(path).size : 0];
    }),
  );
