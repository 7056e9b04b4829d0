import type { AppendOutcome, LogItem, LogWriter } from '../store/log-store.js';

/** Groups what comes from all sources into one transaction at a time: the next one takes all that waited. */
export interface Appender {
  append(item: LogItem): Promise<AppendOutcome>;
  /** Items that wait for their commit. */
  waiting(): number;
}

/** At most `maxGroup` items share a transaction. */
export const createAppender = (log: Pick<LogWriter, 'append'>, maxGroup: number): Appender => {
  interface Entry {
    readonly item: LogItem;
    readonly resolve: (outcome: AppendOutcome) => void;
    readonly reject: (error: unknown) => void;
  }
  let queue: Entry[] = [];
  let writing = 0;

  const commit = async (group: readonly Entry[]): Promise<void> => {
    try {
      const outcomes = await log.append(group.map(({ item }) => item));
      for (const [index, entry] of group.entries()) {
        const outcome = outcomes[index];
        if (outcome === undefined)
          entry.reject(new RangeError('the log answered for fewer items than it got'));
        else entry.resolve(outcome);
      }
    } catch (error) {
      for (const entry of group) entry.reject(error);
    }
  };

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const group = queue.slice(0, maxGroup);
      queue = queue.slice(maxGroup);
      writing = group.length;
      await commit(group);
    }
    writing = 0;
  };

  return {
    append: (item) =>
      new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject });
        if (writing === 0) {
          writing = 1;
          // let the other messages of this turn join the group
          setImmediate(() => void drain());
        }
      }),
    waiting: () => queue.length + writing,
  };
};
