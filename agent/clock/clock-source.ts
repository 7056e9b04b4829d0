/** The true time at one moment of the monotonic clock. */
export interface SourceTime {
  /** UTC ms. */
  readonly time: number;
  /** Monotonic ms of this boot at which it was that time. */
  readonly monotonic: number;
  /** How far off it may be, ms. */
  readonly uncertaintyMs: number;
}

/** A device of the gateway that tells the time now and then, such as a GNSS receiver on a serial line. */
export interface ClockSource {
  /** Tells each time that it learns, until the function that it gives is called. */
  start(tell: (time: SourceTime) => void): () => void;
}
