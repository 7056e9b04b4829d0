import type { ConfiguredDevice } from '../twin/configuration.js';

/** Polls that go on while others are polled: one a device at most. */
export class PollsUnderWay {
  readonly #polls = new Map<ConfiguredDevice, Promise<void>>();
  readonly #onEnd: () => void;

  /** `onEnd`: a device can be polled again. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  get devices(): ReadonlySet<ConfiguredDevice> {
    return new Set(this.#polls.keys());
  }

  add(device: ConfiguredDevice, poll: Promise<void>): void {
    const end = (): void => {
      this.#polls.delete(device);
      this.#onEnd();
    };
    this.#polls.set(device, poll.finally(end));
  }

  /** Resolves when all have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#polls.values());
  }
}
