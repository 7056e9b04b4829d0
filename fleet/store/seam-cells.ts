import { aggregateReadings } from '#wire/aggregate/aggregate-readings.js';
import type { Aggregate } from '#wire/aggregate/aggregate.js';
import { mergeAggregates } from '#wire/aggregate/merge.js';
import type { AggregateReading } from '#wire/aggregate/reading.js';
import type { Kind } from '#wire/terms.js';
import { DAY, HOUR, MINUTE, QUARTER, type Span } from './periods.js';
import type { Cell } from './views-writer.js';

/** What the cells of one point are made of. */
export interface SeamSource {
  readonly kind: Kind;
  readonly intervalMs: number;
  readonly maxHoldMs: number;
  readonly rollover: number | null;
  /** Readings of [from, to), in order. */
  readings(span: Span): readonly AggregateReading[];
  /** Stored cells of a period that start in [from, to), in order. */
  cells(periodMs: number, span: Span): readonly Cell[];
  /** Time of the first reading at or after `time` that entered, as readings or cells of that period tell. */
  firstEntered(periodMs: number, time: number): number | undefined;
}

/** A gauge's or state's value is held into the cells that follow it; a counter's is subtracted in the next. */
const CARRIES: ReadonlySet<Kind> = new Set<Kind>(['gauge', 'state', 'counter']);

/**
 * Cells for a reader whose right begins at some of `seams`: those to which a value from before a seam was carried
 * are made anew without it, from what lies behind the seam alone. What is left empty then is left out, since it
 * would tell that there was something.
 */
export const withoutCarried = (
  source: SeamSource,
  periodMs: number,
  cells: readonly Cell[],
  seams: readonly number[],
): readonly Cell[] => {
  if (!CARRIES.has(source.kind) || seams.length === 0) return cells;
  const marks = seams.map((seam) => ({ seam, first: source.firstEntered(periodMs, seam) ?? Infinity }));
  return cells.flatMap((cell) => {
    const carried = marks.some(({ seam, first }) => cell.start >= seam && cell.start <= first);
    if (!carried) return [cell];
    const anew = madeAnew(source, periodMs, cell, seams);
    return anew === undefined ? [] : [anew];
  });
};

const madeAnew = (
  source: SeamSource,
  periodMs: number,
  { start, end, aggregate }: Cell,
  seams: readonly number[],
): Cell | undefined => {
  const made = ofFiner(source, periodMs, { from: start, to: end }, seams) ?? ofReadings(source, start, end);
  if (isEmpty(made)) return undefined;
  const origin = periodMs === MINUTE ? 'raw' : 'rollup';
  return { start, end, origin, sender: 0, revision: 0, aggregate: { ...made, expected: aggregate.expected } };
};

/** `undefined` where no finer cells are kept. */
const ofFiner = (
  source: SeamSource,
  periodMs: number,
  span: Span,
  seams: readonly number[],
): Aggregate | undefined => {
  const finerMs = finerOf(periodMs, span);
  if (finerMs === undefined) return undefined;
  const stored = source.cells(finerMs, span);
  if (stored.length === 0) return undefined;
  const [first, ...rest] = withoutCarried(source, finerMs, stored, seams);
  return rest.reduce(
    (whole, cell) => mergeAggregates(source.kind, whole, cell.aggregate),
    first?.aggregate ?? ofReadings(source, span.from, span.from),
  );
};

const finerOf = (periodMs: number, { from, to }: Span): number | undefined => {
  if (periodMs === QUARTER) return MINUTE;
  if (periodMs === HOUR) return QUARTER;
  if (periodMs !== DAY) return undefined;
  return from % HOUR === 0 && to % HOUR === 0 ? HOUR : QUARTER;
};

const ofReadings = (source: SeamSource, start: number, end: number): Aggregate =>
  aggregateReadings({
    kind: source.kind,
    start,
    end,
    readings: source.readings({ from: start, to: end }),
    intervalMs: source.intervalMs,
    maxHoldMs: source.maxHoldMs,
    ...(source.rollover === null ? {} : { rollover: source.rollover }),
  });

const isEmpty = ({ flags }: Aggregate): boolean => flags.every((count) => count === 0);
