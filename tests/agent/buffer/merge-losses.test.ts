import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeLosses } from '../../../agent/buffer/merge-losses.js';
import type { Loss } from '#wire/windows.js';

const EPOCHS = ['0'.repeat(16), 'a'.repeat(16)] as const;

/** Records that tell each batch at most once, in any order, some of rows without a batch. */
const records: fc.Arbitrary<readonly Loss[]> = fc
  .array(
    fc.record({
      epoch: fc.constantFrom(...EPOCHS),
      cause: fc.constantFrom('space' as const, 'damage' as const),
      exact: fc.boolean(),
      batches: fc.nat(3),
      gap: fc.nat(1),
      count: fc.nat(1_000),
      windows: fc.nat(3),
      heldBack: fc.nat(3),
      points: fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
      time: fc.nat(1_000),
      replacedByMs: fc.constantFrom(undefined, 60_000, 900_000),
    }),
    { maxLength: 40 },
  )
  .map((given) => {
    let seq = 1;
    return given.map(({ batches, gap, windows, heldBack, time, replacedByMs, ...loss }, index): Loss => {
      const firstSeq = (seq += gap);
      seq += batches;
      return {
        ...loss,
        ordinal: index + 1,
        ...(batches === 0 ? {} : { firstSeq, lastSeq: firstSeq + batches - 1 }),
        ...(windows === 0 ? {} : { windows }),
        ...(heldBack === 0 ? {} : { heldBack }),
        firstTime: time,
        lastTime: time + 10,
        ...(replacedByMs === undefined ? {} : { replacedByMs }),
      };
    });
  })
  .chain((made) => fc.shuffledSubarray([...made], { minLength: made.length }));

const after = (before: readonly Loss[]): readonly Loss[] => {
  const { changed, emptied } = mergeLosses(before);
  const now = new Map(before.map((loss) => [loss.ordinal, loss]));
  for (const loss of changed) now.set(loss.ordinal, loss);
  for (const ordinal of emptied) expect(now.delete(ordinal)).toBe(true);
  return [...now.values()];
};

/** What records of one epoch, cause and exactness add up to. */
const account = (losses: readonly Loss[]): Readonly<Record<string, readonly unknown[]>> => {
  const sums: Record<string, number[]> = {};
  const batches: Record<string, number[]> = {};
  for (const { epoch, cause, exact, count, windows = 0, heldBack = 0, firstSeq, lastSeq } of losses) {
    const key = `${epoch}/${cause}/${exact}`;
    const sum = (sums[key] ??= [0, 0, 0]);
    for (const [place, more] of [count, windows, heldBack].entries()) sum[place] = (sum[place] ?? 0) + more;
    for (let seq = firstSeq ?? 1; seq <= (lastSeq ?? 0); seq += 1) (batches[key] ??= []).push(seq);
  }
  return Object.fromEntries(
    Object.entries(sums).map(([key, sum]) => [key, [sum, batches[key]?.toSorted((a, b) => a - b)]]),
  );
};

describe('loss records that are put together', () => {
  it('count the same, of the same batches, to the number', () => {
    fc.assert(
      fc.property(records, (before) => {
        expect(account(after(before))).toEqual(account(before));
      }),
    );
  });

  it('leave one record for rows, and one for batches that follow one another', () => {
    fc.assert(
      fc.property(records, (before) => {
        const left = after(before);
        const rows = left.filter(({ firstSeq }) => firstSeq === undefined);
        const kinds = rows.map(({ epoch, cause, exact }) => `${epoch}/${cause}/${exact}`);
        expect(new Set(kinds).size).toBe(kinds.length);
        expect(after(left)).toHaveLength(left.length);
      }),
    );
  });

  it('claim no window, no point and no time that holds for a part only', () => {
    fc.assert(
      fc.property(records, (before) => {
        for (const one of after(before)) {
          const told = before.filter(
            (each) =>
              each.epoch === one.epoch &&
              each.cause === one.cause &&
              each.exact === one.exact &&
              (one.firstSeq === undefined
                ? each.firstSeq === undefined
                : (each.firstSeq ?? 0) >= one.firstSeq && (each.lastSeq ?? Infinity) <= (one.lastSeq ?? 0)),
          );
          const periods = told.map(({ replacedByMs }) => replacedByMs ?? Infinity);
          const longest = Math.max(...periods);
          expect(one.replacedByMs).toBe(longest === Infinity ? undefined : longest);
          expect(one.firstTime).toBe(Math.min(...told.map(({ firstTime = 0 }) => firstTime)));
          expect(one.lastTime).toBe(Math.max(...told.map(({ lastTime = 0 }) => lastTime)));
          if (one.points.length > 0)
            for (const { points } of told) for (const named of points) expect(one.points).toContain(named);
        }
      }),
    );
  });
});
