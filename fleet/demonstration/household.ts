import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild, type Child } from './child.js';

export interface HouseholdSettings {
  readonly dataFolder: string;
  /** Who was killed from outside comes back after this long. */
  readonly restartMs: number;
  readonly print: (text: string) => void;
}

/** The processes of a demonstration, kept alive until they are stopped together. */
export class Household {
  readonly #settings: HouseholdSettings;
  readonly #children = new Map<string, Child>();
  readonly #stopping = new AbortController();

  constructor(settings: HouseholdSettings) {
    this.#settings = settings;
  }

  /** Starts a process and, should it die unasked, starts it again after a while. */
  keep(name: string, arguments_: readonly string[]): Child {
    this.#stopping.signal.throwIfAborted();
    const child = startChild(name, arguments_, join(this.#settings.dataFolder, 'logs', `${name}.log`));
    this.#children.set(name, child);
    void child.ended.then((how) => this.#revive(name, arguments_, how));
    return child;
  }

  processOf(name: string): number | undefined {
    return this.#children.get(name)?.process.pid;
  }

  /** Resolves when no process is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const all = [...this.#children.values()];
    // agents first: they hand over to a fleet that still answers
    await Promise.all(all.filter(({ name }) => name !== 'fleet').map((child) => child.stop()));
    await this.#children.get('fleet')?.stop();
  }

  async #revive(name: string, arguments_: readonly string[], how: string): Promise<void> {
    const { restartMs, print } = this.#settings;
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    print(`${name} ended (${how}); it starts again in ${restartMs / 1000} s. Nothing stored is lost.`);
    await delay(restartMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    print(`${name} starts again, process ${this.keep(name, arguments_).process.pid}.`);
  }
}
