import type { BatchBody } from '#wire/batch.js';
import type { BatchHeader } from '#wire/header.js';
import type { LogEntry } from '../store/log-store.js';
import type {
  BodyFault,
  StoredDirectory,
  ViewsStep,
  ViewsWriter,
  WaitingBatch,
} from '../store/views-writer.js';
import type { Directories } from './directories.js';
import { ProjectionError } from './errors.js';
import { createLedger, type Ledger } from './ledger.js';
import type { OpenedEntry } from './opened-entry.js';
import { resolveBatch } from './resolved-batch.js';
import type { Rollups } from './rollups.js';
import { createGathered, type Gathered } from './transaction.js';

/** What one transaction takes of readings (reached, not exceeded by much). */
const MAX_READINGS = 200_000;

/** What one transaction takes of the log, entry by entry: read ahead, taken, and then made into rows. */
export interface Run {
  /** Reads what entries may need that are offered then. */
  prepare(entries: readonly OpenedEntry[]): Promise<void>;
  /** Takes the entry, or gives `false` where it must be the first of another transaction. */
  apply(entry: OpenedEntry): boolean;
  /** The same for a batch that waited and was counted when it came. */
  replay(entry: OpenedEntry): boolean;
  /** What the entries that were taken make. */
  finish(): Promise<Omit<ViewsStep, 'position' | 'released' | 'replay'>>;
  /** What was quarantined. */
  readonly faults: readonly BodyFault[];
}

interface RunDeps {
  readonly views: ViewsWriter;
  readonly directories: Directories;
  readonly rollups: Rollups;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

const faultOf = (
  { position, source, receivedAt }: LogEntry,
  header: BatchHeader | undefined,
  reason: string,
): BodyFault => {
  const place = header === undefined ? undefined : { epoch: header.epoch, seq: header.seq };
  return { position, source, receivedAt, reason, ...place };
};

export const createRun = ({ views, directories, rollups }: RunDeps): Run => {
  const gathered = createGathered();
  const ledger = createLedger(views);
  const found = new Map<string, StoredDirectory | undefined>();
  const faults: BodyFault[] = [];
  const waiting: WaitingBatch[] = [];
  /** A directory item ends its transaction: what waited for it comes before what follows it. */
  let last: LogEntry | undefined;

  const quarantine = (entry: LogEntry, header: BatchHeader | undefined, reason: string): void =>
    void faults.push(faultOf(entry, header, reason));
  const take = (offered: OpenedEntry, again: boolean): boolean => {
    if (gathered.size() >= MAX_READINGS) return false;
    const { entry } = offered;
    const opened = offered.open();
    if ('reason' in opened) {
      if (opened.header !== undefined) ledger.quarantined(opened.header);
      quarantine(entry, opened.header, opened.reason);
      return true;
    }
    const { header, body } = opened;
    const placed = place(gathered, found.get(directoryKey(header)), ledger, opened);
    if (placed === 'apart') return false;
    if (!again) ledger.stored(header, body, entry.receivedAt);
    if (placed === 'placed') ledger.placed(header, entry.position);
    else if (placed === 'waits') {
      waiting.push({ position: entry.position, source: entry.source, directory: hex(header.directory) });
    } else {
      ledger.withdraw(header, body, entry.receivedAt);
      quarantine(entry, header, placed.reason);
    }
    return true;
  };
  return {
    prepare: (entries) => prepare(entries, { ledger, directories, found }),
    apply: (opened) => {
      if (last !== undefined) return false;
      if (opened.entry.type === 'batch') return take(opened, false);
      last = opened.entry;
      return true;
    },
    replay: (opened) => take(opened, true),
    finish: async () => {
      const read = last === undefined ? undefined : await directories.read(last);
      if (last !== undefined && typeof read === 'string') quarantine(last, undefined, read);
      const directory = typeof read === 'string' ? undefined : read;
      const points = await gathered.steps(views, rollups);
      const origins = ledger.steps();
      return {
        points,
        origins,
        waiting,
        quarantined: faults,
        ...(directory === undefined ? {} : { directory }),
      };
    },
    faults,
  };
};

interface Prepared {
  readonly ledger: Ledger;
  readonly directories: Directories;
  readonly found: Map<string, StoredDirectory | undefined>;
}

const prepare = async (
  entries: readonly OpenedEntry[],
  { ledger, directories, found }: Prepared,
): Promise<void> => {
  const headers = entries.flatMap((each) => each.header() ?? []);
  await ledger.prepare([...headers, ...entries.flatMap(lossesOf)]);
  const named = new Map(headers.map((each) => [directoryKey(each), each]));
  await Promise.all(
    [...named].map(async ([key, { source, directory }]) => {
      found.set(key, await directories.find(source, hex(directory)));
    }),
  );
};

const directoryKey = ({ source, directory }: BatchHeader): string => `${source}/${hex(directory)}`;

/** Epochs of which an entry declares losses. */
const lossesOf = (each: OpenedEntry) => {
  if (each.header()?.content !== 'losses') return [];
  const opened = each.open();
  if ('reason' in opened || opened.body.content !== 'losses') return [];
  const { source } = opened.header;
  return opened.body.losses.map(({ epoch }) => ({ source, epoch }));
};

type Placed = 'placed' | 'waits' | 'apart' | { readonly reason: string };

const place = (
  gathered: Gathered,
  directory: StoredDirectory | undefined,
  ledger: Ledger,
  { header, body }: { readonly header: BatchHeader; readonly body: BatchBody },
): Placed => {
  if (body.content === 'losses') return 'placed';
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
