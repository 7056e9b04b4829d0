import { expect, test } from 'vitest';
import { pollFaultyLine } from '../../support/faulty-line.js';

test('no reply that is late, damaged, astray or of another unit is taken for a value, and each costs one poll', async () => {
  const run = await pollFaultyLine({ polls: 4000, latenessMs: 1000, seed: 7 });
  expect(run.wrong).toBe(0);
  expect(run.recoveryPolls).toBeLessThanOrEqual(2);
  expect(run.good).toBeGreaterThan(0.92 * run.polls);
  expect(run.counters.lateReplies).toBeGreaterThan(80);
});

test('a unit whose lateness is understated would be believed wrongly', async () => {
  const run = await pollFaultyLine({ polls: 4000, latenessMs: 0, seed: 7 });
  expect(run.wrong).toBeGreaterThan(0);
});
