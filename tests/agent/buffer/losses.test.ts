import { describe, expect, it } from 'vitest';
import { createLosses } from '../../../agent/buffer/losses.js';
import { prepareSchema } from '../../../agent/buffer/schema.js';
import { openDatabase } from '../../../agent/buffer/sqlite-database.js';
import { State } from '../../../agent/buffer/state-row.js';

const open = () => {
  const database = openDatabase(':memory:');
  prepareSchema(database, () => '0'.repeat(16));
  const state = new State(database);
  return { database, state, losses: createLosses(database, state) };
};

const lost = (count: number, seq?: number) => ({
  cause: 'space' as const,
  count,
  exact: true,
  points: [1],
  ...(seq === undefined ? {} : { firstSeq: seq, lastSeq: seq }),
});

describe('records of what was lost while nothing can be sent', () => {
  it('are few, however much is lost, and add up to the number', () => {
    const { state, losses } = open();
    let [readings, records] = [0, 0];
    for (let block = 0; block < 300; block += 1) {
      // of ten batches the odd ones go first, as where raw goes before its windows
      for (const place of [1, 3, 5, 7, 9, 2, 4, 6, 8, 10]) {
        losses.record(lost(place, block * 10 + place));
        losses.record(lost(block % 7));
        readings += place + (block % 7);
        records += 2;
      }
    }
    const told = losses.oldest(10_000);
    expect(told.length).toBeLessThan(250);
    expect(records).toBe(6_000);
    // each has its ordinal, and there are no others
    expect(told.map(({ ordinal }) => ordinal)).toEqual(told.map((_, index) => index + 1));
    expect(state.row.lastOrdinal).toBe(told.length);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(readings);
    expect(state.row.lostReadings).toBe(readings);
    const seqs = told.flatMap(({ firstSeq = 1, lastSeq = 0 }) =>
      Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => firstSeq + index),
    );
    expect(seqs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 3_000 }, (_, index) => index + 1));
  });

  it('are written over by none whose transaction failed', () => {
    const { database, state, losses } = open();
    for (let index = 0; index < 99; index += 1) losses.record(lost(1, 1 + 2 * index));
    losses.record(lost(1));
    const failing = database.transaction(() => {
      losses.record(lost(1));
      losses.record(lost(1));
      throw new Error('the disk is full');
    });
    expect(failing).toThrow('the disk is full');
    state.reload();
    for (let index = 0; index < 50; index += 1) losses.record(lost(1));
    const told = losses.oldest(1_000);
    expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(150);
    expect(told.filter(({ firstSeq }) => firstSeq !== undefined)).toHaveLength(99);
  });

  it('are kept apart as long as they are few', () => {
    const { losses } = open();
    for (let index = 0; index < 50; index += 1) losses.record({ ...lost(index), points: [index] });
    expect(losses.oldest(100).map(({ count, points }) => [count, points])).toEqual(
      Array.from({ length: 50 }, (_, index) => [index, [index]]),
    );
    losses.deleteTo(50);
    expect(losses.oldest(100)).toEqual([]);
  });
});
