/** Gains of the running mean and deviation, and the width of the margin, as TCP's timer has them (RFC 6298, 2). */
const MEAN_GAIN = 1 / 8;
const DEVIATION_GAIN = 1 / 4;
const MARGIN = 4;
/** Replies before the estimate is believed. */
const ENOUGH = 5;
/** No learned timeout is shorter: below this the pauses of this process decide, not those of the unit, ms. */
const FLOOR_MS = 200;

/** How long one unit takes from the last character of a request to the first of its reply: a running estimate. */
export class Turnaround {
  #meanMs = 0;
  #deviationMs = 0;
  #samples = 0;
  #silences = 0;

  /** `undefined` before the first reply, ms. */
  get meanMs(): number | undefined {
    return this.#samples === 0 ? undefined : this.#meanMs;
  }

  /** A reply came after it was given up: that widens the margin, and leaves the mean, by which requests are planned. */
  late(ms: number): void {
    this.#silences = 0;
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(ms - this.#meanMs) - this.#deviationMs);
  }

  /** A reply came in time. */
  learn(ms: number): void {
    this.#silences = 0;
    if (this.#samples++ === 0) {
      this.#meanMs = ms;
      this.#deviationMs = ms / 2;
      return;
    }
    this.#deviationMs += DEVIATION_GAIN * (Math.abs(ms - this.#meanMs) - this.#deviationMs);
    this.#meanMs += MEAN_GAIN * (ms - this.#meanMs);
  }

  /** No reply came: the next one is given twice the time. */
  silent(): void {
    this.#silences++;
  }

  /** How long to wait for a turnaround, at most `limitMs`, which also holds until enough replies were measured. */
  timeoutMs(limitMs: number): number {
    if (this.#samples < ENOUGH) return limitMs;
    const learned = Math.max(FLOOR_MS, this.#meanMs + MARGIN * this.#deviationMs);
    return Math.min(limitMs, learned * 2 ** this.#silences);
  }
}
