import type { ConfiguredDevice } from '../twin/configuration.js';

/** Polls in a row without any answer after which a device is left alone. */
const OPEN_AFTER = 3;
/** Share of the line's time that all silent devices of it get together. */
const PROBE_SHARE = 0.01;
/** Where no device of the line answers, there is nobody to take time from. */
const PROBE_SHARE_OF_A_DEAD_LINE = 0.2;
/** Time that may be saved up for probes, ms. */
const MOST_CREDIT_MS = 1_000;
/** When one device comes back, those not tried for so long are tried at once: a supply or a cable may be back, ms. */
const TRY_AGAIN_AFTER_MS = 120_000;

/**
 * `closed`: polled as configured. `open`: left alone but for probes. `half-open`: a probe is under way.
 * A device that missed its last polls, and not enough of them yet, is closed.
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

interface Breaker {
  readonly device: ConfiguredDevice;
  /** No probe more often than the device would be polled, ms. */
  readonly spacingMs: number;
  state: BreakerState;
  silences: number;
  /** Monotonic ms. */
  lastAskedAt: number;
  /** What asking in vain took of the line the last time, ms. */
  costMs: number;
  eager: boolean;
}

const breakerOf = (device: ConfiguredDevice): Breaker => ({
  device,
  spacingMs: Math.max(
    device.profile.minIntervalMs,
    Math.min(...device.points.map(({ intervalMs }) => intervalMs)),
  ),
  state: 'closed',
  silences: 0,
  lastAskedAt: Number.NEGATIVE_INFINITY,
  costMs: 0,
  eager: false,
});

/**
 * The breakers of the devices of one line. Open devices are probed one after the other, the one first that was left
 * alone for the longest, out of a budget of the line's time that is theirs together: any number of dead devices costs
 * the living ones a hundredth of the line. The first device that comes back has the others tried at once.
 */
export class Breakers {
  readonly #breakers: ReadonlyMap<string, Breaker>;
  /** Saved up before it is spent, so that no stretch of time has much more than the share. */
  #creditMs = 0;
  #creditAt: number;

  constructor(devices: readonly ConfiguredDevice[], startedAt: number) {
    this.#breakers = new Map(devices.map((device) => [device.key, breakerOf(device)]));
    this.#creditAt = startedAt;
  }

  state(device: ConfiguredDevice): BreakerState {
    return this.#breakers.get(device.key)?.state ?? 'closed';
  }

  /** Whether the device's last poll had no answer at all: the next one asks for a single point first. */
  doubtful(device: ConfiguredDevice): boolean {
    return (this.#breakers.get(device.key)?.silences ?? 0) > 0;
  }

  /** The device answered. Gives whether it had been left alone. */
  answered(device: ConfiguredDevice, now: number): boolean {
    const breaker = this.#breakers.get(device.key);
    if (breaker === undefined) return false;
    const wasOpen = breaker.state !== 'closed';
    Object.assign(breaker, { state: 'closed', silences: 0, eager: false });
    if (wasOpen)
      for (const other of this.#breakers.values())
        if (other.state === 'open' && now - other.lastAskedAt >= TRY_AGAIN_AFTER_MS) other.eager = true;
    return wasOpen;
  }

  /** The device did not answer a poll or probe that took `tookMs` of the line. Gives whether it is left alone from now on. */
  silent(device: ConfiguredDevice, now: number, tookMs: number): boolean {
    const breaker = this.#breakers.get(device.key);
    if (breaker === undefined) return false;
    const wasClosed = breaker.state === 'closed';
    breaker.silences += 1;
    breaker.lastAskedAt = now;
    breaker.costMs = tookMs;
    breaker.eager = false;
    if (!wasClosed) this.#accrue(now, -tookMs);
    if (breaker.silences >= OPEN_AFTER) breaker.state = 'open';
    return wasClosed && breaker.state === 'open';
  }

  /** The device to probe now, which is half-open from then on. */
  takeProbe(now: number): ConfiguredDevice | undefined {
    this.#accrue(now, 0);
    const ready = [...this.#breakers.values()].filter(
      (breaker) => breaker.state === 'open' && this.#readyAt(breaker) <= now,
    );
    const [next] = ready.toSorted((a, b) => a.lastAskedAt - b.lastAskedAt);
    if (next !== undefined) next.state = 'half-open';
    return next?.device;
  }

  /** Monotonic ms of the next probe; Infinity where every device answers. */
  nextProbe(): number {
    let next = Infinity;
    for (const breaker of this.#breakers.values())
      if (breaker.state === 'open') next = Math.min(next, this.#readyAt(breaker));
    return next;
  }

  #readyAt(breaker: Breaker): number {
    if (breaker.eager) return this.#creditAt;
    const owedMs = Math.min(breaker.costMs, MOST_CREDIT_MS) - this.#creditMs;
    const paidAt = this.#creditAt + Math.max(0, owedMs) / this.#share();
    return Math.max(paidAt, breaker.lastAskedAt + breaker.spacingMs);
  }

  #share(): number {
    const dead = [...this.#breakers.values()].every(({ state }) => state !== 'closed');
    return dead ? PROBE_SHARE_OF_A_DEAD_LINE : PROBE_SHARE;
  }

  #accrue(now: number, ms: number): void {
    const earned = (now - this.#creditAt) * this.#share();
    this.#creditAt = now;
    this.#creditMs = Math.min(MOST_CREDIT_MS, this.#creditMs + earned) + ms;
  }
}
