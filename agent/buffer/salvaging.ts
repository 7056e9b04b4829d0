import { BufferError } from './buffer-error.js';
import { filesAside, setSaved } from './open-file.js';
import { Salvage } from './salvage.js';
import type { Store } from './store.js';

export interface SalvagingDeps {
  readonly store: Store;
  readonly path: string;
}

/** Between two steps, so that readings come first, ms. */
const PAUSE_MS = 20;
/** After an error of the disk, ms. */
const TROUBLED_MS = 10_000;

/** Saves what lies in files that were set aside, one after the other, behind everything else. */
export class Salvaging {
  readonly #deps: SalvagingDeps;
  readonly #waits = new Set<string>();
  #current: Salvage | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(deps: SalvagingDeps) {
    this.#deps = deps;
  }

  /** Files that are still to be saved, and those that wait for another version or cannot be read. */
  left(): { readonly salvaging: number; readonly waiting: number } {
    const files = this.#files();
    const waiting = files.filter((path) => this.#waits.has(path)).length;
    return { salvaging: files.length - waiting, waiting };
  }

  /** Begins, if there is something to save and it has not begun. */
  begin(): void {
    if (this.#stopped || this.#timer !== undefined || this.#deps.store.kind !== 'disk') return;
    if (this.#current !== undefined || this.#files().some((path) => !this.#waits.has(path)))
      this.#later(PAUSE_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#current?.close();
  }

  #files(): readonly string[] {
    try {
      return filesAside(this.#deps.path);
    } catch {
      return [];
    }
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#step();
    }, ms);
  }

  #step(): void {
    const path = this.#current?.path ?? this.#files().find((each) => !this.#waits.has(each));
    if (path === undefined || this.#stopped) return;
    const { store } = this.#deps;
    this.#current ??= new Salvage(path, () => store.run((core) => core));
    try {
      const outcome = this.#current.step();
      if (outcome !== 'more') this.#finish(this.#current, outcome);
      this.#later(PAUSE_MS);
    } catch (error) {
      this.#current.close();
      this.#current = undefined;
      // what no later try can read must not hold up the files after it
      if (!(error instanceof BufferError) || !error.retryable) this.#waits.add(path);
      this.#later(TROUBLED_MS);
    }
  }

  #finish(salvage: Salvage, outcome: 'done' | 'waits'): void {
    salvage.close();
    this.#current = undefined;
    if (outcome === 'waits') this.#waits.add(salvage.path);
    else setSaved(salvage.path);
  }
}
