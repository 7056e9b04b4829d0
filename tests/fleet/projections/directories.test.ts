import { expect, it } from 'vitest';
import { createDirectories } from '../../../fleet/projections/directories.js';
import { createLegalDays } from '../../../fleet/projections/legal-day.js';
import type { PointMeta, StoredDirectory } from '../../../fleet/store/views-writer.js';

const meta = (point: number): PointMeta => ({
  point,
  kind: 'gauge',
  valueType: 'float',
  intervalMs: 10_000,
  maxHoldMs: 60_000,
  rollover: null,
  windows: [],
  timeZone: 'Europe/Paris',
});

it('keeps the directories used last, as many as have so many points', async () => {
  const read: string[] = [];
  const views = {
    directory: async (source: string): Promise<StoredDirectory> => {
      read.push(source);
      return { points: new Map(Array.from({ length: 20 }, (_, number) => [number, meta(number)])) };
    },
    hasUnseen: async () => false,
  };
  const directories = createDirectories(views, { resolve: () => new Map() }, createLegalDays(), 50);
  for (const source of ['a', 'b', 'a', 'c', 'a', 'b']) await directories.find(source, 'hash');
  expect(read).toEqual(['a', 'b', 'c', 'b']);
  directories.forget();
  await directories.find('b', 'hash');
  expect(read).toHaveLength(5);
});
