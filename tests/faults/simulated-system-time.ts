import { readFileSync } from 'node:fs';
import type { systemTime as realSystemTime } from '../../agent/clock/system-time.js';

/** The machine that a test says the agent runs on: JSON in the file that FAULTS_MACHINE names. */
export interface SimulatedMachine {
  readonly boot: string;
  /** CLOCK_MONOTONIC of the real machine at which this one was started, ms. */
  readonly bootedAt: number;
  readonly disciplined: boolean;
}

const machine = (): SimulatedMachine =>
  JSON.parse(readFileSync(process.env['FAULTS_MACHINE'] ?? '', 'utf8')) as SimulatedMachine;

/**
 * Takes the place of the agent's own module in a test build: a boot, and the time since it, cannot be had
 * otherwise without restarting the machine. The wall clock stays the process's own, which the shim bends.
 */
export const systemTime: typeof realSystemTime = () => {
  const { boot, bootedAt } = machine();
  return {
    boot,
    monotonic: () => Number(process.hrtime.bigint() / 1_000n) / 1_000 - bootedAt,
    wall: () => Date.now(),
    disciplined: () => machine().disciplined,
    every: (ms, callback) => {
      const timer = setInterval(callback, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
    sources: [],
    stop: () => undefined,
  };
};
