import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';
import type { FaultTest } from './fault-test.js';

interface ShortRun {
  readonly cycles: number;
  readonly seed: number;
}

const TIMEOUT_MS = 600_000;
const quiet = (): void => undefined;

/** The programs as they are shipped come through a few cycles. */
export const survives = (fault: FaultTest, short: ShortRun): void => {
  test('break no promise', { timeout: TIMEOUT_MS }, async () => {
    const verdict = await fault.run({
      ...short,
      folder: temporaryFolder(),
      edits: [],
      quick: true,
      progress: quiet,
    });
    expect(verdict.faults).toEqual([]);
    expect(verdict.figures.arrived).toBeGreaterThan(0);
  });
};

/** A build that is broken on purpose is found out, and for the right reason; the others are run by the script. */
export const findsItsMutant = (fault: FaultTest, name: string, short: ShortRun): void => {
  const mutant = fault.mutants[name];
  test(`are noticed where ${mutant?.breaks}`, { timeout: TIMEOUT_MS }, async () => {
    const { edits = [], found = /never/ } = mutant ?? {};
    const verdict = await fault.run({
      ...short,
      folder: temporaryFolder(),
      edits,
      quick: true,
      progress: quiet,
    });
    expect(verdict.faults).toContainEqual(expect.stringMatching(found));
  });
};
