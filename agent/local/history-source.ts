import type { Value } from '#wire/terms.js';
import type { HistoryPlace, HistoryQuestion } from '../buffer/buffer.js';
import { openHistoryFile, type HistoryFile } from '../buffer/history-file.js';
import type { Configuration } from '../twin/configuration.js';
import { HistoryAnswer, type HistoryRow } from './agent-questions.js';
import { periodOf, toHistoryAnswer, type HistoryPeriod } from './answer-history.js';
import { bufferFile } from './data-folder.js';
import { LocalError } from './errors.js';
import { askRunningAgent } from './through-agent.js';

/** One page of a point's history; times are UTC ms. */
export interface HistoryPart {
  readonly fromMs: number;
  readonly toMs: number;
  readonly readings: readonly HistoryRow[];
  readonly next: HistoryPlace | null;
  /** Oldest of anything that is kept. */
  readonly keptFromMs: number | null;
}

/** Where a history is read: of the running agent, or of its file where none runs. */
export interface HistorySource {
  page(period: HistoryPeriod, after: HistoryPlace | null, limit: number): Promise<HistoryPart>;
  close(): void;
}

const NOTHING = { readings: [], next: null, keptFromMs: null };

const fromFile = (file: HistoryFile | undefined, point: string, now: () => number): HistorySource => ({
  page: async (period, after, limit) => {
    const { fromMs, toMs } = periodOf(period, now());
    if (file === undefined) return { fromMs, toMs, ...NOTHING };
    const question: HistoryQuestion = {
      key: point,
      fromMs,
      toMs,
      limit,
      ...(after === null ? {} : { after }),
    };
    return { fromMs, toMs, ...toHistoryAnswer(await file.history(question)) };
  },
  close: () => file?.close(),
});

/**
 * Opens the history of one point, `<device>/<point>`. Rejects with `LocalError`, or `BufferError` `busy` where an agent has just
 * begun to start.
 */
export const openHistory = async (
  configuration: Pick<Configuration, 'dataFolder' | 'version'>,
  point: string,
  signal: AbortSignal,
): Promise<HistorySource> => {
  const ask = async (
    period: HistoryPeriod,
    after: HistoryPlace | null,
    limit: number,
  ): Promise<HistoryPart | undefined> =>
    askRunningAgent(
      configuration,
      { ask: 'history', point, ...period, limit, ...(after === null ? {} : { after }) },
      HistoryAnswer,
      signal,
    );
  if ((await ask({ lastMs: 1 }, null, 1)) === undefined)
    return fromFile(openHistoryFile(bufferFile(configuration.dataFolder)), point, Date.now);
  return {
    page: async (...asked) => {
      const part = await ask(...asked);
      if (part !== undefined) return part;
      throw new LocalError('silent', `the agent of ${configuration.dataFolder} was stopped; ask again`);
    },
    close: () => undefined,
  };
};

/** The value of a row as a number, or what it is; an int64 beyond 2^53 is written as text. */
export const valueOfRow = ({ value }: Pick<HistoryRow, 'value'>, isText: boolean): Value | null =>
  typeof value === 'string' && !isText ? BigInt(value) : value;
