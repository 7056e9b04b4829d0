import { setImmediate as turn } from 'node:timers/promises';
import type { Reading } from '#wire/readings.js';
import type { HistoryPage, HistoryPlace, HistoryQuestion } from './buffer.js';
import type { History, HistorySpan } from './history.js';

export interface HistoryPageDeps {
  /** Runs one step; other calls come between two. */
  readonly step: <Result>(part: (history: History) => Result) => Result;
  /** Monotonic ms. */
  readonly monotonic: () => number;
  readonly closed: () => boolean;
}

/** A page is given after this long, however little it holds by then, ms. */
const PAGE_MS = 2_000;

const order = (a: HistoryPlace, b: HistoryPlace): number => a.time - b.time || a.ordinal - b.ordinal;

/** The earliest of the readings that were added, after a place; at most twice `limit` are held. */
class Earliest {
  readonly #limit: number;
  readonly #after: HistoryPlace | undefined;
  #readings: Reading[] = [];

  constructor(limit: number, after: HistoryPlace | undefined) {
    this.#limit = limit;
    this.#after = after;
  }

  add(readings: readonly Reading[]): void {
    for (const reading of readings) {
      if (this.#after !== undefined && order(reading, this.#after) <= 0) continue;
      this.#readings.push(reading);
      if (this.#readings.length >= 2 * this.#limit) this.#settle();
    }
  }

  /** No reading from this time on can be among them any more; `undefined` while there is room. */
  get end(): number | undefined {
    if (this.#readings.length < this.#limit) return undefined;
    this.#settle();
    return this.#readings.length < this.#limit ? undefined : this.#readings.at(-1)?.time;
  }

  /** Ascending; one that was met twice, because it was sealed in between, is there once. */
  all(): readonly Reading[] {
    this.#settle();
    return this.#readings;
  }

  #settle(): void {
    const sorted = this.#readings.toSorted(order);
    this.#readings = sorted
      .filter((reading, index) => {
        const before = sorted[index - 1];
        return before === undefined || order(before, reading) !== 0;
      })
      .slice(0, this.#limit);
  }
}

/** Spans in the order that they begin in. */
function* spansOf({ step }: HistoryPageDeps, question: HistoryQuestion): IterableIterator<HistorySpan> {
  for (let last: HistorySpan | undefined; ;) {
    const after = last;
    const spans = step((history) => history.spans(question, after));
    yield* spans;
    last = spans.at(-1);
    if (last === undefined) return;
  }
}

/** Adds what spans hold; gives the time up to which the search came, where it took too long. */
const addSpans = async (
  deps: HistoryPageDeps,
  question: HistoryQuestion,
  found: Earliest,
): Promise<number | undefined> => {
  const began = deps.monotonic();
  const passed = question.after?.time ?? question.fromMs;
  for (const span of spansOf(deps, question)) {
    if (deps.closed()) return undefined;
    const { end } = found;
    if (end !== undefined && span.firstTime > end) return undefined;
    if (span.firstTime > passed && deps.monotonic() > began + PAGE_MS) return span.firstTime;
    found.add(deps.step((history) => history.open(question, span)));
    await turn();
  }
  return undefined;
};

/**
 * The next readings of one point by time. Rows come before segments and batches: a reading that is sealed meanwhile is met
 * twice, and never missed.
 */
export const historyPage = async (deps: HistoryPageDeps, question: HistoryQuestion): Promise<HistoryPage> => {
  const { step, closed } = deps;
  const found = new Earliest(question.limit, question.after);
  for (let after = 0; !closed(); await turn()) {
    const from = after;
    const rows = step((history) => history.rows(question, from));
    if (rows === undefined) break;
    found.add(rows.readings);
    after = rows.ordinal;
  }
  for (let after = Number.MIN_SAFE_INTEGER; !closed(); await turn()) {
    const from = after;
    const refused = step((history) => history.refused(from));
    const last = refused.at(-1);
    if (last === undefined) break;
    for (const id of refused) found.add(step((history) => history.open(question, { segment: 0, id })));
    after = last;
  }
  const reached = await addSpans(deps, question, found);
  const all = found.all();
  const readings = reached === undefined ? all : all.filter(({ time }) => time < reached);
  const last = readings.at(-1);
  const next =
    reached !== undefined && readings.length < question.limit
      ? { time: reached, ordinal: Number.MIN_SAFE_INTEGER }
      : readings.length < question.limit || last === undefined
        ? undefined
        : { time: last.time, ordinal: last.ordinal };
  const keptFromMs = step((history) => history.keptFrom());
  return {
    readings,
    ...(next === undefined ? {} : { next }),
    ...(keptFromMs === undefined ? {} : { keptFromMs }),
  };
};
