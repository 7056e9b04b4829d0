import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lane } from '#wire/terms.js';
import { Outbox } from '../../../fleet/simulation/outbox.js';

const take = (outbox: Outbox): number[] => {
  const taken: number[] = [];
  for (let seq = outbox.next(); seq !== undefined; seq = outbox.next()) taken.push(seq);
  return taken;
};

describe('the outbox of a simulated gateway', () => {
  it('sends what is live before the backlog, a window at once', () => {
    const outbox = new Outbox([], 2, () => 0);
    for (const seq of [1, 2, 3]) outbox.add(seq, 'backfill');
    outbox.add(4, 'live');
    expect(take(outbox)).toEqual([4, 1]);
    outbox.answered([[4, 4]]);
    expect(take(outbox)).toEqual([2]);
    expect(outbox.owed).toBe(3);
  });

  it('sends again what has no ack in time, and what the fleet lacks though it was acked', () => {
    let now = 0;
    const outbox = new Outbox([[1, 5]], 4, () => now);
    outbox.add(6, 'live');
    expect(take(outbox)).toEqual([6]);
    now = 9_999;
    outbox.expire(false);
    expect(take(outbox)).toEqual([]);
    now = 10_000;
    outbox.expire(false);
    expect(take(outbox)).toEqual([6]);
    outbox.wanted([[2, 3]], 6);
    expect(outbox.acked).toEqual([
      [1, 1],
      [4, 5],
    ]);
    expect(take(outbox)).toEqual([2, 3]);
    outbox.answered([[2, 6]]);
    expect([outbox.owed, outbox.acked]).toEqual([0, [[1, 6]]]);
  });

  it('owes nothing in the end, whatever was lost on the way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<Lane>('live', 'backfill'), { minLength: 1, maxLength: 40 }),
        fc.array(fc.boolean(), { minLength: 1, maxLength: 10 }),
        (lanes, lost) => {
          const outbox = new Outbox([], 3, () => 0);
          const came = new Set<number>();
          for (const [index, lane] of lanes.entries()) outbox.add(index + 1, lane);
          for (let round = 0; outbox.owed > 0 && round < 1_000; round += 1) {
            for (const seq of take(outbox)) {
              if (lost[(round + seq) % lost.length] === true && round < 20) continue;
              came.add(seq);
              outbox.answered([[seq, seq]]);
            }
            outbox.expire(true);
          }
          expect(came.size).toBe(lanes.length);
          expect(outbox.acked).toEqual([[1, lanes.length]]);
        },
      ),
    );
  });
});
