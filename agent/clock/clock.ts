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

/** The gateway's time (design, Time on the gateway). */
export interface Clock {
  readonly boot: string;
  monotonic(): number;
  now(): Moment;
  /** The moment at which the monotonic clock of this boot stood at `monotonic`. */
  at(monotonic: number): Moment;
  /** The fleet said what time it is; `roundTripMs` bounds the error. Adopted only while nothing better is known. */
  offer(fleetTime: number, roundTripMs: number): void;
  /** Called at the first sync of this boot (to a second or better) and after each step of the clock, with wall = monotonic + offsetMs. */
  onSynchronised(listener: (offsetMs: number) => void): void;
  stop(): void;
}
