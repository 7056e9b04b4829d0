/** A machine whose clocks stand still until moved. */
export class VirtualTime {
  /** Ms since boot. */
  monotonic: number;
  /** The system's wall clock, UTC ms. */
  wall: number;
  #timers: { due: number; readonly every: number; readonly callback: () => void }[] = [];

  constructor(start: { monotonic: number; wall: number }) {
    this.monotonic = start.monotonic;
    this.wall = start.wall;
  }

  /** Both clocks run on by `ms`; timers that come due are called. */
  pass(ms: number): void {
    const end = this.monotonic + ms;
    for (;;) {
      const next = this.#timers.reduce((least, { due }) => Math.min(least, due), Infinity);
      const now = Math.min(next, end);
      this.wall += now - this.monotonic;
      this.monotonic = now;
      if (next > end) return;
      for (const timer of this.#timers.filter(({ due }) => due <= now)) {
        timer.due += timer.every;
        timer.callback();
      }
    }
  }

  every(ms: number, callback: () => void): () => void {
    const timer = { due: this.monotonic + ms, every: ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }
}
