import { describe, expect, test } from 'vitest';
import { createAppender } from '../../../fleet/log/appender.js';
import type { AppendOutcome, LogItem } from '../../../fleet/store/log-store.js';

const item = (seq: number): LogItem => ({
  type: 'batch',
  source: 'gateway000000000001',
  epoch: '0123456789abcdef',
  seq,
  hash: new Uint8Array(32),
  receivedAt: 0,
  message: new Uint8Array(1),
});

describe('the appender', () => {
  test('puts what came in one turn into one commit, and what came meanwhile into the next', async () => {
    const groups: number[] = [];
    const waiting: (() => void)[] = [];
    const appender = createAppender(
      {
        append: (items) =>
          new Promise((resolve) => {
            groups.push(items.length);
            waiting.push(() => resolve(items.map((): AppendOutcome => 'stored')));
          }),
      },
      256,
    );
    const first = [1, 2, 3].map((seq) => appender.append(item(seq)));
    await new Promise((resolve) => setImmediate(resolve));
    const second = [4, 5].map((seq) => appender.append(item(seq)));
    expect(appender.waiting()).toBe(5);
    waiting[0]?.();
    expect(await Promise.all(first)).toEqual(['stored', 'stored', 'stored']);
    await new Promise((resolve) => setImmediate(resolve));
    waiting[1]?.();
    await Promise.all(second);
    expect(groups).toEqual([3, 2]);
    expect(appender.waiting()).toBe(0);
  });

  test('a failed commit fails those in it and no others', async () => {
    let calls = 0;
    const appender = createAppender(
      {
        append: async (items) => {
          calls += 1;
          if (calls === 1) throw new Error('disk full');
          return items.map((): AppendOutcome => 'stored');
        },
      },
      1,
    );
    const [lost, kept] = await Promise.allSettled([appender.append(item(1)), appender.append(item(2))]);
    expect(lost?.status).toBe('rejected');
    expect(kept).toEqual({ status: 'fulfilled', value: 'stored' });
  });
});
