import type { Buffer, HistoryPage, HistoryPlace } from '../buffer/buffer.js';
import type { HistoryQuestionOfTool, HistoryRow } from './agent-questions.js';

/** UTC ms, `to` not included; or up to now. */
export type HistoryPeriod = { readonly from: number; readonly to?: number } | { readonly lastMs: number };

/** The period that is meant, where it is `now`: what is being stored is in it. */
export const periodOf = (period: HistoryPeriod, now: number): { fromMs: number; toMs: number } =>
  'lastMs' in period
    ? { fromMs: Math.floor(now - period.lastMs), toMs: Math.floor(now) + 1 }
    : { fromMs: period.from, toMs: period.to ?? Math.floor(now) + 1 };

const toRow = ({
  time,
  value,
  flag,
  reason,
  clock,
  uncertaintyMs,
}: HistoryPage['readings'][number]): HistoryRow => ({
  time,
  value: typeof value === 'bigint' ? value.toString() : value,
  flag,
  reason,
  clock,
  uncertaintyMs,
});

/** A page as JSON carries it. */
export const toHistoryAnswer = (
  page: HistoryPage,
): {
  readonly readings: readonly HistoryRow[];
  readonly next: HistoryPlace | null;
  readonly keptFromMs: number | null;
} => ({
  readings: page.readings.map(toRow),
  next: page.next ?? null,
  keptFromMs: page.keptFromMs ?? null,
});

/** A page of a point's history, the period as the gateway's clock has it. */
export const answerHistory = async (
  buffer: Pick<Buffer, 'history'>,
  { point, after, limit, ...asked }: HistoryQuestionOfTool,
  now: number,
): Promise<object> => {
  const { from, to, lastMs = 0 } = asked;
  const period = periodOf(
    from === undefined ? { lastMs } : { from, ...(to === undefined ? {} : { to }) },
    now,
  );
  const page = await buffer.history({
    key: point,
    ...period,
    limit,
    ...(after === undefined ? {} : { after }),
  });
  return { ...period, ...toHistoryAnswer(page) };
};
