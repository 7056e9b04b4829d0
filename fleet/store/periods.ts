/** Periods of rollups, ms. Up to an hour they align to UTC; `DAY` is the key of legal days. */
export const MINUTE = 60_000;
export const QUARTER = 900_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;

export const startOf = (time: number, periodMs: number): number => Math.floor(time / periodMs) * periodMs;
export const endOf = (time: number, periodMs: number): number => Math.ceil(time / periodMs) * periodMs;

/** [from, to), UTC ms. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Spans as few as possible: overlapping and adjacent ones join. */
export const joinSpans = (spans: readonly Span[]): Span[] => {
  const joined: { from: number; to: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1);
    if (last !== undefined && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
};
