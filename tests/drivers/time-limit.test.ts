import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { withTimeLimit } from '../../drivers/time-limit.js';

/** In a turn of its own: what this turn touched is never collected in it. */
const collectGarbage = async (): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve));
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
};

const aborted = (signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(signal.reason), { once: true }));

it('ends in time although all garbage was collected meanwhile', async () => {
  const reason = withTimeLimit(new AbortController().signal, 50, aborted);
  await collectGarbage();
  expect(await reason).toMatchObject({ name: 'TimeoutError' });
});

it('ends with the signal that it was given, for its reason', async () => {
  const caller = new AbortController();
  const reason = withTimeLimit(caller.signal, 60_000, aborted);
  caller.abort(new Error('stop'));
  expect(await reason).toMatchObject({ message: 'stop' });
});

it('leaves no timer behind, whatever becomes of the work', async () => {
  const { signal } = new AbortController();
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    expect(await withTimeLimit(signal, 60_000, async () => vi.getTimerCount())).toBe(1);
    await expect(
      withTimeLimit(signal, 60_000, async () => {
        throw new Error('broken');
      }),
    ).rejects.toThrow('broken');
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

const root = new URL('../..', import.meta.url).pathname;
const sources = ['agent', 'drivers', 'fleet'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
    .map((file) => join(folder, file)),
);

it('is what all programs use: a timeout under AbortSignal.any never fires once it was collected', () => {
  const forgetful = sources.filter((file) =>
    /AbortSignal\.any\([^;]*AbortSignal\.timeout\(/.test(
      readFileSync(join(root, file), 'utf8').replaceAll(/^ *(?:\*|\/\/).*$/gm, ''),
    ),
  );
  expect(forgetful).toEqual([]);
});
