import type { UnitCounters, UnitSettings } from '../driver.js';
import type { RegisterPoint, RegisterHole } from '../profile.js';
import type { ReadCosts } from './line-costs.js';
import { planReads, type PlannedRead } from './plan-reads.js';
import { Turnaround } from './turnaround.js';

/** Plans kept for one unit: its points by interval, all of them, and what a technician looks at; each by two costs. */
const KEPT_PLANS = 16;
/** Lateness that is learned goes no further: what is later is not a device but another master, ms. */
const MOST_LATENESS_MS = 10_000;
/** Requests are planned anew where one costs this much more or less, in registers, than when they were planned. */
const STALE = 1.25;
/** Where a request costs more registers than one holds, every gap is read: it does not matter how many more. */
const MOST_REGISTERS = 125;

export type Counted = Exclude<keyof UnitCounters, 'turnaroundMs' | 'timeoutMs' | 'holes'>;

interface KeptPlan {
  readonly points: readonly RegisterPoint[];
  readonly most: number;
  /** Registers that cost as much as one more request. */
  readonly worth: number;
  readonly reads: readonly PlannedRead[];
}

const samePoints = (a: readonly RegisterPoint[], b: readonly RegisterPoint[]): boolean =>
  a.length === b.length && a.every((point, index) => point === b[index]);

/** What a line knows of one unit, for as long as the bus is open. */
export class UnitState {
  readonly turnaround = new Turnaround();
  readonly #counts: Record<Counted, number> = {
    ok: 0,
    timeouts: 0,
    checksumErrors: 0,
    frameErrors: 0,
    exceptions: 0,
    lateReplies: 0,
    echoes: 0,
  };
  #holes: readonly RegisterHole[] = [];
  #most = Infinity;
  #plans: readonly KeptPlan[] = [];
  #turn = false;
  /** Monotonic ms until which a reply to an earlier request may come. */
  owedUntil = Number.NEGATIVE_INFINITY;
  #latenessMs: number;

  constructor(latenessMs: number) {
    this.#latenessMs = latenessMs;
  }

  /** No reply of this unit comes later than this after its request, ms. */
  get latenessMs(): number {
    return this.#latenessMs;
  }

  /** A reply came this long after its request: lateness only ever grows, and stays well above what was seen. */
  cameAfter(ms: number): void {
    this.turnaround.late(ms);
    this.#latenessMs = Math.max(this.#latenessMs, Math.min(1.5 * ms, MOST_LATENESS_MS));
  }

  /** True and false in turn. */
  takeTurn(): boolean {
    return (this.#turn = !this.#turn);
  }

  count(what: Counted): void {
    this.#counts[what]++;
  }

  counters(limitMs: number): UnitCounters {
    return {
      ...this.#counts,
      turnaroundMs: this.turnaround.meanMs ?? null,
      timeoutMs: this.turnaround.timeoutMs(limitMs),
      holes: this.#holes.length,
    };
  }

  /** The device refuses these addresses: no request reads over them any more. */
  learnHole(hole: RegisterHole): void {
    const known = ({ table, first, last }: RegisterHole) =>
      table === hole.table && first <= hole.first && hole.last <= last;
    if (this.#holes.some(known)) return;
    this.#holes = [...this.#holes, hole];
    this.#plans = [];
  }

  /** The device refuses requests of more registers than these. */
  learnMost(registers: number): void {
    if (registers >= this.#most) return;
    this.#most = registers;
    this.#plans = [];
  }

  /** The cheapest requests for these points, planned anew only where something changed. */
  plan(
    points: readonly RegisterPoint[],
    { maxRegisters, holes = [], groups = [], quirks = [] }: UnitSettings,
    costs: ReadCosts,
  ): readonly PlannedRead[] {
    const most = Math.min(this.#most, maxRegisters);
    const worth = Math.min(MOST_REGISTERS, costs.requestMs / costs.registerMs);
    const kept = this.#plans.find(
      (plan) =>
        plan.most === most &&
        worth < plan.worth * STALE &&
        plan.worth < worth * STALE &&
        samePoints(plan.points, points),
    );
    if (kept !== undefined) return kept.reads;
    const reads = planReads(points, {
      maxRegisters: most,
      costs,
      holes: [...holes, ...this.#holes],
      groups,
      quirks,
    });
    this.#plans = [{ points, most, worth, reads }, ...this.#plans].slice(0, KEPT_PLANS);
    return reads;
  }
}
