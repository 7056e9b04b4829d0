import { createHash } from 'node:crypto';
import { parseBatch } from '#wire/batch.js';
import { WireError } from '#wire/errors.js';
import type { KeyedEntry, LogEntry, LogReader, LogWriter } from '../../store/log-store.js';
import { LogFileError } from './log-file.js';

/** What one step takes of the log, or puts into it. */
const MAX_ENTRIES = 512;
const MAX_BYTES = 8_388_608;

/** Called after each step with the position that it reached. */
export type Progress = (position: number) => void;

/** All entries of a log with their keys, by position. Throws where an entry has no key of its own. */
export async function* keyedEntries(
  log: Pick<LogReader, 'read' | 'keys'>,
  progress: Progress,
): AsyncGenerator<KeyedEntry> {
  for (let last = 0; ;) {
    const entries = await log.read(last, MAX_ENTRIES, MAX_BYTES);
    const newest = entries.at(-1);
    if (newest === undefined) return;
    yield* await withKeys(log, entries);
    last = newest.position;
    progress(last);
  }
}

const withKeys = async (
  log: Pick<LogReader, 'keys'>,
  entries: readonly LogEntry[],
): Promise<readonly KeyedEntry[]> => {
  const named = entries.flatMap((entry) => (entry.type === 'batch' ? [{ entry, ...nameOf(entry) }] : []));
  const keys = await log.keys(named.map(({ entry, epoch, seq }) => ({ source: entry.source, epoch, seq })));
  const found = new Map(
    named.map(({ entry, epoch, seq }, index) => [entry, { epoch, seq, key: keys[index] }]),
  );
  return entries.map((entry): KeyedEntry => {
    const { position, source, receivedAt, message } = entry;
    const place = { position, source, receivedAt, message };
    if (entry.type === 'directory') return { ...place, type: 'directory', hash: sha256(message) };
    const own = found.get(entry);
    if (own?.key?.position !== position) {
      throw new Error(`Entry ${position} of the log has no key: the store is damaged.`);
    }
    return { ...place, type: 'batch', epoch: own.epoch, seq: own.seq, hash: own.key.hash };
  });
};

const nameOf = ({ position, message }: LogEntry): { readonly epoch: string; readonly seq: number } => {
  try {
    const { epoch, seq } = parseBatch(message).header;
    return { epoch, seq };
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new Error(`Entry ${position} of the log cannot be read: ${cause.message}.`, { cause });
  }
};

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** What a file of entries holds. Times are UTC ms. */
export interface FileSummary {
  readonly entries: number;
  readonly batches: number;
  readonly directories: number;
  /** Batches of which something was erased: their message is not the one whose hash the key keeps. */
  readonly reduced: number;
  readonly sources: number;
  readonly bytes: number;
  readonly lastPosition: number;
  readonly firstReceivedAt: number | null;
  readonly lastReceivedAt: number | null;
}

/** Reads all entries and checks that each is what it is filed as. Throws `LogFileError`. */
export const summarise = async (
  entries: AsyncIterable<KeyedEntry>,
  progress: Progress,
): Promise<FileSummary> => {
  const sources = new Set<string>();
  const times = { first: Infinity, last: -Infinity };
  const counts = { entries: 0, batches: 0, directories: 0, reduced: 0, bytes: 0, lastPosition: 0 };
  for await (const entry of entries) {
    counts.entries += 1;
    counts.bytes += entry.message.length;
    counts.lastPosition = entry.position;
    sources.add(entry.source);
    times.first = Math.min(times.first, entry.receivedAt);
    times.last = Math.max(times.last, entry.receivedAt);
    const asItCame = Buffer.from(entry.hash).equals(sha256(entry.message));
    if (entry.type === 'directory') {
      counts.directories += 1;
      if (!asItCame)
        throw new LogFileError(`Entry ${entry.position} is not the directory that its key names.`);
    } else {
      counts.batches += 1;
      if (!asItCame) counts.reduced += 1;
      requireOwnName(entry);
    }
    if (counts.entries % MAX_ENTRIES === 0) progress(entry.position);
  }
  const none = counts.entries === 0;
  return {
    ...counts,
    sources: sources.size,
    firstReceivedAt: none ? null : times.first,
    lastReceivedAt: none ? null : times.last,
  };
};

const requireOwnName = (entry: Extract<KeyedEntry, { type: 'batch' }>): void => {
  const { epoch, seq } = nameOf(entry);
  if (epoch === entry.epoch && seq === entry.seq) return;
  throw new LogFileError(
    `Entry ${entry.position} is batch ${seq} of ${epoch}, and filed under another name.`,
  );
};

/** Puts the entries into a log, step by step; gives how many were not there. What was put stays when it throws. */
export const restoreEntries = async (
  log: Pick<LogWriter, 'restore'>,
  entries: AsyncIterable<KeyedEntry>,
  progress: Progress,
): Promise<number> => {
  let restored = 0;
  let pending: KeyedEntry[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    const last = pending.at(-1);
    if (last === undefined) return;
    restored += await log.restore(pending);
    progress(last.position);
    pending = [];
    bytes = 0;
  };
  for await (const entry of entries) {
    pending.push(entry);
    bytes += entry.message.length;
    if (pending.length >= MAX_ENTRIES || bytes >= MAX_BYTES) await flush();
  }
  await flush();
  return restored;
};
