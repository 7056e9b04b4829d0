import { expect, test } from 'vitest';
import { startWatchdog } from '../../../agent/supervision/watchdog.js';

const PERIOD_MS = 120_000;

/** A watchdog whose timer is turned by hand. */
const watched = (alive: () => Promise<void>, heard = true, watchdogMs: number | null = PERIOD_MS) => {
  const told: string[] = [];
  const warned: string[] = [];
  const timers: { ms: number; callback: () => void }[] = [];
  const stop = startWatchdog({
    manager: {
      ...(watchdogMs === null ? {} : { watchdogMs }),
      tell: async (...assignments) => {
        told.push(...assignments);
        return heard;
      },
    },
    log: { warn: (event) => warned.push(event) },
    alive,
    every: (ms, callback) => {
      timers.push({ ms, callback });
      return () => timers.splice(0);
    },
  });
  const turn = async (): Promise<void> => {
    for (const { callback } of timers) callback();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { told, warned, timers, turn, stop };
};

test('a living agent says so several times a period', async () => {
  const { told, timers, turn } = watched(async () => undefined);
  expect(timers.map(({ ms }) => ms)).toEqual([PERIOD_MS / 4]);
  await turn();
  await turn();
  expect(told).toEqual(['WATCHDOG=1', 'WATCHDOG=1']);
});

test('a buffer that does not answer holds the word back, and is asked once', async () => {
  let asked = 0;
  const { told, turn } = watched(
    () =>
      new Promise(() => {
        asked += 1;
      }),
  );
  await turn();
  await turn();
  expect(told).toEqual([]);
  expect(asked).toBe(1);
});

test('a buffer that fails holds the word back, and is asked again', async () => {
  let fails = true;
  const { told, warned, turn } = watched(async () => {
    if (fails) throw new Error('timeout');
  });
  await turn();
  expect(told).toEqual([]);
  expect(warned).toEqual(['watchdog-withheld']);
  fails = false;
  await turn();
  expect(told).toEqual(['WATCHDOG=1']);
});

test('a word that nobody heard is told in the log', async () => {
  const { warned, turn } = watched(async () => undefined, false);
  await turn();
  expect(warned).toEqual(['watchdog-not-heard']);
});

test('nothing is said where nobody watches, nor after the stop', async () => {
  expect(watched(async () => undefined, true, null).timers).toEqual([]);
  const { told, turn, stop } = watched(async () => undefined);
  stop();
  await turn();
  expect(told).toEqual([]);
});
