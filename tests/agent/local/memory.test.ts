import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { built } from '../../support/built.js';

const memory = pathToFileURL(built('agent/local/memory.js', ['agent/local'])).href;

/** Holds 6 MB until it is old, lets go of it, and says how much of it went within some looks. */
const program = (small: boolean): string => `
  import { getHeapStatistics } from 'node:v8';
  import { setTimeout as delay } from 'node:timers/promises';
  import { keepCollecting, keepMemorySmall } from ${JSON.stringify(memory)};
  if (${small}) keepMemorySmall();
  const used = () => getHeapStatistics().used_heap_size;
  let held = Array.from({ length: 40 }, () => Array.from({ length: 20_000 }, (_, index) => index / 3));
  for (let index = 0; index < 100_000; index += 1) held[index % 40][0] = { index };
  const before = used();
  held = undefined;
  const stop = keepCollecting({ lookEveryMs: 10, startMs: 0 });
  const deadline = Date.now() + 2_000;
  while (Date.now() < deadline && before - used() < 5e6) await delay(10);
  stop();
  process.stdout.write(String(before - used() > 5e6));
`;

const collected = (small: boolean): string =>
  spawnSync(process.execPath, ['--input-type=module', '--eval', program(small)], { encoding: 'utf8' }).stdout;

test('old garbage goes soon once memory is to be kept small, and the program ends by itself', () => {
  expect(collected(true)).toBe('true');
});

test('nothing is collected early where that was not asked for', () => {
  expect(collected(false)).toBe('false');
});
