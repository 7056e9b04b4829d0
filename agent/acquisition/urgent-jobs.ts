import type { ConfiguredDevice } from '../twin/configuration.js';

interface Job<Context> {
  readonly device: ConfiguredDevice;
  /** Does the work to its end, whether or not somebody still waits for it. Never rejects. */
  run(context: Context): Promise<void>;
  refuse(cause: unknown): void;
}

/** What a person waits for, in the order in which it was asked. */
export class UrgentJobs<Context> {
  #jobs: readonly Job<Context>[] = [];

  /** Resolves once the work was done. Rejects with the signal's reason where it aborts before the work begins. */
  add<T>(device: ConfiguredDevice, signal: AbortSignal, work: (context: Context) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const refuse = (cause: unknown): void => {
        signal.removeEventListener('abort', giveUp);
        reject(cause);
      };
      const run = (context: Context): Promise<void> => {
        signal.removeEventListener('abort', giveUp);
        return work(context).then(resolve, reject);
      };
      const job = { device, run, refuse };
      const giveUp = (): void => {
        this.#jobs = this.#jobs.filter((other) => other !== job);
        reject(signal.reason);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.#jobs = [...this.#jobs, job];
    });
  }

  /** The first one whose device is not busy. */
  take(busy: ReadonlySet<ConfiguredDevice>): Job<Context> | undefined {
    const first = this.#jobs.find(({ device }) => !busy.has(device));
    this.#jobs = this.#jobs.filter((job) => job !== first);
    return first;
  }

  refuseAll(cause: unknown): void {
    for (const job of this.#jobs) job.refuse(cause);
    this.#jobs = [];
  }
}
