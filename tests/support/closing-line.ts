import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with `N passed, N failed`; where nothing may be skipped (CI), a skipped test fails the run. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) counts[test.result().state] += 1;
      counts.failed += module.errors().length;
    }
    const { passed, failed, skipped } = counts;
    if (process.env.CI !== undefined && skipped > 0) {
      process.exitCode = 1;
      console.log(`${skipped} tests were skipped, which this run does not allow.`);
    }
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}
