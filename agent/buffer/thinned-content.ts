import type { BatchContent } from '#wire/body.js';
import type { Reading } from '#wire/readings.js';
import type { Window } from '#wire/windows.js';
import { outlives, replacementOf, type ThinnedPoint, type ThinningStep } from './thinning-steps.js';

/** What a step leaves of some batches of one directory, and what it takes. */
export class ThinnedContent {
  readonly #step: ThinningStep;
  readonly #readings = new Map<number, Reading[]>();
  readonly #windows = new Map<string, { point: number; periodMs: number; windows: Window[] }>();
  #keptReadings = 0;
  #keptWindows = 0;

  constructor(step: ThinningStep) {
    this.#step = step;
  }

  /** Sorts the content of one batch; gives what the step takes of it. `isOutside`: of readings that may be in no window. */
  add(
    content: BatchContent,
    points: ReadonlyMap<number, ThinnedPoint>,
    isOutside: (ordinal: number) => boolean,
  ): Taken {
    const taken = new Taken();
    const step = this.#step;
    if (content.content === 'readings') {
      for (const { point, readings } of content.columns) {
        const known = points.get(point);
        const keepsAll = outlives(step, known, 0);
        const replacedByMs = replacementOf(step, known);
        for (const reading of readings) {
          // a row whose time was only bounded need not be in a window either
          const bare = reading.clock === 'unsynced' || isOutside(reading.ordinal);
          if (keepsAll || (replacedByMs !== undefined && bare)) this.#keep(point, reading);
          else taken.reading(point, reading.time, replacedByMs);
        }
      }
    }
    if (content.content === 'windows') {
      for (const column of content.columns) {
        const known = points.get(column.point);
        if (outlives(step, known, column.periodMs)) this.#keepWindows(column);
        else taken.windowsOf(column, replacementOf(step, known));
      }
    }
    return taken;
  }

  /** Takes over what another keeps. */
  absorb(other: ThinnedContent): void {
    for (const [point, readings] of other.#readings)
      for (const reading of readings) this.#keep(point, reading);
    for (const column of other.#windows.values()) this.#keepWindows(column);
  }

  get count(): number {
    return this.#keptReadings + this.#keptWindows;
  }

  /** What is kept, as contents of batches. */
  contents(): readonly BatchContent[] {
    const readings = [...this.#readings].map(([point, kept]) => ({
      point,
      readings: kept.toSorted(byOrdinal),
    }));
    const windows = [...this.#windows.values()].map((column) => ({
      ...column,
      windows: column.windows.toSorted(byOrdinal),
    }));
    return [
      ...(readings.length === 0 ? [] : [{ content: 'readings' as const, columns: readings }]),
      ...(windows.length === 0 ? [] : [{ content: 'windows' as const, columns: windows }]),
    ];
  }

  #keep(point: number, reading: Reading): void {
    const kept = this.#readings.get(point);
    if (kept === undefined) this.#readings.set(point, [reading]);
    else kept.push(reading);
    this.#keptReadings += 1;
  }

  #keepWindows(column: { point: number; periodMs: number; windows: readonly Window[] }): void {
    const key = `${column.point}/${column.periodMs}`;
    const kept = this.#windows.get(key);
    if (kept === undefined) this.#windows.set(key, { ...column, windows: [...column.windows] });
    else kept.windows.push(...column.windows);
    this.#keptWindows += column.windows.length;
  }
}

const byOrdinal = (a: { ordinal: number }, b: { ordinal: number }): number => a.ordinal - b.ordinal;

/** What was taken, for a loss record. Takings in a row add up. */
export class Taken {
  count = 0;
  windows = 0;
  heldBack = 0;
  exact = true;
  #firstTime = Infinity;
  #lastTime = -Infinity;
  #replacedByMs: number | undefined;
  /** Something was taken that no window stands for. */
  #bare = false;
  readonly #points = new Set<number>();

  get isNothing(): boolean {
    return this.count === 0 && this.windows === 0 && this.heldBack === 0;
  }

  reading(point: number, time: number | undefined, replacedByMs: number | undefined): void {
    this.readings(point, 1, replacedByMs);
    if (time !== undefined) this.between(time, time);
  }

  readings(point: number, count: number, replacedByMs: number | undefined): void {
    this.count += count;
    this.#of(point, replacedByMs);
  }

  windowsCounted(point: number, count: number, replacedByMs: number | undefined): void {
    this.windows += count;
    this.#of(point, replacedByMs);
  }

  windowsOf(
    column: {
      readonly point: number;
      readonly periodMs: number;
      readonly windows: readonly { readonly start: number }[];
    },
    replacedByMs: number | undefined,
  ): void {
    this.windowsCounted(column.point, column.windows.length, replacedByMs);
    for (const { start } of column.windows) this.between(start, start + column.periodMs);
  }

  between(first: number, last: number): void {
    this.#firstTime = Math.min(this.#firstTime, first);
    this.#lastTime = Math.max(this.#lastTime, last);
  }

  add(other: Taken): void {
    this.count += other.count;
    this.windows += other.windows;
    this.heldBack += other.heldBack;
    this.exact &&= other.exact;
    this.between(other.#firstTime, other.#lastTime);
    for (const point of other.#points) this.#points.add(point);
    this.#bare ||= other.#bare;
    this.#replacedByMs = longest(this.#replacedByMs, other.#replacedByMs);
  }

  /** The part of a loss record that tells what went. */
  loss() {
    const timed = this.#firstTime <= this.#lastTime;
    return {
      count: this.count,
      ...(this.windows === 0 ? {} : { windows: this.windows }),
      ...(this.heldBack === 0 ? {} : { heldBack: this.heldBack }),
      exact: this.exact,
      ...(timed ? { firstTime: this.#firstTime, lastTime: this.#lastTime } : {}),
      points: [...this.#points].toSorted((a, b) => a - b),
      ...(this.#replacedByMs === undefined || this.#bare ? {} : { replacedByMs: this.#replacedByMs }),
    };
  }

  #of(point: number, replacedByMs: number | undefined): void {
    this.#points.add(point);
    if (replacedByMs === undefined) this.#bare = true;
    else this.#replacedByMs = longest(this.#replacedByMs, replacedByMs);
  }
}

const longest = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
