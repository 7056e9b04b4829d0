import type { BatchContent } from './body.js';
import type { BatchHeader } from './header.js';

/** What the header says of the body's content. */
export type Extent = Pick<BatchHeader, 'count' | 'firstOrdinal' | 'lastOrdinal' | 'firstTime' | 'lastTime'>;

/** Count and inclusive ranges while they grow. */
class Ranges {
  #count = 0;
  #firstOrdinal = Infinity;
  #lastOrdinal = -Infinity;
  #firstTime = Infinity;
  #lastTime = -Infinity;

  item(ordinal: number): void {
    this.#count += 1;
    if (ordinal < this.#firstOrdinal) this.#firstOrdinal = ordinal;
    if (ordinal > this.#lastOrdinal) this.#lastOrdinal = ordinal;
  }

  time(time: number): void {
    if (time < this.#firstTime) this.#firstTime = time;
    if (time > this.#lastTime) this.#lastTime = time;
  }

  extent(): Extent {
    const timed = this.#firstTime <= this.#lastTime;
    return {
      count: this.#count,
      firstOrdinal: this.#firstOrdinal,
      lastOrdinal: this.#lastOrdinal,
      firstTime: timed ? this.#firstTime : 0,
      lastTime: timed ? this.#lastTime : 0,
    };
  }
}

/**
 * Count and inclusive ranges of a content. The time of a window is its start; losses without times leave both
 * ends 0.
 */
export const extentOf = (batch: BatchContent): Extent => {
  const ranges = new Ranges();
  if (batch.content === 'readings') {
    for (const { readings } of batch.columns) {
      for (const { ordinal, time } of readings) {
        ranges.item(ordinal);
        ranges.time(time);
      }
    }
  } else if (batch.content === 'windows') {
    for (const { windows } of batch.columns) {
      for (const { ordinal, start } of windows) {
        ranges.item(ordinal);
        ranges.time(start);
      }
    }
  } else {
    for (const { ordinal, firstTime, lastTime } of batch.losses) {
      ranges.item(ordinal);
      if (firstTime !== undefined) ranges.time(firstTime);
      if (lastTime !== undefined) ranges.time(lastTime);
    }
  }
  return ranges.extent();
};
