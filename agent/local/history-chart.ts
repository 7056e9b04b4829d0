import { representative } from '#wire/aggregate/representative.js';
import type { Kind } from '#wire/terms.js';
import type { HistoryColumn } from './history-columns.js';
import { timeAxis } from './time-axis.js';

/** What is drawn of a point. */
export interface ChartPoint {
  readonly kind: Kind;
  readonly states?: Readonly<Record<string, string>>;
}

interface Mark {
  readonly low: number;
  readonly high: number;
  /** What stands for the column; absent: nothing but its extremes does. */
  readonly middle?: number;
}

const numberOrNothing = (value: unknown): number | undefined =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(value) : undefined;

/** The middle of a column by the kind of its point: an index is where it ended, a total what one reading had. */
const middleOf = (kind: Kind, { aggregate }: HistoryColumn): number | undefined => {
  if (kind === 'counter') return numberOrNothing(aggregate.last?.value);
  const value = numberOrNothing(representative(aggregate));
  if (value === undefined || kind !== 'interval') return value;
  return value / aggregate.count;
};

const markOf = (kind: Kind, column: HistoryColumn): Mark | undefined => {
  const { min, max } = column.aggregate;
  const middle = middleOf(kind, column);
  if (middle === undefined) return undefined;
  if (kind === 'event') return { low: 0, high: middle, middle };
  return { low: Math.min(min ?? middle, middle), high: Math.max(max ?? middle, middle), middle };
};

const LABELS = 4;
const ROWS_A_LABEL = 3;
const ROWS = LABELS * ROWS_A_LABEL;

/** Round steps of a scale. */
const STEPS = [1, 2, 2.5, 5, 10, 20];

interface Scale {
  readonly bottom: number;
  readonly step: number;
}

/** A scale of round labels that holds all; throws nothing, whatever the values. */
const scaleOf = (low: number, high: number): Scale => {
  // closer than that is the rounding of a scaled register
  const apart = high - low > 1e-9 * Math.abs(high);
  const span = apart ? high - low : Math.max(Math.abs(high) * 0.01, 0.1);
  const power = 10 ** Math.floor(Math.log10(span / LABELS));
  const fitting = STEPS.map((step) => step * power).find(
    (step) => (Math.floor(low / step) + LABELS) * step >= high,
  );
  const step = fitting ?? 50 * power;
  return { bottom: Math.floor(low / step) * step, step };
};

const labelOf = (value: number, step: number): string => {
  const decimals = Math.max(0, Math.min(12, 1 - Math.floor(Math.log10(step))));
  return String(Number(value.toFixed(decimals)));
};

const numericRows = (
  kind: Kind,
  columns: readonly HistoryColumn[],
): readonly (readonly [string, string])[] => {
  const marks = columns.map((column) => markOf(kind, column));
  const known = marks.filter((mark) => mark !== undefined);
  const { bottom, step } = scaleOf(
    known.reduce((least, { low }) => Math.min(least, low), Infinity),
    known.reduce((most, { high }) => Math.max(most, high), -Infinity),
  );
  const rowOf = (value: number): number => Math.round(((value - bottom) / step) * ROWS_A_LABEL);
  const cellOf = (mark: Mark | undefined, row: number): string => {
    if (mark === undefined || row < rowOf(mark.low) || row > rowOf(mark.high)) return ' ';
    return mark.middle !== undefined && row === rowOf(mark.middle) ? '•' : '│';
  };
  return Array.from({ length: ROWS + 1 }, (_, index) => {
    const row = ROWS - index;
    const label = row % ROWS_A_LABEL === 0 ? labelOf(bottom + (row / ROWS_A_LABEL) * step, step) : '';
    return [label, marks.map((mark) => cellOf(mark, row)).join('')];
  });
};

/** One row for each state: a full block where it lasted for most of a column, a light one where it was at all. */
const stateRows = (
  columns: readonly HistoryColumn[],
  states: ChartPoint['states'],
): readonly (readonly [string, string])[] => {
  const lasted = columns.map(({ aggregate: { sums } }) => (sums.kind === 'state' ? sums.durations : {}));
  const codes = [...new Set(lasted.flatMap((durations) => Object.keys(durations)))].toSorted();
  return codes.map((code) => [
    states?.[code] ?? code,
    columns
      .map(({ start, end }, index) => {
        const share = (lasted[index]?.[code] ?? 0) / (end - start);
        return share === 0 ? ' ' : share >= 0.5 ? '█' : '░';
      })
      .join(''),
  ]);
};

/** What a column's flags and gaps are marked by, worst first, and what that says. */
const QUALITY = [
  ['×', 'nothing stored'],
  ['0', 'missing'],
  ['!', 'bad'],
  ['?', 'suspect'],
  ['~', 'not evaluated'],
] as const;

const qualityOf = (column: HistoryColumn): string => {
  const { flags, sums } = column.aggregate;
  const [, notEvaluated, suspect, bad, missing] = flags;
  const held =
    sums.kind === 'gauge' ? sums.heldMs : sums.kind === 'state' ? Object.keys(sums.durations).length : 0;
  if (flags.every((count) => count === 0)) return held > 0 || column.aggregate.expected === 0 ? ' ' : '×';
  if (missing > 0) return '0';
  if (bad > 0) return '!';
  return suspect > 0 ? '?' : notEvaluated > 0 ? '~' : ' ';
};

/**
 * Columns as lines of text: a bar from the least to the greatest of each with a dot for its middle, flags and gaps
 * under it, local times of an IANA zone below. A point of text has no such chart: no lines.
 */
export const renderChart = (
  { kind, states }: ChartPoint,
  columns: readonly HistoryColumn[],
  zone: string,
): readonly string[] => {
  if (kind === 'text') return [];
  const drawn = kind === 'state' ? stateRows(columns, states) : numericRows(kind, columns);
  const quality = columns.map(qualityOf).join('');
  const legend = QUALITY.flatMap(([mark, says]) => (quality.includes(mark) ? [`${mark} ${says}`] : []));
  const axis = timeAxis(columns[0]?.start ?? 0, columns.at(-1)?.end ?? 1, columns.length, zone);
  const width = Math.max(...drawn.map(([label]) => label.length), 0);
  const line = (label: string, edge: string, text: string): string =>
    `${label.padStart(width)} ${edge}${text}`.trimEnd();
  return [
    ...drawn.map(([label, text]) => line(label, label === '' ? '│' : '┤', text)),
    line('', '└', axis.ticks),
    ...(legend.length === 0 ? [] : [line('', ' ', quality)]),
    line('', ' ', axis.labels),
    ...(legend.length === 0 ? [] : [line('', ' ', legend.join(', '))]),
  ];
};
