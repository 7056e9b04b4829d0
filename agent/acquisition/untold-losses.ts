import type { Buffer, NewReading } from '../buffer/buffer.js';

/** Readings that memory could not keep; becomes a loss record with cause `memory`. Times are UTC ms. */
export interface MemoryLoss {
  readonly count: number;
  readonly firstTime: number;
  readonly lastTime: number;
  /** Directory numbers, ascending. */
  readonly points: readonly number[];
}

export const lossOf = (readings: readonly NewReading[]): MemoryLoss => {
  const times = readings.map(({ time }) => time).toSorted((a, b) => a - b);
  const points = [...new Set(readings.map(({ point }) => point))].toSorted((a, b) => a - b);
  return { count: readings.length, firstTime: times[0] ?? 0, lastTime: times.at(-1) ?? 0, points };
};

const together = (a: MemoryLoss, b: MemoryLoss): MemoryLoss => ({
  count: a.count + b.count,
  firstTime: Math.min(a.firstTime, b.firstTime),
  lastTime: Math.max(a.lastTime, b.lastTime),
  points: [...new Set([...a.points, ...b.points])].toSorted((x, y) => x - y),
});

export interface UntoldLossesDeps {
  readonly buffer: Pick<Buffer, 'declare'>;
  /** Names this sequence of records among all that the buffer is told. */
  readonly name: string;
}

/** Losses of memory that the buffer has no record of yet: one, that grows, until it takes writes again. */
export class UntoldLosses {
  readonly #deps: UntoldLossesDeps;
  #loss: MemoryLoss | undefined;
  #records = 0;
  #telling: Promise<void> | undefined;
  /** Said under the id that it has, until the buffer answers: a call that timed out may have worked. */
  #said: { readonly id: string; readonly loss: MemoryLoss } | undefined;

  constructor(deps: UntoldLossesDeps) {
    this.#deps = deps;
  }

  add(loss: MemoryLoss): void {
    this.#loss = this.#loss === undefined ? loss : together(this.#loss, loss);
  }

  /** Has the buffer record what it was not told yet; where it refuses, the next call tries again. */
  async tell(): Promise<void> {
    this.#telling ??= this.#tell().finally(() => {
      this.#telling = undefined;
    });
    await this.#telling;
  }

  async #tell(): Promise<void> {
    if (this.#said === undefined) {
      if (this.#loss === undefined) return;
      this.#records += 1;
      this.#said = { id: `${this.#deps.name}-loss-${this.#records}`, loss: this.#loss };
      this.#loss = undefined;
    }
    const { id, loss } = this.#said;
    try {
      await this.#deps.buffer.declare([{ cause: 'memory', ...loss, exact: true }], id);
      this.#said = undefined;
    } catch {
      // the buffer takes nothing for now
    }
  }
}
