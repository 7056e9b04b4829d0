import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createProjector, type Projector } from '../projections/projector.js';
import { newId } from '../registry/new-id.js';
import { isOpenElsewhere } from '../store/sqlite/database.js';
import type { LogReader, LogWriter } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openLogWriter } from '../store/sqlite/log-writer.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsReader } from '../store/sqlite/views-reader.js';
import { openViewsWriter } from '../store/sqlite/views-writer.js';
import type { ViewsReader } from '../store/views-store.js';

/** A fleet's files, opened for one command that has them alone. */
export interface OpenedFleet {
  readonly writer: LogWriter;
  readonly reader: LogReader;
  readonly registry: RegistryStore;
  readonly views: ViewsReader;
  readonly projector: Projector;
  readonly checkpoint: () => void;
  readonly close: () => Promise<void>;
}

/** Throws where there is no fleet in the folder, or it is running. */
export const requireStopped = (folder: string): void => {
  const log = join(folder, 'log.db');
  if (!existsSync(log)) throw new Error(`There is no fleet in ${folder}.`);
  if (isOpenElsewhere(log)) throw new Error('The fleet is running: stop it first, and start it again after.');
};

export const openFleet = (folder: string): OpenedFleet => {
  const path = (name: string): string => join(folder, `${name}.db`);
  const writer = openLogWriter(path('log'));
  const reader = openLogReader(path('log'));
  const registry = openRegistryStore(path('registry'), { newId });
  const writing = openViewsWriter(path('views'));
  const views = openViewsReader({ views: path('views'), registry: path('registry'), log: path('log') });
  const projector = createProjector({
    log: reader,
    views: writing,
    registry,
    onQuarantine: ({ source, reason }) => process.stderr.write(`quarantined: ${source}: ${reason}\n`),
  });
  return {
    writer,
    reader,
    registry,
    views,
    projector,
    checkpoint: () => writing.checkpoint(),
    close: async () => {
      views.close();
      writing.close();
      registry.close();
      await reader.close();
      await writer.close();
    },
  };
};
