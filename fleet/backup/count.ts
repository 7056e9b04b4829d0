import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { keyedEntries, summarise, type Progress } from '../log/portable/filed-entries.js';
import { newId } from '../registry/new-id.js';
import { openLogReader } from '../store/sqlite/log-reader.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openViewsProgress } from '../store/sqlite/views-progress.js';
import { BackupError } from './errors.js';
import type { BackupCounts } from './manifest.js';

/**
 * Reads every entry of a copied log, checks that it is what its key says, and counts. Throws `BackupError` `incoherent` where the
 * copies do not go together: views that have seen what the log lacks would skip what comes in its place, and a registry
 * that lacks a gateway of the log would give its points new ids.
 */
export const countCopies = async (folder: string, progress: Progress): Promise<BackupCounts> => {
  const log = openLogReader(join(folder, 'log.db'));
  try {
    const sources = new Set<string>();
    const entries = (async function* () {
      for await (const entry of keyedEntries(log, progress)) {
        sources.add(entry.source);
        yield entry;
      }
    })();
    const {
      lastPosition,
      entries: count,
      batches,
      directories,
      reduced,
      bytes,
    } = await summarise(entries, () => undefined);
    requireKnown(folder, sources);
    const head = await log.head();
    const projected = projectedIn(folder);
    if (head !== lastPosition || (projected ?? 0) > head) {
      throw new BackupError(
        'incoherent',
        `The views have seen entry ${projected}, the log ends with ${head}.`,
      );
    }
    return { entries: count, batches, directories, reduced, sources: sources.size, bytes, head, projected };
  } finally {
    await log.close();
  }
};

const projectedIn = (folder: string): number | null => {
  const path = join(folder, 'views.db');
  if (!existsSync(path)) return null;
  const views = openViewsProgress(path);
  try {
    return views.position();
  } finally {
    views.close();
  }
};

/** Nothing comes from a gateway before it has enrolled. */
const requireKnown = (folder: string, sources: ReadonlySet<string>): void => {
  const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
  try {
    const known = new Set(registry.gateways().map(({ id }) => id));
    const unknown = [...sources].filter((source) => !known.has(source));
    if (unknown.length === 0) return;
    throw new BackupError(
      'incoherent',
      `The log has entries of ${unknown[0]}, which the registry does not know.`,
    );
  } finally {
    registry.close();
  }
};
