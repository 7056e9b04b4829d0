import type { Moment } from '../clock/clock.js';

/** What the uplink took in one UTC month (`2026-11`). */
export interface MonthlyUse {
  readonly month: string;
  readonly bytes: number;
}

export interface DataBudgetDeps {
  /** Bytes a month, everything counted; 0: no budget. */
  readonly bytesPerMonth: number;
  readonly now: () => Moment;
  /** What was kept by the last run, if anything can be read. */
  readonly load: () => MonthlyUse | undefined;
  /** Keeps it over a restart; must not throw. */
  readonly save: (use: MonthlyUse) => void;
}

/** Written again when this much has come to it, or this much time: a crash forgets no more. */
const SAVE_BYTES = 256 * 1024;
const SAVE_MS = 15 * 60_000;
/** The backlog may run ahead of the even pace by this share of the month. */
const HEAD_START = 0.1;
/** Of the budget: what keepalive and health may take. */
const KEEPALIVE_SHARE = 0.15;
const HEALTH_SHARE = 0.1;
const MONTH_MS = 30 * 86_400_000;
/** A ping and its answer: two TLS records of 24 bytes in two segments, each acknowledged, 40 bytes of headers. */
const PING_BYTES = 210;
/** A health message with its PUBACK, TLS and headers. */
const HEALTH_BYTES = 800;
/** Mobile networks forget an idle connection after five minutes at the earliest. */
const LONGEST_KEEPALIVE_S = 240;
const LONGEST_HEALTH_MS = 6 * 3_600_000;

const monthOf = (time: number): string => new Date(time).toISOString().slice(0, 7);

const monthBounds = (time: number): { readonly start: number; readonly end: number } => {
  const date = new Date(time);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) };
};

/**
 * The data that a mobile plan gives in a month, and what follows it: how often the connection is kept alive, how
 * often health is told, and when the backlog may go. Live readings always go. Months are UTC; while the clock is
 * not synced, bytes count to the month that was known last.
 */
export class DataBudget {
  readonly #deps: DataBudgetDeps;
  #month: string;
  #bytes: number;
  #savedBytes: number;
  #savedAt: number;

  constructor(deps: DataBudgetDeps) {
    this.#deps = deps;
    const use = deps.load();
    this.#month = use?.month ?? '';
    this.#bytes = use?.bytes ?? 0;
    this.#savedBytes = this.#bytes;
    this.#savedAt = deps.now().monotonic;
  }

  get use(): MonthlyUse & { readonly budgetBytes: number } {
    this.#turnMonth();
    return { month: this.#month, bytes: this.#bytes, budgetBytes: this.#deps.bytesPerMonth };
  }

  /** The connection took `bytes`, in either direction. */
  count(bytes: number): void {
    this.#turnMonth();
    this.#bytes += bytes;
    const due = this.#deps.now().monotonic - this.#savedAt >= SAVE_MS && this.#bytes !== this.#savedBytes;
    if (due || this.#bytes - this.#savedBytes >= SAVE_BYTES) this.flush();
  }

  /** Writes what was counted since the last time. */
  flush(): void {
    this.#savedAt = this.#deps.now().monotonic;
    if (this.#bytes === this.#savedBytes) return;
    this.#deps.save({ month: this.#month, bytes: this.#bytes });
    this.#savedBytes = this.#bytes;
  }

  /** Whether `bytes` of backlog may go now: not ahead of the even pace through the month, but for a head start. */
  admitsBacklog(bytes: number): boolean {
    const { bytesPerMonth, now } = this.#deps;
    if (bytesPerMonth === 0) return true;
    const { time, state } = now();
    if (state === 'unsynced') return false;
    this.#turnMonth();
    const { start, end } = monthBounds(time);
    const share = Math.min(1, (time - start) / (end - start) + HEAD_START);
    return this.#bytes + bytes <= bytesPerMonth * share;
  }

  /** The keepalive to ask for, s: longer than `wantedS` where that would take too much of the budget. */
  keepaliveS(wantedS: number): number {
    const { bytesPerMonth } = this.#deps;
    if (bytesPerMonth === 0) return wantedS;
    const affordableS = (PING_BYTES * MONTH_MS) / 1_000 / (bytesPerMonth * KEEPALIVE_SHARE);
    return Math.max(wantedS, Math.min(LONGEST_KEEPALIVE_S, Math.ceil(affordableS)));
  }

  /** How often to tell health, ms: more rarely than `wantedMs` on a small budget, and where it is overspent. */
  healthMs(wantedMs: number): number {
    const { bytesPerMonth } = this.#deps;
    if (bytesPerMonth === 0) return wantedMs;
    const affordableMs = (HEALTH_BYTES * MONTH_MS) / (bytesPerMonth * HEALTH_SHARE);
    const patience = this.admitsBacklog(0) ? 1 : 4;
    return Math.max(wantedMs, Math.min(LONGEST_HEALTH_MS, Math.ceil(affordableMs * patience)));
  }

  #turnMonth(): void {
    const { time, state } = this.#deps.now();
    if (state === 'unsynced') return;
    const month = monthOf(time);
    if (month === this.#month) return;
    // what was counted before the month was known belongs to it
    if (this.#month !== '') this.#bytes = 0;
    this.#month = month;
    this.#savedBytes = -1;
  }
}
