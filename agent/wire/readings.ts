import type { ClockState, DeviceClock, Flag, Reason, Value } from './terms.js';

/** One reading of one point as a batch carries it. Times are UTC milliseconds. */
export interface Reading {
  /** Place in the source's order of storing; unique within (source, epoch). Order is by this, never by time. */
  readonly ordinal: number;
  readonly time: number;
  /** `null` where there is none (flag 9). */
  readonly value: Value | null;
  readonly flag: Flag;
  readonly reason: Reason;
  readonly clock: ClockState;
  /** Half-width in ms of the interval that surely holds the true time; 0 where the clock was synced. */
  readonly uncertaintyMs: number;
  /** The device's own time, where it gives one. */
  readonly deviceTime?: number;
  /** What the device says of the clock that it has that time from; absent: nothing. */
  readonly deviceClock?: Exclude<DeviceClock, 'unstated'>;
}

/** The readings of one point in one batch, ascending by ordinal. `point` is a number of the directory. */
export interface ReadingColumn {
  readonly point: number;
  readonly readings: readonly Reading[];
}
