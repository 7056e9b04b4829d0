/** A question that is out for this long without any answer is asked again as a ping, ms. */
const PROBE_AFTER_MS = 10_000;
/** No sign of life for this long after a question: the link is half-open, ms. */
const DEAD_AFTER_MS = 25_000;

/**
 * Tells a dead link from a quiet one by its own questions: whatever arrives is a sign of life; what was asked and
 * stays without any is probed, then given up. A quiet link asks by its keepalive, so a dead one is found within
 * keepalive + 25 s at the latest, and within 25 s of the next batch.
 */
export class Liveness {
  readonly #now: () => number;
  #askedAt: number | undefined;
  #probed = false;

  /** `now` is monotonic, ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Something was sent that the other side must answer. */
  asked(): void {
    this.#askedAt ??= this.#now();
  }

  /** Something arrived. */
  heard(): void {
    this.#askedAt = undefined;
    this.#probed = false;
  }

  /** What to do now; call it every few seconds. */
  check(): 'wait' | 'probe' | 'dead' {
    if (this.#askedAt === undefined) return 'wait';
    const silence = this.#now() - this.#askedAt;
    if (silence >= DEAD_AFTER_MS) return 'dead';
    if (silence < PROBE_AFTER_MS || this.#probed) return 'wait';
    this.#probed = true;
    return 'probe';
  }
}
