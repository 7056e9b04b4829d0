import { openBody, parseBatch, type BatchBody } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { BatchHeader } from '#wire/header.js';
import type { LogEntry, LogReader } from '../store/log-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import type { ViewsWriter } from '../store/views-writer.js';
import { createDirectories, type Directories } from './directories.js';
import { ProjectionError } from './errors.js';
import { createLegalDays } from './legal-day.js';
import { createLedger, type Ledger } from './ledger.js';
import { createReplay, MAX_BYTES, MAX_ENTRIES, takeWhile } from './replay.js';
import { resolveBatch } from './resolved-batch.js';
import { createRollups, type Rollups } from './rollups.js';
import { createGathered, type Gathered } from './transaction.js';

/** What one transaction takes of readings (reached, not exceeded by much). */
const MAX_READINGS = 200_000;

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
  let ahead: readonly LogEntry[] = [];

  const forget = (): void => {
    ahead = [];
    directories.forget();
    rollups.forget();
  };

  const inTransaction = createTransactions(deps, { directories, rollups, forget });

  const stepReady = async (positions: readonly number[]): Promise<number> => {
    const entries = await entriesAt(log, positions);
    let taken = 0;
    inTransaction((run) => {
      taken = takeWhile(entries, (entry) => run.replay(entry));
      views.removeWaiting(positions.slice(0, taken));
      return views.position();
    });
    return taken;
  };

  const stepLog = async (): Promise<number> => {
    const from = views.position();
    if (ahead.length === 0) ahead = await log.read(from, MAX_ENTRIES, MAX_BYTES);
    if (ahead.length === 0) return 0;
    let taken = 0;
    inTransaction((run) => {
      taken = takeWhile(ahead, (entry) => run.apply(entry));
      return ahead[taken - 1]?.position ?? from;
    });
    ahead = ahead.slice(taken);
    return taken;
  };

  const replay = createReplay({ log, views, forget, inTransaction });
  const stepOnce = async (): Promise<number> => {
    if (await replay.begin()) return 1;
    const ready = views.ready(MAX_ENTRIES);
    if (ready.length > 0) return stepReady(ready);
    return (await replay.step()) ? 1 : stepLog();
  };

  return {
    step: async () => ({ applied: await stepOnce(), position: views.position() }),
    rebuild: async () => {
      const { number } = await log.erasedAfter(0);
      forget();
      views.clear(number);
    },
  };
};

/** Gives a function that applies entries in one transaction; where it throws, nothing is remembered of it. */
const createTransactions =
  (
    { views, onQuarantine }: ProjectorDeps,
    { directories, rollups, forget }: { directories: Directories; rollups: Rollups; forget: () => void },
  ) =>
  (work: (run: Run) => number): void => {
    const run = createRun(views, directories, rollups);
    try {
      views.transact(() => {
        const position = work(run);
        run.flush();
        return position;
      });
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
): Promise<readonly LogEntry[]> => {
  const entries: LogEntry[] = [];
  let bytes = 0;
  for (const position of positions) {
    const [entry] = await log.read(position - 1, 1, 1);
    if (entry?.position !== position) {
      throw new ProjectionError(
        'log-gap',
        `The log has no entry ${position} any more, which waits for a directory.`,
      );
    }
    entries.push(entry);
    bytes += entry.message.length;
    if (bytes >= MAX_BYTES) break;
  }
  return entries;
};

interface Run {
  /** Takes the entry, or gives `false` where it must be the first of another transaction. */
  apply(entry: LogEntry): boolean;
  /** The same for a batch that waited and was counted when it came. */
  replay(entry: LogEntry): boolean;
  flush(): void;
  readonly faults: readonly { readonly source: string; readonly reason: string }[];
}

type Opened =
  | { readonly header: BatchHeader; readonly body: BatchBody }
  | { readonly header: BatchHeader | undefined; readonly reason: string };

const open = (message: Uint8Array): Opened => {
  let header: BatchHeader | undefined;
  try {
    const parsed = parseBatch(message);
    header = parsed.header;
    return { header, body: openBody(parsed) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { header, reason: error.message };
  }
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const createRun = (views: ViewsWriter, directories: Directories, rollups: Rollups): Run => {
  const gathered = createGathered();
  const ledger = createLedger(views);
  const faults: { source: string; reason: string }[] = [];
  /** A directory item ends its transaction: what waited for it comes before what follows it. */
  let closed = false;

  const quarantine = (entry: LogEntry, header: BatchHeader | undefined, reason: string): void => {
    const { position, source, receivedAt } = entry;
    const place = header === undefined ? undefined : { epoch: header.epoch, seq: header.seq };
    views.addQuarantine({ position, source, receivedAt, reason, ...place });
    faults.push({ source, reason });
  };
  const take = (entry: LogEntry, again: boolean): boolean => {
    if (gathered.size() >= MAX_READINGS) return false;
    const opened = open(entry.message);
    if ('reason' in opened) {
      if (opened.header !== undefined) ledger.quarantined(opened.header);
      quarantine(entry, opened.header, opened.reason);
      return true;
    }
    const placed = place(gathered, directories, ledger, opened);
    if (placed === 'apart') return false;
    if (!again) ledger.stored(opened.header, opened.body, entry.receivedAt);
    if (placed === 'placed') {
      views.addBatch(ledger.originOf(opened.header), opened.header, entry.position);
    }
    if (placed === 'waits') {
      views.addWaiting(entry.position, entry.source, hex(opened.header.directory));
    } else if (placed !== 'placed') {
      ledger.withdraw(opened.header, opened.body, entry.receivedAt);
      quarantine(entry, opened.header, placed.reason);
    }
    return true;
  };

  return {
    apply: (entry) => {
      if (closed) return false;
      if (entry.type === 'batch') return take(entry, false);
      closed = true;
      const fault = directories.add(entry);
      if (fault !== undefined) quarantine(entry, undefined, fault);
      return true;
    },
    replay: (entry) => take(entry, true),
    flush: () => {
      gathered.flush(views, rollups);
      ledger.flush();
    },
    faults,
  };
};

type Placed = 'placed' | 'waits' | 'apart' | { readonly reason: string };

const place = (
  gathered: Gathered,
  directories: Directories,
  ledger: Ledger,
  { header, body }: { readonly header: BatchHeader; readonly body: BatchBody },
): Placed => {
  if (body.content === 'losses') return 'placed';
  const directory = directories.find(header.source, hex(header.directory));
  if (directory === undefined) return 'waits';
  try {
    const batch = resolveBatch(body, directory);
    if (!gathered.admits(batch)) return 'apart';
    gathered.add(batch, ledger.originOf(header));
    return 'placed';
  } catch (error) {
    if (!(error instanceof ProjectionError)) throw error;
    return { reason: error.message };
  }
};
