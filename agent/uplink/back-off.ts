/** The longest step is this many of the first. */
const MOST_STEPS = 12;
/** A session must have lasted this long after its welcome to count as one that worked, ms. */
const SETTLED_MS = 60_000;

/**
 * Full jitter: anything between nothing and a step that doubles with each failure to twelve times the first, so that a crowd
 * comes back spread out and stays so. A session that soon ends again is a failure too: a broker that falls over
 * under its returning gateways is not helped by their haste.
 */
export class BackOff {
  readonly #random: () => number;
  readonly #firstMs: number;
  #failures = 0;

  /** `random` gives [0, 1); `firstMs` also spreads those that lose the same broker at once after a session that worked. */
  constructor(random: () => number, firstMs: number) {
    this.#random = random;
    this.#firstMs = firstMs;
  }

  /** An attempt ended `welcomedMs` after its welcome, or without one: how long to wait now, ms. */
  next(welcomedMs: number | undefined): number {
    this.#failures = (welcomedMs ?? 0) >= SETTLED_MS ? 0 : this.#failures + 1;
    const step = Math.min(MOST_STEPS, 2 ** Math.max(0, this.#failures - 1));
    return this.#random() * step * this.#firstMs;
  }
}
