import type { UnitCounters } from '../driver.js';

/** Weight of a new turnaround in the running mean. */
const GAIN = 1 / 8;

type Counted = Exclude<keyof UnitCounters, 'turnaroundMs' | 'timeoutMs' | 'holes'>;

/** What a line knows of one unit, for as long as the bus is open. */
export class AskedUnit {
  readonly #counts: Record<Counted, number> = {
    ok: 0,
    timeouts: 0,
    checksumErrors: 0,
    frameErrors: 0,
    exceptions: 0,
    lateReplies: 0,
    echoes: 0,
  };
  #turnaroundMs: number | null = null;

  count(what: Counted): void {
    this.#counts[what]++;
  }

  /** From the last byte of a request to the first of its reply, ms. */
  answeredAfter(ms: number): void {
    this.#turnaroundMs =
      this.#turnaroundMs === null ? ms : this.#turnaroundMs + GAIN * (ms - this.#turnaroundMs);
  }

  counters(timeoutMs: number): UnitCounters {
    return { ...this.#counts, turnaroundMs: this.#turnaroundMs, timeoutMs, holes: 0 };
  }
}
