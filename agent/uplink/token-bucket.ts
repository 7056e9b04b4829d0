export interface TokenBucketDeps {
  /** Monotonic ms. */
  readonly now: () => number;
  /** Slowest and fastest pace, bytes a second. */
  readonly minRate: number;
  readonly maxRate: number;
  /** An ack within this time says that the fleet keeps up, ms. */
  readonly targetMs: number;
}

/** How much faster after a prompt ack, how much slower after a late one. */
const SPEED_UP = 1.15;
const SLOW_DOWN = 0.5;

/**
 * Paces the backlog so that thousands of gateways coming back at once do not drown the fleet: the rate rises
 * with each prompt ack and halves with a late one. Holds one second's worth at most, and lets one batch pass
 * whatever its size once it is full.
 */
export class TokenBucket {
  readonly #deps: TokenBucketDeps;
  #rate: number;
  #tokens: number;
  #filledAt: number;

  constructor(deps: TokenBucketDeps, startRate: number) {
    this.#deps = deps;
    this.#rate = startRate;
    this.#tokens = startRate;
    this.#filledAt = deps.now();
  }

  /** Bytes a second now. */
  get rate(): number {
    return this.#rate;
  }

  /** Takes `bytes` if there are enough; a batch larger than the bucket borrows from the time to come. */
  take(bytes: number): boolean {
    this.#fill();
    if (this.#tokens < Math.min(bytes, this.#rate)) return false;
    this.#tokens -= bytes;
    return true;
  }

  /** Ms until `take(bytes)` can succeed. */
  wait(bytes: number): number {
    this.#fill();
    const lacking = Math.min(bytes, this.#rate) - this.#tokens;
    return lacking <= 0 ? 0 : Math.ceil((lacking / this.#rate) * 1_000);
  }

  /** An ack came after `ms`, or never (`Infinity`). */
  acknowledged(ms: number): void {
    const factor = ms <= this.#deps.targetMs ? SPEED_UP : SLOW_DOWN;
    this.#rate = Math.min(this.#deps.maxRate, Math.max(this.#deps.minRate, this.#rate * factor));
  }

  #fill(): void {
    const now = this.#deps.now();
    this.#tokens = Math.min(this.#rate, this.#tokens + ((now - this.#filledAt) / 1_000) * this.#rate);
    this.#filledAt = now;
  }
}
