import type { Aggregate, Sums } from '#wire/aggregate/aggregate.js';
import type { Kind, ValueType } from '#wire/terms.js';
import { CELL_ORIGINS, type Cell, type CellOrigin } from '../views-writer.js';
import { decodeValue, encodeValue, readValue, type SqlValue } from './views-values.js';

/** Columns of one cell after (point, period), in the order that `pushCell` gives them. */
export const CELL_COLUMNS = `start, span, origin, sender, revision, count, expected, flags, min, max,
  first_at, first, last_at, last, sum, weight, durations`;

export const SELECT_CELL = `start, span, origin, coalesce(sender, 0) as sender, coalesce(revision, 0) as revision,
  count, expected, flags, min, max, first_at, ${readValue('first')} as first, last_at, ${readValue('last')} as last,
  sum, weight, durations`;

/** One row of `SELECT_CELL`. */
export interface CellRow {
  readonly start: number;
  readonly span: number | null;
  readonly origin: number;
  readonly sender: number;
  readonly revision: number;
  readonly count: number;
  readonly expected: number;
  readonly flags: string | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly first_at: number | null;
  readonly first: unknown;
  readonly last_at: number | null;
  readonly last: unknown;
  readonly sum: number | null;
  readonly weight: number | null;
  readonly durations: string | null;
}

/** Appends the columns of one cell. Times are kept relative to the start, and what is usual is left out. */
export const pushCell = (row: (SqlValue | string)[], periodMs: number, cell: Cell): void => {
  const { aggregate, start } = cell;
  const { first, last, flags } = aggregate;
  const span = cell.end - start;
  row.push(
    start,
    span === periodMs ? null : span,
    CELL_ORIGINS.indexOf(cell.origin),
    cell.sender === 0 ? null : cell.sender,
    cell.revision === 0 ? null : cell.revision,
    aggregate.count,
    aggregate.expected,
    flags[0] === aggregate.count && flags[1] + flags[2] + flags[3] + flags[4] === 0
      ? null
      : JSON.stringify(flags),
    aggregate.min,
    aggregate.max,
    first === null ? null : first.time - start,
    first === null ? null : encodeValue(first.value),
    last === null ? null : last.time - start,
    last === null ? null : encodeValue(last.value),
  );
  pushSums(row, aggregate.sums);
};

const pushSums = (row: (SqlValue | string)[], sums: Sums): void => {
  switch (sums.kind) {
    case 'gauge':
      row.push(sums.weighted, sums.heldMs, null);
      return;
    case 'counter':
      row.push(sums.delta, sums.resets, null);
      return;
    case 'interval':
      row.push(sums.total, null, null);
      return;
    case 'state':
      row.push(null, null, JSON.stringify(sums.durations));
      return;
    case 'angle':
      row.push(sums.sine, sums.cosine, null);
      return;
    case 'decibel':
      row.push(sums.energy, null, null);
      return;
    default:
      row.push(null, null, null);
  }
};

export const cellOrigin = (stored: number): CellOrigin => {
  const origin = CELL_ORIGINS[stored];
  if (origin === undefined) throw new RangeError(`${stored} is no origin of a cell`);
  return origin;
};

export const decodeCell = (row: CellRow, kind: Kind, type: ValueType, periodMs: number): Cell => {
  const { start, sender, revision } = row;
  const aggregate: Aggregate = {
    count: row.count,
    expected: row.expected,
    flags: decodeFlags(row),
    min: row.min,
    max: row.max,
    first: edge(start, row.first_at, row.first, type),
    last: edge(start, row.last_at, row.last, type),
    sums: decodeSums(row, kind),
  };
  return {
    start,
    end: start + (row.span ?? periodMs),
    origin: cellOrigin(row.origin),
    sender,
    revision,
    aggregate,
  };
};

const decodeFlags = (row: CellRow): Aggregate['flags'] => {
  if (row.flags === null) return [row.count, 0, 0, 0, 0];
  return JSON.parse(row.flags) as Aggregate['flags'];
};

const edge = (start: number, at: number | null, stored: unknown, type: ValueType): Aggregate['first'] => {
  const value = decodeValue(stored, type);
  return at === null || value === null ? null : { time: start + at, value };
};

const decodeSums = (row: CellRow, kind: Kind): Sums => {
  const sum = row.sum ?? 0;
  const weight = row.weight ?? 0;
  switch (kind) {
    case 'gauge':
      return { kind, weighted: sum, heldMs: weight };
    case 'counter':
      return { kind, delta: sum, resets: weight };
    case 'interval':
      return { kind, total: sum };
    case 'state':
      return { kind, durations: JSON.parse(row.durations ?? '{}') as Record<string, number> };
    case 'angle':
      return { kind, sine: sum, cosine: weight };
    case 'decibel':
      return { kind, energy: sum };
    default:
      return { kind };
  }
};
