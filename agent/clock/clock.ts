import type { ClockState } from '#wire/terms.js';

/** A moment as the gateway knows it. */
export interface Moment {
  readonly boot: string;
  /** Monotonic ms since boot: the only time that timers and intervals use. */
  readonly monotonic: number;
  /** UTC ms, best knowledge. */
  readonly time: number;
  readonly state: ClockState;
  /** Half-width of the interval that holds the true time, ms; 0 where synced. */
  readonly uncertaintyMs: number;
}

/** What is known of the wall clock of one boot: wall time = monotonic + `offsetMs`. */
export interface KnownClock {
  readonly offsetMs: number;
  /** How far that may be off, ms; 0 where it is known to a second or better. */
  readonly uncertaintyMs: number;
  /** Monotonic ms at which it was told: the uncertainty grows with the distance from there. */
  readonly toldAt: number;
}

/** A quartz oscillator in a cabinet drifts by less: the uncertainty grows by this share of the time since it was told. */
export const DRIFT = 100e-6;

/** The gateway's time (design, Time on the gateway). */
export interface Clock {
  readonly boot: string;
  monotonic(): number;
  now(): Moment;
  /** The moment at which the monotonic clock of this boot stood at `monotonic`. */
  at(monotonic: number): Moment;
  /** The fleet said what time it is; `roundTripMs` bounds the error. Adopted only while nothing better is known. */
  offer(fleetTime: number, roundTripMs: number): void;
  /**
   * Called when the time of this boot is first known, however well, when it is known better, and after each step of the
   * clock; at once for a listener that comes later.
   */
  onKnown(listener: (known: KnownClock) => void): void;
  stop(): void;
}
