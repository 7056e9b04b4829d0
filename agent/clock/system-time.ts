import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { watchDiscipline } from './discipline.js';
import type { GatewayClockDeps } from './gateway-clock.js';

const ASK_TIMEOUT_MS = 5_000;

/** Id of this boot of the machine (Linux, random(4)). */
const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

const every = (ms: number, callback: () => void): (() => void) => {
  const timer = setInterval(callback, ms);
  timer.unref();
  return () => clearInterval(timer);
};

const run = (program: string, args: readonly string[]): Promise<string | undefined> =>
  new Promise((resolve) => {
    const options = { timeout: ASK_TIMEOUT_MS, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } };
    execFile(program, [...args], options, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    }).unref();
  });

/** The machine's own time sources (Linux). Call `stop` when the clock is stopped. */
export const systemTime = (): GatewayClockDeps & { readonly stop: () => void } => {
  const { disciplined, stop } = watchDiscipline({ run, exists: existsSync, every });
  return {
    boot: bootId(),
    // CLOCK_MONOTONIC: counts from boot for every process of it.
    monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000,
    wall: () => Date.now(),
    disciplined,
    every,
    sources: [],
    stop,
  };
};
