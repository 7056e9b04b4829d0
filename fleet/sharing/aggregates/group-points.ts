import type { Kind } from '#wire/terms.js';
import type { Effective } from '../conditions.js';
import { combine, combineWithin, type Combined, type Contribution } from './combine.js';

/** One cell of one point, and what it is added up with. */
export interface PointCell extends Contribution {
  /** All cells of one group are of this. */
  readonly group: Omit<GroupOfPoints, 'cells'> & { readonly key: string };
  readonly pointId: string;
  readonly start: number;
  readonly end: number;
}

/** Numbers over several points, period by period. */
export interface GroupOfPoints {
  readonly organisationId: string;
  readonly kind: Kind;
  readonly unit: string;
  /** `null`: all of them may be read one by one. */
  readonly threshold: Effective['aggregation'];
  readonly datasets: readonly string[];
  readonly cells: readonly CombinedCell[];
}

export interface CombinedCell {
  readonly start: number;
  readonly end: number;
  readonly combined: Combined;
  /** Whose values are within. */
  readonly pointIds: readonly string[];
}

/** Adds up what belongs together; groups without a cell that may be given are left out. */
export const groupPoints = (cells: readonly PointCell[]): readonly GroupOfPoints[] =>
  partition(cells, ({ group }) => `${group.key} ${group.kind} ${group.unit}`)
    .map((own) => groupOf(own))
    .filter((group) => group !== undefined)
    .filter((group) => group.cells.length > 0);

const partition = <Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] => {
  const parts = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const known = parts.get(key);
    if (known === undefined) parts.set(key, [item]);
    else known.push(item);
  }
  return [...parts.values()];
};

const groupOf = (own: readonly PointCell[]): GroupOfPoints | undefined => {
  const [first] = own;
  if (first === undefined) return undefined;
  const { key: _key, ...group } = first.group;
  const cells = partition(own, ({ start, end }) => `${start} ${end}`).flatMap((parts) =>
    cellOf(group, parts),
  );
  return { ...group, cells: cells.toSorted((one, other) => one.start - other.start) };
};

const cellOf = (
  { kind, threshold }: Omit<GroupOfPoints, 'cells'>,
  parts: readonly PointCell[],
): readonly CombinedCell[] => {
  const [first] = parts;
  const combined = threshold === null ? combine(kind, parts) : combineWithin(kind, parts, threshold);
  if (first === undefined || combined === null) return [];
  return [{ start: first.start, end: first.end, combined, pointIds: parts.map(({ pointId }) => pointId) }];
};
