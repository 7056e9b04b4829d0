import type { LogReader } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ViewsWriter } from '../store/views-writer.js';
import { createDirectories, type Directories } from './directories.js';
import { ProjectionError } from './errors.js';
import { createLegalDays } from './legal-day.js';
import { openEntry, type OpenedEntry } from './opened-entry.js';
import { createReplay, MAX_BYTES, MAX_ENTRIES, takeWhile, type InTransaction } from './replay.js';
import { createRollups, type Rollups } from './rollups.js';
import { createRun } from './run.js';

export interface Projector {
  /**
   * Applies the next entries in one transaction; `applied` is their count, 0 at the head. Where it rejects, nothing
   * has changed, and it may be tried again. One step at a time.
   */
  step(): Promise<Step>;
  /** Clears every row, so that the next steps make them again from the log's first entry. Not beside a step. */
  rebuild(): Promise<void>;
}

export interface Step {
  readonly applied: number;
  readonly position: number;
}

export interface ProjectorDeps {
  readonly log: Pick<LogReader, 'read' | 'erasedAfter'>;
  readonly views: ViewsWriter;
  readonly registry: Pick<RegistryStore, 'resolve'>;
  /** Called for each batch that is quarantined here, once it is committed. */
  readonly onQuarantine: (fault: { readonly source: string; readonly reason: string }) => void;
}

/**
 * Follows the log and keeps latest, series, rollups and ledger: each entry exactly once. Where something was erased of
 * the log, rows of the sources concerned are made anew of what is left, before anything else follows; a kill in the
 * middle goes on from there.
 */
export const createProjector = (deps: ProjectorDeps): Projector => {
  const { log, views } = deps;
  const legalDays = createLegalDays();
  const directories = createDirectories(views, deps.registry, legalDays);
  const rollups = createRollups(views, legalDays);
  /** Entries that were read and not yet applied. */
  let ahead: readonly OpenedEntry[] = [];

  const forget = (): void => {
    ahead = [];
    directories.forget();
    rollups.forget();
  };

  const inTransaction = createTransactions(deps, { directories, rollups, forget });

  const stepReady = async (positions: readonly number[]): Promise<number> => {
    const entries = await entriesAt(log, positions);
    const position = await views.position();
    let taken = 0;
    await inTransaction(entries, (run) => {
      taken = takeWhile(entries, (entry) => run.replay(entry));
      return { position, released: positions.slice(0, taken) };
    });
    return taken;
  };

  const stepLog = async (): Promise<number> => {
    const from = await views.position();
    if (ahead.length === 0) ahead = (await log.read(from, MAX_ENTRIES, MAX_BYTES)).map(openEntry);
    if (ahead.length === 0) return 0;
    let taken = 0;
    await inTransaction(ahead, (run) => {
      taken = takeWhile(ahead, (entry) => run.apply(entry));
      return { position: ahead[taken - 1]?.entry.position ?? from };
    });
    ahead = ahead.slice(taken);
    return taken;
  };

  const replay = createReplay({ log, views, forget, inTransaction });
  const stepOnce = async (): Promise<number> => {
    if (await replay.begin()) return 1;
    const ready = await views.ready(MAX_ENTRIES);
    if (ready.length > 0) return stepReady(ready);
    return (await replay.step()) ? 1 : stepLog();
  };

  return {
    step: async () => ({ applied: await stepOnce(), position: await views.position() }),
    rebuild: async () => {
      const { number } = await log.erasedAfter(0);
      forget();
      await views.clear(number);
    },
  };
};

/** Where it fails, nothing is remembered of it. */
const createTransactions =
  (
    { views, onQuarantine }: ProjectorDeps,
    { directories, rollups, forget }: { directories: Directories; rollups: Rollups; forget: () => void },
  ): InTransaction =>
  async (entries, work) => {
    const run = createRun({ views, directories, rollups });
    try {
      const step = await views.atOneMoment(async () => {
        await run.prepare(entries);
        const { released = [], ...place } = work(run);
        return { ...(await run.finish()), ...place, released };
      });
      await views.commit(step);
    } catch (error) {
      forget();
      throw error;
    }
    for (const fault of run.faults) onQuarantine(fault);
  };

/** The first of the entries at these places, about as many bytes of them as one transaction takes. */
const entriesAt = async (
  log: Pick<LogReader, 'read'>,
  positions: readonly number[],
): Promise<readonly OpenedEntry[]> => {
  const entries: OpenedEntry[] = [];
  let bytes = 0;
  for (const position of positions) {
    const [entry] = await log.read(position - 1, 1, 1);
    if (entry?.position !== position) {
      throw new ProjectionError(
        'log-gap',
        `The log has no entry ${position} any more, which waits for a directory.`,
      );
    }
    entries.push(openEntry(entry));
    bytes += entry.message.length;
    if (bytes >= MAX_BYTES) break;
  }
  return entries;
};
