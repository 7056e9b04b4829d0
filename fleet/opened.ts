/** What was opened, to be closed in reverse order: at the end, or at once where the rest cannot be opened. */
export class Opened {
  readonly #closes: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closes.push(close);
  }

  /** Closes all, whatever one of them says; rejects with the first fault. */
  async close(): Promise<void> {
    const faults: unknown[] = [];
    for (const close of this.#closes.splice(0).toReversed()) {
      await close().catch((error: unknown) => faults.push(error));
    }
    if (faults.length > 0) throw faults[0];
  }
}
