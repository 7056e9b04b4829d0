import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AppendQueue } from '../../../agent/acquisition/append-queue.js';
import type { MemoryLoss } from '../../../agent/acquisition/untold-losses.js';
import type { NewLoss, NewReading } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { eventually } from '../../support/eventually.js';
import { VirtualDelays } from './support.js';

const reading = (time: number): NewReading => ({
  point: time % 3,
  boot: 'boot',
  monotonic: time,
  time,
  clock: 'synced',
  uncertaintyMs: 0,
  value: time,
  flag: 1,
  reason: 'none',
  held: false,
});

const readings = (from: number, count: number) => Array.from({ length: count }, (_, i) => reading(from + i));

class Refusal extends Error {
  readonly retryable: boolean;
  constructor(retryable: boolean) {
    super('refused');
    this.retryable = retryable;
  }
}

/** A buffer that commits after `commitMs`, or at once where it is asked to, unless it is told to refuse. */
const build = (limit: number, commitMs = 2000) => {
  const time = new VirtualDelays();
  const stored: number[] = [];
  const losses: MemoryLoss[] = [];
  const declared: NewLoss[] = [];
  const events: string[] = [];
  const commits: AbortController[] = [];
  const buffer = { refusing: undefined as Refusal | undefined };
  const queue = new AppendQueue({
    buffer: {
      append: async (appended) => {
        const commit = new AbortController();
        commits.push(commit);
        await time.delay(commitMs, commit.signal).catch(() => undefined);
        if (buffer.refusing !== undefined) throw buffer.refusing;
        stored.push(...appended.map((each) => each.time));
      },
      declare: async (told) => {
        if (buffer.refusing?.retryable === true) throw buffer.refusing;
        declared.push(...told);
        return Promise.resolve();
      },
      flush: () => {
        for (const commit of commits.splice(0)) commit.abort();
        return Promise.resolve();
      },
    },
    name: 'q',
    delay: time.delay,
    onLost: (loss) => losses.push(loss),
    onRefused: () => events.push('refused'),
    onRecovered: () => events.push('recovered'),
    limit,
    retryMs: 1000,
  });
  return { time, stored, losses, declared, events, buffer, queue };
};

test('readings go to the buffer at once, while it still commits the ones before', async () => {
  const { time, stored, queue } = build(1000);
  queue.push(readings(0, 10));
  await time.pass(1000);
  queue.push(readings(10, 10));
  expect(queue.counters()).toEqual({ stored: 0, pending: 20, lost: 0 });
  await time.pass(1000);
  expect(stored).toHaveLength(10);
  await time.pass(1000);
  expect(stored).toHaveLength(20);
});

test('a refusal keeps readings in order until the buffer takes them again', async () => {
  const { time, stored, events, losses, buffer, queue } = build(1000);
  buffer.refusing = new Refusal(true);
  for (let i = 0; i < 20; i += 1) {
    queue.push(readings(i * 10, 10));
    await time.pass(500);
  }
  expect(stored).toHaveLength(0);
  buffer.refusing = undefined;
  await time.pass(10_000);
  expect(stored).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(queue.counters()).toEqual({ stored: 200, pending: 0, lost: 0 });
  expect(events).toEqual(['refused', 'recovered']);
  expect(losses).toHaveLength(0);
});

test('memory is bounded: the oldest that wait go first, each counted once', async () => {
  const { time, stored, losses, declared, buffer, queue } = build(100);
  buffer.refusing = new Refusal(true);
  for (let i = 0; i < 50; i += 1) {
    queue.push(readings(i * 10, 10));
    expect(queue.counters().pending).toBeLessThanOrEqual(100);
    await time.pass(700);
  }
  buffer.refusing = undefined;
  await time.pass(20_000);
  const lost = losses.reduce((sum, { count }) => sum + count, 0);
  expect(declared.reduce((sum, { count }) => sum + count, 0)).toBe(lost);
  expect(declared[0]).toMatchObject({ cause: 'memory', exact: true, firstTime: 0, points: [0, 1, 2] });
  expect(lost + stored.length).toBe(500);
  expect(queue.counters()).toEqual({ stored: stored.length, pending: 0, lost });
  expect(stored).toEqual(stored.toSorted((a, b) => a - b));
  expect(stored.at(-1)).toBe(499);
  expect(stored.length).toBeGreaterThanOrEqual(80);
  expect(losses[0]).toMatchObject({ count: 10, points: [0, 1, 2] });
});

test('what is refused for good is lost at once and blocks nothing', async () => {
  const { time, stored, losses, buffer, queue } = build(100);
  buffer.refusing = new Refusal(false);
  queue.push(readings(0, 5));
  await time.pass(2000);
  buffer.refusing = undefined;
  queue.push(readings(5, 5));
  await time.pass(2000);
  expect(losses).toEqual([{ count: 5, firstTime: 0, lastTime: 4, points: [0, 1, 2] }]);
  expect(stored).toEqual([5, 6, 7, 8, 9]);
});

test('stopping has the commit under way made at once', async () => {
  const { time, stored, losses, queue } = build(100);
  queue.push(readings(0, 5));
  const stopped = queue.stop(3000);
  await time.pass(0);
  await stopped;
  expect(stored).toHaveLength(5);
  expect(losses).toHaveLength(0);
});

test('stopping hands over at once what waited for a disk that works again', async () => {
  const { time, stored, losses, buffer, queue } = build(100);
  buffer.refusing = new Refusal(true);
  queue.push(readings(0, 5));
  await time.pass(2_000);
  queue.push(readings(5, 5));
  buffer.refusing = undefined;
  const stopped = queue.stop(3000);
  await time.pass(0);
  await stopped;
  expect(stored).toEqual(Array.from({ length: 10 }, (_, index) => index));
  expect(losses).toHaveLength(0);
});

test('stopping tries a disk that goes on refusing now and then until its timeout', async () => {
  const { time, stored, losses, buffer, queue } = build(100);
  buffer.refusing = new Refusal(true);
  queue.push(readings(0, 5));
  await time.pass(2_000);
  const stopped = queue.stop(3000);
  await time.pass(1_500);
  buffer.refusing = undefined;
  await time.pass(500);
  await stopped;
  expect(stored).toEqual([0, 1, 2, 3, 4]);
  expect(losses).toHaveLength(0);
});

test('stopping gives up after its timeout and says what it loses', async () => {
  const { time, losses, buffer, queue } = build(100);
  buffer.refusing = new Refusal(true);
  queue.push(readings(0, 5));
  await time.pass(2500);
  const stopped = queue.stop(100);
  await time.pass(5000);
  await stopped;
  expect(losses.map(({ count }) => count)).toEqual([5]);
  expect(queue.counters()).toEqual({ stored: 0, pending: 0, lost: 5 });
});

test('an append that timed out and is said again has the same id, so that it is stored once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-queue-'));
  const file = await openBuffer({ path: join(folder, 'buffer.db'), commitMs: 5, reserveBytes: 0 });
  const numbers = await file.definePoints([
    { key: 'a/x', kind: 'gauge', valueType: 'float', intervalMs: 1_000, maxHoldMs: 5_000, windows: [] },
  ]);
  const time = new VirtualDelays();
  let failures = 2;
  const queue = new AppendQueue({
    buffer: {
      append: async (readings, id) => {
        await file.append(readings, id);
        failures -= 1;
        // the answer of a call that worked did not come in time
        if (failures >= 0) throw new Refusal(true);
      },
      declare: async (losses, id) => file.declare(losses, id),
      flush: async () => file.flush(),
    },
    name: 'q',
    delay: time.delay,
    onLost: () => undefined,
    onRefused: () => undefined,
    onRecovered: () => undefined,
    limit: 1_000,
    retryMs: 1,
  });
  const point = numbers.get('a/x') ?? 0;
  queue.push(readings(0, 7).map((each) => ({ ...each, point })));
  queue.push(readings(7, 5).map((each) => ({ ...each, point })));
  await eventually(async () => {
    await time.pass(10);
    return queue.counters().stored === 12;
  }, 20_000);
  expect(queue.counters()).toEqual({ stored: 12, pending: 0, lost: 0 });
  expect((await file.state()).lastOrdinal).toBe(12);
  await file.close();
  rmSync(folder, { recursive: true });
});
