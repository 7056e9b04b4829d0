import { statfsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { filesSaved, removeAside } from './open-file.js';
import { createReserveFile, type ReserveFile } from './reserve-file.js';
import { allowedBytes, wantsRoom, type SpaceLimits } from './space.js';
import { MEMORY_BYTES, type Store } from './store.js';

export interface RoomKeeperDeps {
  readonly store: Store;
  readonly path: string;
  readonly limits: SpaceLimits;
  /** Bytes free on a file's file system; `undefined` where it does not tell. */
  readonly freeBytes: (path: string) => number | undefined;
  /** Monotonic ms. */
  readonly monotonic: () => number;
}

/** Bytes free for this process on the file system of a file; `undefined` where it does not tell. */
export const systemFreeBytes = (path: string): number | undefined => {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
};

/** The file system is asked this often at most, ms. */
const ASK_MS = 2_000;
/** Steps after which others come between and the file system is asked again. */
const MOST_STEPS = 4_000;

/** Watches how much room the buffer takes, and makes some before there is none. */
export class RoomKeeper {
  readonly #deps: RoomKeeperDeps;
  readonly #reserve: ReserveFile;
  #askedAt = -Infinity;
  #free: number | undefined;
  #making: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: RoomKeeperDeps) {
    this.#deps = deps;
    this.#reserve = createReserveFile(`${deps.path}.reserve`, deps.limits.reserveBytes);
    this.#ask();
  }

  /** Bytes that the reserve cost: what storing readings cost is the rest. */
  get reserveWrittenBytes(): number {
    return this.#reserve.writtenBytes;
  }

  get reserve(): 'held' | 'released' {
    return this.#reserve.held ? 'held' : 'released';
  }

  get freeBytes(): number | undefined {
    return this.#free;
  }

  /** Bytes in use, and those that may be. */
  room(): { readonly usedBytes: number; readonly allowedBytes: number } {
    const { store, limits } = this.#deps;
    const { usedBytes, fileBytes } = store.run((core) => core.usage());
    const inMemory = store.kind === 'memory';
    const allowed = inMemory
      ? MEMORY_BYTES
      : allowedBytes({ usedBytes, fileBytes, freeBytes: this.#free }, limits);
    return { usedBytes, allowedBytes: allowed };
  }

  /** After each commit: asks the file system now and then, and begins to make room where it is short. */
  check(): void {
    this.#ask();
    if (this.#isShort(false)) this.#begin(false);
  }

  /** A write met a full disk: the reserve goes first, and some room is made in any case. */
  onFull(): void {
    this.#reserve.release();
    this.#askedAt = -Infinity;
    this.#ask();
    this.#begin(true);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#making;
  }

  #ask(): void {
    const { limits, freeBytes, monotonic, path } = this.#deps;
    if (monotonic() - this.#askedAt < ASK_MS) return;
    this.#askedAt = monotonic();
    this.#free = freeBytes(path.slice(0, path.lastIndexOf('/') + 1));
    if (this.#free === undefined) return;
    if (this.#free > limits.floorBytes + 2 * limits.reserveBytes) this.#reserve.hold();
    else if (this.#free < limits.reserveBytes) this.#reserve.release();
    if (this.#free < limits.floorBytes) this.#dropSaved();
  }

  /** Files whose content was saved are the first to go. */
  #dropSaved(): void {
    for (const path of filesSaved(this.#deps.path)) removeAside(path);
  }

  #isShort(begun: boolean): boolean {
    try {
      const { usedBytes, allowedBytes: allowed } = this.room();
      return wantsRoom(usedBytes, allowed, begun);
    } catch {
      return false;
    }
  }

  /** Whether some room was made since `before` bytes were in use, and enough is left. */
  #isMade(before: number): boolean {
    return this.#deps.store.run((core) => core.usage()).usedBytes < before && !this.#isShort(true);
  }

  #begin(inAnyCase: boolean): void {
    if (this.#making !== undefined || this.#stopped) return;
    this.#making = this.#make(inAnyCase)
      // the store has the fault; the next commit tries again
      .catch(() => undefined)
      .finally(() => {
        this.#making = undefined;
      });
  }

  async #make(inAnyCase: boolean): Promise<void> {
    const { store } = this.#deps;
    const before = inAnyCase ? store.run((core) => core.usage()).usedBytes : Infinity;
    for (let steps = 0; steps < MOST_STEPS && !this.#stopped && !this.#isMade(before); steps += 1) {
      if (!store.run((core) => core.makeRoom())) return;
      await turn();
    }
  }
}
