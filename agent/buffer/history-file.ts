import { existsSync } from 'node:fs';
import { createArchive } from './archive.js';
import { Boots } from './boots.js';
import type { HistoryPage, HistoryQuestion } from './buffer.js';
import { asBufferError, BufferError } from './buffer-error.js';
import { createDirectories } from './directories.js';
import { createHistory } from './history.js';
import { historyPage } from './history-page.js';
import { Points } from './points.js';
import { createReadingsTable } from './readings-table.js';
import { schemaOf } from './schema.js';
import { openReadOnly, type Database } from './sqlite-database.js';
import { State } from './state-row.js';
import { resumeBoots } from './transactions.js';

/** The history of a file that no agent has open. */
export interface HistoryFile {
  history(question: HistoryQuestion): Promise<HistoryPage>;
  close(): void;
}

const openKnown = (path: string): Database => {
  const database = openReadOnly(path);
  const schema = schemaOf(database);
  if (schema === 'known') return database;
  database.close();
  throw new BufferError(
    'invalid',
    schema === 'newer'
      ? 'The buffer was written by a newer version; use the program of that version.'
      : 'The buffer was written by another program or version; the agent sets it aside when it starts.',
  );
};

/** Opens a buffer's file to look at it; `undefined` where there is none. Throws `BufferError`: `busy` while an agent has it. */
export const openHistoryFile = (path: string): HistoryFile | undefined => {
  if (!existsSync(path)) return undefined;
  try {
    const database = openKnown(path);
    const [state, boots, points] = [new State(database), new Boots(database), new Points(database)];
    const [readings, directories] = [createReadingsTable(database), createDirectories(database)];
    const archive = createArchive({
      database,
      readings,
      boots,
      state,
      random: (bytes) => new Uint8Array(bytes),
    });
    resumeBoots({ boots, readings, state });
    const history = createHistory({ database, archive, boots, points, readings, directories, state });
    return {
      history: async (question) => {
        try {
          const deps = { monotonic: () => performance.now(), closed: () => false };
          return await historyPage({ ...deps, step: (part) => part(history) }, question);
        } catch (error) {
          throw asBufferError(error);
        }
      },
      close: () => void database.close(),
    };
  } catch (error) {
    throw asBufferError(error);
  }
};
