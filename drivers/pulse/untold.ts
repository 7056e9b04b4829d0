import type { Change } from './pulse-counter.js';

/** Changes that are kept for those who have not been told of them; beyond that the oldest are dropped. */
const MOST_CHANGES = 1000;

/** What one point has not been told yet. */
export interface News {
  /** Oldest first. */
  readonly changes: readonly Change[];
  /** Why changes are missing among them; absent: none are. */
  readonly dropped?: string;
  /** Why pulses may be missing; absent: none are known to be. */
  readonly gap?: string;
}

/** What had happened on a line by some moment. */
export interface Progress {
  readonly gaps: number;
  readonly lostEdges: number;
}

interface Told extends Progress {
  /** Changes, of all that there were. */
  readonly changes: number;
}

/**
 * Remembers what each point of a line was told, since points are asked for at intervals of their own: what one was told is
 * still news to the other. A point that was never asked for before is told all that is kept.
 */
export class Untold {
  readonly #told = new Map<string, Told>();
  #start: Told = { changes: 0, gaps: 0, lostEdges: 0 };
  #changes: Change[] = [];
  #dropped = 0;
  #why = '';

  /** What a count that was kept had told by then is no news. */
  begin(progress: Progress): void {
    this.#start = { ...progress, changes: this.#end };
  }

  change(change: Change): void {
    this.#changes.push(change);
    if (this.#changes.length <= MOST_CHANGES) return;
    this.#changes.shift();
    this.#dropped++;
  }

  gap(why: string): void {
    this.#why = why;
  }

  news(key: string, { gaps, lostEdges }: Progress): News {
    const told = this.#told.get(key);
    const { changes, gaps: oldGaps, lostEdges: oldLost } = told ?? this.#start;
    const lost = lostEdges - oldLost;
    const edges = lost > 0 ? `${lost} edges were lost: rising and falling did not take turns` : undefined;
    const gap = gaps > oldGaps ? this.#why : edges;
    const isShort = told !== undefined && changes < this.#dropped;
    return {
      changes: this.#changes.slice(Math.max(0, changes - this.#dropped)),
      ...(isShort ? { dropped: `more than ${MOST_CHANGES} changes came between two reads` } : {}),
      ...(gap === undefined ? {} : { gap }),
    };
  }

  /** Says that these points were told all until now; to be called with the result once that is certain. */
  teller(keys: readonly string[], { gaps, lostEdges }: Progress): () => void {
    const told: Told = { changes: this.#end, gaps, lostEdges };
    return () => keys.forEach((key) => this.#told.set(key, told));
  }

  /** Nobody need doubt what was counted before. */
  forgive(progress: Progress): void {
    this.#start = { ...this.#start, ...progress };
    for (const [key, { changes }] of this.#told) this.#told.set(key, { changes, ...progress });
  }

  get #end(): number {
    return this.#dropped + this.#changes.length;
  }
}
