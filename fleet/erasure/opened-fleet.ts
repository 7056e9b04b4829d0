import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { createProjector } from '../projections/projector.js';
import { newId } from '../registry/new-id.js';
import { emptyJournal, isOpenElsewhere } from '../store/sqlite/database.js';
import type { LogReader, LogWriter } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openLogWriter } from '../store/sqlite/log-writer.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsProgress } from '../store/sqlite/views-progress.js';
import { openViewsReader } from '../store/sqlite/views-reader.js';
import { openViewsWriter } from '../store/sqlite/views-writer.js';
import type { ViewsReader } from '../store/views-store.js';

/** Called with the position in the log that was reached. */
type Progress = (position: number) => void;

/** A fleet's files, opened for one command beside a service that runs or not. */
export interface OpenedFleet {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly registry: RegistryStore;
  readonly views: ViewsReader;
  /**
   * Resolves once the views show the log as it is, with what was overwritten in no file any more: the service's
   * projector does it where it runs, else this one. Rejects where the service makes no progress.
   */
  readonly settle: (progress: Progress) => Promise<void>;
  readonly close: () => Promise<void>;
}

const POLL_MS = 200;
/** A service that moves nothing for so long is not followed. */
const PATIENCE_MS = 120_000;

/** Throws where there is no fleet in the folder. */
export const openFleet = (folder: string): OpenedFleet => {
  const path = (name: string): string => join(folder, `${name}.db`);
  if (!existsSync(path('log'))) throw new Error(`There is no fleet in ${folder}.`);
  const running = isOpenElsewhere(path('log'));
  const writer = openLogWriter(path('log'));
  const reader = openLogReader(path('log'));
  const registry = openRegistryStore(path('registry'), { newId });
  const projecting = running
    ? followService(path('views'), reader)
    : projectHere(path('views'), reader, registry);
  const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  return {
    writer,
    reader,
    registry,
    views,
    settle: async (progress) => {
      await projecting.catchUp(progress);
      for (const name of ['log', 'views']) await empty(path(name));
    },
    close: async () => {
      await views.close();
      await projecting.close();
      registry.close();
      await reader.close();
      await writer.close();
    },
  };
};

interface Projecting {
  readonly catchUp: (progress: Progress) => Promise<void>;
  readonly close: () => Promise<void>;
}

const projectHere = (path: string, log: LogReader, registry: RegistryStore): Projecting => {
  const views = openViewsWriter(path);
  const projector = createProjector({
    log,
    views,
    registry,
    onQuarantine: ({ source, reason }) => process.stderr.write(`quarantined: ${source}: ${reason}\n`),
  });
  return {
    catchUp: async (progress) => {
      for (let step = await projector.step(); step.applied > 0; step = await projector.step()) {
        progress(step.position);
      }
    },
    close: () => views.close(),
  };
};

const followService = (path: string, log: LogReader): Projecting => {
  const views = openViewsProgress(path);
  return {
    catchUp: async (progress) => {
      const [head, { number }] = [await log.head(), await log.erasedAfter(0)];
      let seen = '';
      let since = performance.now();
      while (views.position() < head || views.erasures() < number) {
        const now = `${views.position()} ${views.replayed()}`;
        if (now !== seen) since = performance.now();
        else if (performance.now() - since > PATIENCE_MS) {
          throw new Error('The service makes no progress: look at it, then give the same command again.');
        }
        seen = now;
        progress(views.position());
        await wait(POLL_MS);
      }
    },
    close: async () => views.close(),
  };
};

/** Others read now and then; a reader that stays is told of. */
const empty = async (path: string): Promise<void> => {
  for (let tries = 0; tries < 20; tries += 1) {
    if (emptyJournal(path)) return;
    await wait(POLL_MS);
  }
  throw new Error(
    `${path} is read without a pause: its journal may hold what was erased. Give the same command again.`,
  );
};
