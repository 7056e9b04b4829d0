import type { ClockSource, SourceTime } from './clock-source.js';
import { DRIFT, type Clock, type KnownClock, type Moment } from './clock.js';

/** A wall clock may lie by this much while nothing is known of it: a battery-less gateway starts in 1970. */
const UNKNOWN_MS = 100 * 365.25 * 86_400_000;
/** Beyond this a correction is a step, which repairs what is stored; below it the clock is merely led. */
const STEP_MS = 1_000;
/** Without its source for this long a clock is held over. */
const HOLDOVER_AFTER_MS = 2 * 3_600_000;
/** What is known less well than this is told with its uncertainty. */
const SURE_MS = 1_000;
/** An offer that took longer says too little. */
const MAX_ROUND_TRIP_MS = 10_000;
const TICK_MS = 10_000;
/** No gateway measured before this program existed: whoever says so is wrong, however sure of it. */
const NOT_BEFORE = Date.UTC(2025, 0, 1);

export interface GatewayClockDeps {
  /** Id of this boot of the machine. */
  readonly boot: string;
  /** Ms since boot; never steps. */
  readonly monotonic: () => number;
  /** The system's wall clock, UTC ms; may step. */
  readonly wall: () => number;
  /** Whether the system says that its wall clock is disciplined (NTP, GNSS). */
  readonly disciplined: () => boolean;
  /** Calls back every `ms` until the function that it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
  /** Devices that tell the time. */
  readonly sources: readonly ClockSource[];
}

/** In the order of trust: a disciplined system knows a millisecond, a receiver a fraction of a second. */
const TRUST = { none: 0, fleet: 1, device: 2, system: 3 } as const;
type Source = keyof typeof TRUST;

/** What is known: wall time = monotonic + offset, as learnt from `source` at `confirmedAt` (monotonic). */
interface Knowledge {
  readonly source: Source;
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
  readonly confirmedAt: number;
}

type Learnt = Pick<Knowledge, 'offsetMs' | 'uncertaintyMs'>;

const isSure = ({ source, uncertaintyMs }: Knowledge): boolean =>
  source !== 'none' && uncertaintyMs <= SURE_MS;

const knownClockOf = (known: Knowledge): KnownClock => ({
  offsetMs: known.offsetMs,
  uncertaintyMs: isSure(known) ? 0 : known.uncertaintyMs,
  toldAt: known.confirmedAt,
});

/** Whether what is stored can be told better by this. */
const isNews = (before: Knowledge, now: Knowledge): boolean =>
  isSure(before)
    ? Math.abs(now.offsetMs - before.offsetMs) >= STEP_MS
    : before.source === 'none' || isSure(now) || now.offsetMs !== before.offsetMs;

/** The clock of a gateway, led by the system where that is disciplined, else by a device, else by the fleet. */
class GatewayClock implements Clock {
  readonly boot: string;
  readonly #deps: GatewayClockDeps;
  readonly #listeners: ((known: KnownClock) => void)[] = [];
  readonly #stops: readonly (() => void)[];
  #known: Knowledge = { source: 'none', offsetMs: 0, uncertaintyMs: UNKNOWN_MS, confirmedAt: 0 };
  #suspectedStepMs: number | undefined;

  constructor(deps: GatewayClockDeps) {
    this.#deps = deps;
    this.boot = deps.boot;
    this.#followSystem();
    this.#stops = [
      deps.every(TICK_MS, () => this.#followSystem()),
      ...deps.sources.map((source) => source.start((time) => this.#adopt('device', time))),
    ];
  }

  monotonic(): number {
    return this.#deps.monotonic();
  }

  now(): Moment {
    return this.at(this.#deps.monotonic());
  }

  at(monotonic: number): Moment {
    const { boot } = this;
    const { source, offsetMs, uncertaintyMs: known, confirmedAt } = this.#known;
    if (source === 'none') {
      const time = Math.round(this.#deps.wall() - (this.#deps.monotonic() - monotonic));
      return { boot, monotonic, time, state: 'unsynced', uncertaintyMs: UNKNOWN_MS };
    }
    const time = Math.round(monotonic + offsetMs);
    const age = Math.abs(monotonic - confirmedAt);
    const sure = isSure(this.#known);
    if (sure && age <= HOLDOVER_AFTER_MS) return { boot, monotonic, time, state: 'synced', uncertaintyMs: 0 };
    const uncertaintyMs = Math.ceil(age * DRIFT + (sure ? 0 : known));
    return { boot, monotonic, time, state: 'holdover', uncertaintyMs };
  }

  offer(fleetTime: number, roundTripMs: number): void {
    if (!Number.isFinite(fleetTime) || roundTripMs < 0 || roundTripMs > MAX_ROUND_TRIP_MS) return;
    // The answer was made somewhere within the round trip.
    const uncertaintyMs = roundTripMs / 2;
    this.#adopt('fleet', {
      time: fleetTime + uncertaintyMs,
      monotonic: this.#deps.monotonic(),
      uncertaintyMs,
    });
  }

  onKnown(listener: (known: KnownClock) => void): void {
    this.#listeners.push(listener);
    if (this.#known.source !== 'none') listener(knownClockOf(this.#known));
  }

  stop(): void {
    for (const stop of this.#stops) stop();
  }

  /** Takes the word of a source, unless a more trusted one has spoken lately. */
  #adopt(source: 'device' | 'fleet', { time, monotonic, uncertaintyMs }: SourceTime): void {
    const known = this.#known;
    const fresh = this.#deps.monotonic() - known.confirmedAt <= HOLDOVER_AFTER_MS;
    if (fresh && TRUST[known.source] > TRUST[source]) return;
    if (!(time >= NOT_BEFORE) || !Number.isFinite(monotonic)) return;
    const offered = { offsetMs: time - monotonic, uncertaintyMs };
    // Within the uncertainty of the new the older knowledge stands, unless the new is what makes it sure.
    const stands = isSure(known) || known.uncertaintyMs <= uncertaintyMs;
    const agrees = stands && Math.abs(offered.offsetMs - known.offsetMs) <= uncertaintyMs;
    this.#learn(source, agrees ? known : offered);
  }

  #followSystem(): void {
    if (!this.#deps.disciplined() || this.#deps.wall() < NOT_BEFORE) {
      this.#suspectedStepMs = undefined;
      return;
    }
    const offsetMs = this.#deps.wall() - this.#deps.monotonic();
    if (this.#known.source !== 'none' && this.#isUnconfirmedStep(offsetMs)) return;
    this.#suspectedStepMs = undefined;
    this.#learn('system', { offsetMs, uncertaintyMs: 0 });
  }

  /** Somebody's hand on the clock looks like a step of NTP until the discipline has outlived it by one tick. */
  #isUnconfirmedStep(offsetMs: number): boolean {
    if (Math.abs(offsetMs - this.#known.offsetMs) < STEP_MS) return false;
    const confirmed =
      this.#suspectedStepMs !== undefined && Math.abs(offsetMs - this.#suspectedStepMs) < STEP_MS;
    this.#suspectedStepMs = offsetMs;
    return !confirmed;
  }

  #learn(source: Source, { offsetMs, uncertaintyMs }: Learnt): void {
    const before = this.#known;
    this.#known = { source, offsetMs, uncertaintyMs, confirmedAt: this.#deps.monotonic() };
    if (isNews(before, this.#known))
      for (const listener of this.#listeners) listener(knownClockOf(this.#known));
  }
}

/**
 * Makes the gateway's clock. Unsynced, it gives the system's wall time with the widest uncertainty. Once the
 * system is disciplined it follows the system's wall clock: small corrections silently, a step (1 s and more)
 * after it has stood for one tick. Else it takes the time of a device, else the fleet's, after which the system's
 * wall clock may jump as it likes. Two hours without any source, or told the time no better than to a second, it is held over.
 * Listeners that come late are told at once.
 */
export const createClock = (deps: GatewayClockDeps): Clock => new GatewayClock(deps);
