/** Lets callers through one at a time, in the order they came. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Runs `task` when all before have ended. Rejects at once, without running it, when `signal` aborts before. */
  async take<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const before = this.#last;
    let leave: (() => void) | undefined;
    const ended = new Promise<void>((resolve) => (leave = resolve));
    this.#last = before.then(() => ended);
    try {
      await this.#turn(before, signal);
      return await task();
    } finally {
      leave?.();
    }
  }

  /** Resolves when all that have come so far have ended. */
  idle(): Promise<void> {
    return this.#last;
  }

  #turn(before: Promise<void>, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      void before.then(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }
}
