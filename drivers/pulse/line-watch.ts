import { Turns } from '../channel/turns.js';
import type { BusDeps } from '../driver.js';
import { createLineFramer } from '../line/line-framer.js';
import { parseGpioEvent } from './gpio-event.js';
import type { GpioLine, GpioTools } from './gpio-tools.js';
import { KeptCount, type Kept } from './kept-count.js';
import { PulseCounter } from './pulse-counter.js';
import { Untold, type News } from './untold.js';

/** A watch that ends so soon never began, ms. */
const EARLY_MS = 200;
const RETRY_MS = 500;
const MOST_RETRY_MS = 15_000;

/** What a line says when it is read. */
export interface Watched extends Kept {
  /** Whether the contact is closed; `undefined`: not known yet. */
  readonly closed: boolean | undefined;
  /** By the key of a point that was asked for. */
  readonly news: ReadonlyMap<string, News>;
  /** The last line that the watching program printed. */
  readonly raw: Uint8Array;
}

/** Who reads a line. */
export interface Asking {
  readonly keys: readonly string[];
  /** Whether what they are told here need not be told to them again. */
  readonly tells: boolean;
}

/** One digital input, watched by a program from the first read on, and again when that has ended. */
export class LineWatch {
  readonly #line: GpioLine;
  readonly #deps: BusDeps;
  readonly #tools: (signal: AbortSignal) => Promise<GpioTools>;
  readonly #kept: KeptCount;
  readonly #turns = new Turns();
  readonly #closing = new AbortController();
  #counter: PulseCounter;
  readonly #untold = new Untold();
  #gaps = 0;
  #raw: Uint8Array = new Uint8Array(0);
  #up = false;
  #loaded = false;
  #down: string | undefined;
  #running: Promise<void> | undefined;
  #waiting: (() => void)[] = [];
  #reconnects = 0;

  constructor(line: GpioLine, deps: BusDeps, tools: (signal: AbortSignal) => Promise<GpioTools>) {
    this.#line = line;
    this.#deps = deps;
    this.#tools = tools;
    this.#kept = new KeptCount(deps.state, line.chip, line.line);
    this.#counter = this.#createCounter({ count: 0n, lostEdges: 0 });
  }

  /** Times that the watch began after the first. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** What the line says, once it is kept; or why it cannot be said. Rejects only when `signal` aborts. */
  async read({ keys, tells }: Asking, timeoutMs: number, signal: AbortSignal): Promise<Watched | string> {
    return this.#turns.take(async () => {
      await this.#ready(timeoutMs, signal);
      if (!this.#up || this.#down !== undefined)
        return this.#down ?? `gpiomon did not begin within ${timeoutMs} ms`;
      this.#counter.settle(this.#deps.now());
      // What comes while the disk is busy is of the next read: a count is never told before it is kept.
      const watched = this.#look(keys);
      const told = this.#untold.teller(tells ? keys : [], watched);
      const failure = await this.#store(watched);
      if (failure !== undefined) return failure;
      told();
      return watched;
    }, signal);
  }

  /** Sets the count to what the dial says. Resolves with why it could not be kept. */
  async set(count: bigint, signal: AbortSignal): Promise<string | undefined> {
    return this.#turns.take(async () => {
      this.#counter.settle(this.#deps.now());
      const before = this.#counter.count;
      this.#counter.set(count);
      const kept = this.#snapshot;
      const failure = await this.#store(kept);
      if (failure === undefined) this.#untold.forgive(kept);
      else this.#counter.set(before);
      return failure;
    }, signal);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#arouse();
    await this.#running;
    await this.#turns.idle();
    this.#counter.settle(this.#deps.now());
    if (this.#running !== undefined && this.#loaded) await this.#store(this.#snapshot);
  }

  #createCounter(start: { readonly count: bigint; readonly lostEdges: number }): PulseCounter {
    return new PulseCounter(this.#line.wiring, start, (change) => this.#untold.change(change));
  }

  get #snapshot(): Kept {
    const { count, lostEdges } = this.#counter;
    return { count, lostEdges, gaps: this.#gaps };
  }

  async #store(kept: Kept): Promise<string | undefined> {
    try {
      await this.#kept.store(kept);
      return undefined;
    } catch (cause) {
      return `the count cannot be kept: ${cause instanceof Error ? cause.message : String(cause)}`;
    }
  }

  #look(keys: readonly string[]): Watched {
    const kept = this.#snapshot;
    return {
      ...kept,
      closed: this.#counter.closed,
      news: new Map(keys.map((key) => [key, this.#untold.news(key, kept)])),
      raw: this.#raw,
    };
  }

  async #ready(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#closing.signal.aborted) this.#running ??= this.#run();
    const patience = { over: false };
    const done = new AbortController();
    const end = (): void => {
      patience.over = true;
      this.#arouse();
    };
    const scope = AbortSignal.any([signal, this.#closing.signal, done.signal]);
    const timer = this.#deps.delay(timeoutMs, scope).then(end, end);
    while (!this.#up && this.#down === undefined && !patience.over)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    done.abort();
    await timer;
    signal.throwIfAborted();
  }

  #arouse(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let retryMs = RETRY_MS;
    while (!signal.aborted) {
      try {
        if (!this.#loaded) await this.#load();
        this.#loaded = true;
        await this.#watch(signal);
      } catch (cause) {
        this.#fail(cause instanceof Error ? cause.message : String(cause));
      }
      retryMs = this.#up ? RETRY_MS : Math.min(2 * retryMs, MOST_RETRY_MS);
      this.#up = false;
      if (!signal.aborted) await this.#deps.delay(retryMs, signal).catch(() => {});
    }
  }

  async #load(): Promise<void> {
    const kept = await this.#kept.load();
    if (kept === undefined) return;
    if (kept === 'damaged') {
      this.#untold.gap('the count that was kept cannot be read: it begins at 0 again');
    } else {
      this.#untold.gap(
        'nothing watched the line while the agent did not run: pulses of that time are not known',
      );
      this.#gaps = kept.gaps;
      this.#untold.begin(kept);
      this.#counter = this.#createCounter(kept);
    }
    this.#gaps++;
  }

  #fail(why: string): void {
    this.#down = why;
    this.#arouse();
  }

  /** Watches until the program has ended. */
  async #watch(signal: AbortSignal): Promise<void> {
    const tools = await this.#tools(signal);
    const level = await tools.level(this.#line, signal);
    const frame = createLineFramer(undefined, false);
    const channel = await this.#deps.openChannel(tools.watch(this.#line), signal);
    const ended = new AbortController();
    const over = AbortSignal.any([signal, ended.signal]);
    channel.onData((bytes) => frame(bytes).forEach((line) => this.#accept(line)));
    channel.onClose((cause) => ended.abort(cause?.message ?? 'gpiomon ended'));
    this.#counter.begin(level, this.#deps.now());
    await this.#deps.delay(EARLY_MS, over).catch(() => {});
    if (!over.aborted) {
      this.#up = true;
      this.#down = undefined;
      this.#arouse();
      await new Promise<void>((resolve) => over.addEventListener('abort', () => resolve(), { once: true }));
      if (!signal.aborted) this.#interrupted();
    }
    await channel.close();
    if (!signal.aborted) this.#fail(String(ended.signal.reason));
  }

  #interrupted(): void {
    this.#counter.settle(this.#deps.now());
    this.#gaps++;
    this.#reconnects++;
    this.#untold.gap('the program that watched the line ended: pulses of the time after that are not known');
  }

  #accept(raw: Uint8Array): void {
    const event = parseGpioEvent(Buffer.from(raw).toString('latin1'));
    if (event === undefined || event.line !== this.#line.line) return;
    this.#raw = raw;
    this.#counter.accept({ edge: event.edge, timeMs: event.timeMs, at: this.#deps.now() });
  }
}
