import type { BatchBody } from '#wire/batch.js';
import type { ReadingColumn } from '#wire/readings.js';
import type { Value, ValueType } from '#wire/terms.js';
import type { WindowColumn } from '#wire/windows.js';
import type { PointMeta, StoredDirectory } from '../store/views-writer.js';
import { ProjectionError } from './errors.js';

/** A body whose columns know their points. */
export interface ResolvedBatch {
  readonly readings: readonly { readonly meta: PointMeta; readonly column: ReadingColumn }[];
  readonly windows: readonly { readonly meta: PointMeta; readonly column: WindowColumn }[];
}

/** Puts a body's columns to the points of its directory. Throws `ProjectionError` naming what does not fit. */
export const resolveBatch = (body: BatchBody, directory: StoredDirectory): ResolvedBatch => {
  if (body.content === 'losses') return { readings: [], windows: [] };
  if ('fault' in directory) throw new ProjectionError('directory', `its directory: ${directory.fault}`);
  const metaOf = (number: number): PointMeta => {
    const meta = directory.points.get(number);
    if (meta === undefined) throw new ProjectionError('point', `point ${number} is not in its directory`);
    return meta;
  };
  if (body.content === 'windows') {
    const windows = body.columns.map((column) => ({ meta: metaOf(column.point), column }));
    for (const { meta, column } of windows) requireKind(meta, column);
    return { readings: [], windows };
  }
  const readings = body.columns.map((column) => ({ meta: metaOf(column.point), column }));
  for (const { meta, column } of readings) requireValues(meta, column);
  return { readings, windows: [] };
};

const requireKind = (meta: PointMeta, column: WindowColumn): void => {
  const other = column.windows.find(({ aggregate }) => aggregate.sums.kind !== meta.kind);
  if (other === undefined) return;
  const kind = other.aggregate.sums.kind;
  throw new ProjectionError('kind', `windows of point ${column.point} are of kind ${kind}, not ${meta.kind}`);
};

const fits = (value: Value | null, type: ValueType): boolean =>
  value === null || type === 'state' || (typeof value === 'string') === (type === 'text');

const requireValues = (meta: PointMeta, column: ReadingColumn): void => {
  for (const { value } of column.readings) {
    if (fits(value, meta.valueType)) continue;
    const found = typeof value;
    throw new ProjectionError('value', `point ${column.point} is ${meta.valueType}, a value is ${found}`);
  }
};
