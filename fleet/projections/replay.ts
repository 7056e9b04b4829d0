import type { LogReader } from '../store/log-store.js';
import type { ViewsStep, ViewsWriter } from '../store/views-writer.js';
import { openEntry, type OpenedEntry } from './opened-entry.js';
import type { Run } from './run.js';

/** What one transaction takes of the log: entries and bytes. */
export const MAX_ENTRIES = 256;
export const MAX_BYTES = 4_194_304;

/** Count of the first items that `take` took. */
export const takeWhile = <Item>(items: readonly Item[], take: (item: Item) => boolean): number => {
  let taken = 0;
  for (const item of items) {
    if (!take(item)) break;
    taken += 1;
  }
  return taken;
};

/** Applies what `work` takes of some entries in one transaction, with what else it says of the step. */
export type InTransaction = (
  entries: readonly OpenedEntry[],
  work: (run: Run) => Pick<ViewsStep, 'position' | 'replay'> & Partial<Pick<ViewsStep, 'released'>>,
) => Promise<void>;

export interface ReplayDeps {
  readonly log: Pick<LogReader, 'read' | 'erasedAfter'>;
  readonly views: ViewsWriter;
  /** Drops what is remembered of directories, cells and entries read ahead. */
  readonly forget: () => void;
  readonly inTransaction: InTransaction;
}

export interface Replay {
  /** Whatever was erased of the log since must go from the rows, whoever erased it; `false`: nothing was. */
  begin(): Promise<boolean>;
  /** Applies the next entries of the sources concerned once more; `false`: nothing is being made anew. */
  step(): Promise<boolean>;
}

/** Makes rows of some sources anew after an erasure, up to the cursor, which stands meanwhile. */
export const createReplay = ({ log, views, forget, inTransaction }: ReplayDeps): Replay => ({
  begin: async () => {
    const { number, sources } = await log.erasedAfter(await views.erasures());
    if (sources.length === 0) return false;
    forget();
    await views.beginReplay(sources, number);
    return true;
  },
  step: async () => {
    const replay = await views.replay();
    if (replay === undefined) return false;
    const end = await views.position();
    const read = await log.read(replay.position, MAX_ENTRIES, MAX_BYTES);
    const entries = read.filter(({ position }) => position <= end);
    const own = entries.filter(({ source }) => replay.sources.has(source)).map(openEntry);
    await inTransaction(own, (run) => {
      const taken = takeWhile(own, (entry) => run.apply(entry));
      const last = taken < own.length ? own[taken - 1]?.entry : entries.at(-1);
      return { position: end, replay: last?.position ?? 'ended' };
    });
    return true;
  },
});
