import { describe, expect, test } from 'vitest';
import { judge, USUAL, type Evidence } from './checker.js';
import type { HeldEpoch } from './held.js';
import { pointKey, POINTS } from './meter.js';
import type { Run } from './site.js';

const EPOCH = '0011223344556677';
const INTERVAL_MS = 200;

/** A gateway that ran from `start` to `end`, UTC ms. */
const run = (startedAt: number, endedAt: number, stored: number): Run => ({
  startedAt,
  endedAt,
  startMs: 100,
  epoch: EPOCH,
  stored,
});

/** All points spoke at these times; of `arrived`, by turn, the readings came. */
const evidence = (times: readonly number[], arrived: readonly number[], runs: readonly Run[]): Evidence => {
  const held: HeldEpoch = {
    epoch: EPOCH,
    batches: new Map([[1, 1]]),
    readings: new Map(
      arrived.flatMap((turn, order) =>
        Array.from({ length: POINTS }, (_, place) => {
          const ordinal = order * POINTS + place + 1;
          const reading = { ordinal, point: place, directory: 'd', clock: 'synced', uncertaintyMs: 0 };
          return [ordinal, { ...reading, value: turn * POINTS + place, time: times[turn] ?? 0 }] as const;
        }),
      ),
    ),
    windows: new Set(),
    losses: [],
    heldBack: 0,
    doubled: [],
  };
  return {
    said: Array.from({ length: POINTS }, (_, place) =>
      times.map((at, turn) => ({ value: turn * POINTS + place, at })),
    ),
    runs,
    epochs: [held],
    keyOf: ({ point }) => pointKey(point),
    ledger: [{ epoch: EPOCH, stored: 1, readings: held.readings.size, declaredLost: 0, missing: [] }],
    until: (times.at(-1) ?? 0) + 1,
    allowances: USUAL,
  };
};

const times = Array.from({ length: 12 }, (_, turn) => 10_000 + turn * INTERVAL_MS);
const at = (turn: number): number => times[turn] ?? 0;
const turns = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

describe('the checker of the fault tests', () => {
  test('takes it that a run ends before its first commit', () => {
    const runs = [
      run(at(0) - 50, at(3) + 50, 4 * POINTS),
      run(at(4) - 50, at(8) + 50, 0),
      run(at(9) - 50, at(11) + 50, 3 * POINTS),
    ];
    expect(judge(evidence(times, [...turns(0, 4), ...turns(9, 12)], runs)).faults).toEqual([]);
  });

  test('misses what is lacking in the middle of a run', () => {
    const arrived = [...turns(0, 4), ...turns(6, 12)];
    const { faults } = judge(evidence(times, arrived, [run(at(0) - 50, at(11) + 50, 10 * POINTS)]));
    expect(faults).toContainEqual(
      expect.stringMatching(/^I1 p0: 2 values are missing from the middle \(32, 40\)/),
    );
  });

  test('misses what was confirmed and did not come', () => {
    const runs = [run(at(0) - 50, at(8) + 50, 9 * POINTS), run(at(9) - 50, at(11) + 50, 3 * POINTS)];
    const { faults } = judge(evidence(times, [...turns(0, 4), ...turns(9, 12)], runs));
    expect(faults).toEqual([`I1 run 1: ${9 * POINTS} readings were confirmed as stored, ${4 * POINTS} came`]);
  });

  test('misses a long end', () => {
    const late = times.map((time, turn) => (turn < 11 ? time : time + 8_000));
    const { faults } = judge(evidence(late, turns(0, 4), [run(at(0) - 50, at(11) + 16_000, 0)]));
    expect(faults[0]).toMatch(/^I1 run 1, p0: nothing of its last \d+ ms arrived/);
  });
});
