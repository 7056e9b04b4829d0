import type { Buffer, NewReading } from '../buffer/buffer.js';
import type { BusDeps } from '../../drivers/driver.js';
import { lossOf, UntoldLosses, type MemoryLoss } from './untold-losses.js';

export interface AppendQueueDeps {
  readonly buffer: Pick<Buffer, 'append' | 'declare' | 'flush'>;
  /** Names this queue among all that the buffer is told; a call that is said again has the same id. */
  readonly name: string;
  readonly delay: BusDeps['delay'];
  readonly onLost: (loss: MemoryLoss) => void;
  /** The buffer began to refuse readings. */
  readonly onRefused: (cause: unknown) => void;
  /** It takes them again. */
  readonly onRecovered: () => void;
  /** Readings kept in memory at most, handed over or waiting. */
  readonly limit: number;
  readonly retryMs: number;
}

export interface AppendCounters {
  readonly stored: number;
  /** In memory: handed to the buffer or waiting for it. */
  readonly pending: number;
  readonly lost: number;
}

interface Chunk {
  readonly place: number;
  readonly readings: readonly NewReading[];
}

/** Readings that wait are handed over in lots of about this many. */
const CHUNK_READINGS = 5_000;

const isFinal = (cause: unknown): boolean =>
  cause instanceof Error && 'retryable' in cause && cause.retryable === false;

/**
 * Hands readings to the buffer at once, without waiting for its commits, so that no reading waits longer than
 * the buffer's own commit interval and collecting goes on meanwhile. Where the buffer refuses, readings wait
 * here, in order, up to a limit; beyond it the oldest go, counted and reported, and recorded by the buffer as soon as
 * it takes writes again.
 */
export class AppendQueue {
  readonly #deps: AppendQueueDeps;
  readonly #stopping = new AbortController();
  /** Ends the pause before the next try. */
  #pause = new AbortController();
  #ending = false;
  readonly #waiting: Chunk[] = [];
  readonly #handedOver = new Set<Promise<void>>();
  #troubled = false;
  #places = 0;
  #pending = 0;
  #stored = 0;
  #lost = 0;
  readonly #untold: UntoldLosses;
  #retrying: Promise<void> | undefined;

  constructor(deps: AppendQueueDeps) {
    this.#deps = deps;
    this.#untold = new UntoldLosses(deps);
  }

  push(readings: readonly NewReading[]): void {
    if (readings.length === 0) return;
    this.#places += 1;
    const chunk = { place: this.#places, readings };
    this.#pending += readings.length;
    if (this.#retrying === undefined && this.#pending <= this.#deps.limit) this.#handOver(chunk);
    else this.#wait(chunk);
  }

  counters(): AppendCounters {
    return { stored: this.#stored, pending: this.#pending, lost: this.#lost };
  }

  /**
   * Waits at most `timeoutMs` for the buffer to take what is pending, which it is asked to do at once: a disk that works
   * again since it was last tried takes what waited for it. What still waits then is lost and reported; what was handed over is the buffer's to commit when it closes. A loss that it has not recorded by then
   * is in the log alone.
   */
  async stop(timeoutMs: number): Promise<void> {
    this.#ending = true;
    this.#pause.abort();
    this.#flush();
    const settled = (async () => {
      while (this.#handedOver.size > 0 || this.#retrying !== undefined) {
        await Promise.all([...this.#handedOver, this.#retrying]);
      }
      await this.#untold.tell();
    })();
    const patience = new AbortController();
    const timeout = this.#deps.delay(timeoutMs, patience.signal).catch(() => undefined);
    await Promise.race([settled, timeout]);
    patience.abort();
    this.#stopping.abort();
    this.#pause.abort();
    this.#loseWaiting();
  }

  #handOver(chunk: Chunk): void {
    const handedOver = this.#append(chunk).then((settled) => {
      this.#handedOver.delete(handedOver);
      if (!settled) this.#wait(chunk);
    });
    this.#handedOver.add(handedOver);
  }

  /** Whether the readings are settled: stored, or refused for good; otherwise they may be tried again. */
  async #append({ place, readings }: Chunk): Promise<boolean> {
    try {
      await this.#deps.buffer.append(readings, `${this.#deps.name}-${place}`);
    } catch (cause) {
      if (!this.#troubled) this.#deps.onRefused(cause);
      this.#troubled = true;
      if (!isFinal(cause)) return false;
      this.#lose(readings);
      void this.#untold.tell();
      return true;
    }
    if (this.#troubled) this.#deps.onRecovered();
    this.#troubled = false;
    this.#stored += readings.length;
    this.#pending -= readings.length;
    void this.#untold.tell();
    return true;
  }

  #wait(chunk: Chunk): void {
    const after = this.#waiting.findLastIndex(({ place }) => place < chunk.place);
    this.#waiting.splice(after + 1, 0, chunk);
    this.#makeRoom();
    if (this.#stopping.signal.aborted) this.#loseWaiting();
    else this.#retrying ??= this.#retry();
  }

  #makeRoom(): void {
    while (this.#pending > this.#deps.limit) {
      const oldest = this.#waiting.shift();
      if (oldest === undefined) return;
      this.#lose(oldest.readings);
    }
  }

  async #retry(): Promise<void> {
    const { signal } = this.#stopping;
    // Those handed over before may come back, and then belong in front.
    await Promise.all(this.#handedOver);
    let refused = true;
    while (this.#waiting.length > 0 && !signal.aborted) {
      if (refused) await this.#paused();
      const chunks = signal.aborted ? [] : this.#takeWaiting();
      if (chunks.length === 0) break;
      const settling = Promise.all(chunks.map(async (chunk) => this.#append(chunk)));
      if (this.#ending) this.#flush();
      const settled = await settling;
      const back = chunks.filter((_, index) => settled[index] !== true);
      this.#waiting.unshift(...back);
      refused = back.length > 0;
      this.#makeRoom();
    }
    this.#retrying = undefined;
    if (signal.aborted) this.#loseWaiting();
  }

  /** Waits for the next try; not at all where a stop began meanwhile. */
  async #paused(): Promise<void> {
    const { delay, retryMs } = this.#deps;
    await delay(retryMs, this.#pause.signal).catch(() => undefined);
    this.#pause = new AbortController();
  }

  /** Those who wait for the commit are told what became of it. */
  #flush(): void {
    void this.#deps.buffer.flush().catch(() => undefined);
  }

  #takeWaiting(): readonly Chunk[] {
    let readings = 0;
    const enough = this.#waiting.findIndex((chunk) => (readings += chunk.readings.length) >= CHUNK_READINGS);
    return this.#waiting.splice(0, enough < 0 ? this.#waiting.length : enough + 1);
  }

  #loseWaiting(): void {
    for (const chunk of this.#waiting.splice(0)) this.#lose(chunk.readings);
  }

  #lose(readings: readonly NewReading[]): void {
    this.#lost += readings.length;
    this.#pending -= readings.length;
    const loss = lossOf(readings);
    this.#untold.add(loss);
    this.#deps.onLost(loss);
  }
}
