/** What arrived and was not looked at yet; whoever waits for it sleeps no longer than asked. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  #wake: (() => void) | undefined;
  #woken = false;

  put(item: Item): void {
    this.#items.push(item);
    this.wake();
  }

  take(): Item | undefined {
    return this.#items.shift();
  }

  /** Ends the sleep under way, or the next one at once. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Resolves after `ms`, or as soon as something is there. */
  async sleep(ms: number): Promise<void> {
    if (!this.#woken && this.#items.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    this.#woken = false;
  }
}
