import type { ClockState } from '#wire/terms.js';
import { DRIFT, type KnownClock } from '../clock/clock.js';
import type { Database } from './sqlite-database.js';
import { clockOf, type ReadingRow } from './reading-row.js';

/** One start of the machine. Its rows lie between monotonic 0 and `lastMonotonic`, ms. */
export interface Boot {
  readonly id: number;
  readonly name: string;
  /** Wall time = monotonic + this; `null` while nothing was told. */
  readonly offsetMs: number | null;
  /** How far that may be off, ms, as told at monotonic `toldAt`; 0 once synced. */
  readonly uncertaintyMs: number;
  readonly toldAt: number;
  readonly lastMonotonic: number;
}

export const BOOT_COLUMNS = 'id, name, offsetMs, uncertaintyMs, toldAt, lastMonotonic';

const UNTOLD = { offsetMs: null, uncertaintyMs: 0, toldAt: 0, lastMonotonic: 0 } as const;

const isSure = (boot: Boot): boolean => boot.offsetMs !== null && boot.uncertaintyMs === 0;

/** Whether a time of that uncertainty says more of a boot than is known. */
const isBetter = (uncertaintyMs: number, boot: Boot): boolean =>
  boot.offsetMs === null || uncertaintyMs < boot.uncertaintyMs;

/** When a row was taken, as well as is known now. */
export interface RowTime {
  readonly time: number;
  readonly clock: ClockState;
  readonly uncertaintyMs: number;
}

/** No gateway measured before this program existed: the lower bound where nothing better is known. */
const NOT_BEFORE = Date.UTC(2025, 0, 1);

/** Earliest and latest wall time at which a boot began. */
export interface StartBounds {
  readonly earliest: number;
  readonly latest: number;
}

/** How far a boot's wall time at `monotonic` may be off, ms. */
const doubtAt = (
  { uncertaintyMs, toldAt }: Pick<Boot, 'uncertaintyMs' | 'toldAt'>,
  monotonic: number,
): number => (uncertaintyMs === 0 ? 0 : Math.ceil(uncertaintyMs + Math.abs(monotonic - toldAt) * DRIFT));

/**
 * Bounds on the start of each boot of which nothing was told but that has a later one of which something was; boots in order. Such a boot
 * began after the last moment of those before it, and ended before the next began.
 */
export const boundStarts = (boots: readonly Boot[]): ReadonlyMap<number, StartBounds> => {
  const earliest = new Map<number, number>();
  let ended = NOT_BEFORE;
  for (const boot of boots) {
    earliest.set(boot.id, ended);
    const began = boot.offsetMs === null ? ended : boot.offsetMs - doubtAt(boot, boot.lastMonotonic);
    ended = began + boot.lastMonotonic;
  }
  const bounds = new Map<number, StartBounds>();
  let next: number | undefined;
  for (const boot of boots.toReversed()) {
    const told = boot.offsetMs === null ? undefined : boot.offsetMs + doubtAt(boot, 0);
    const latest = told ?? (next === undefined ? undefined : next - boot.lastMonotonic);
    if (boot.offsetMs === null && latest !== undefined) {
      bounds.set(boot.id, { earliest: earliest.get(boot.id) ?? NOT_BEFORE, latest });
    }
    next = latest;
  }
  return bounds;
};

/**
 * The boots of one buffer file, and through them the true time of each row. Rows are never rewritten: a row
 * taken unsynced keeps its monotonic time, and gets its wall time from its boot when it is read.
 */
export class Boots {
  readonly #database: Database;
  #boots: Boot[] = [];
  #bounds: ReadonlyMap<number, StartBounds> | undefined;

  constructor(database: Database) {
    this.#database = database;
    this.reload();
  }

  /** Reads the table again, after a transaction that failed. */
  reload(): void {
    this.#boots = this.#database.prepare<[], Boot>(`SELECT ${BOOT_COLUMNS} FROM boot ORDER BY id`).all();
    this.#bounds = undefined;
  }

  current(): Boot | undefined {
    return this.#boots.at(-1);
  }

  /** The id of a boot, made at its first mention; the one before it is then over. */
  idOf(name: string): number {
    const current = this.#boots.at(-1);
    if (current?.name === name) return current.id;
    const known = this.#boots.find((boot) => boot.name === name);
    if (known !== undefined) return known.id;
    if (current !== undefined) this.#save(current);
    const boot: Boot = { ...UNTOLD, id: (current?.id ?? 0) + 1, name };
    this.#boots.push(boot);
    this.#save(boot);
    return boot.id;
  }

  /** Boots of another file, in their order, as those before all that are known; gives the ids of all by name. */
  addEarlier(boots: readonly Omit<Boot, 'id'>[]): ReadonlyMap<string, number> {
    const unknown = boots.filter(({ name }) => !this.#boots.some((known) => known.name === name));
    const first = (this.#boots[0]?.id ?? 1) - unknown.length;
    const added = unknown.map((boot, index) => ({ ...boot, id: first + index }));
    this.#boots = [...added, ...this.#boots];
    for (const boot of added) this.#save(boot);
    for (const { name, offsetMs, uncertaintyMs, toldAt } of boots) {
      const known = this.#boots.find((candidate) => candidate.name === name);
      if (known !== undefined && offsetMs !== null && isBetter(uncertaintyMs, known))
        this.tell(known.id, { offsetMs, uncertaintyMs, toldAt });
    }
    return new Map(this.#boots.map(({ name, id }) => [name, id]));
  }

  /** The clock of a boot is known; what is told in doubt does not take the place of what was told without. */
  tell(id: number, { offsetMs, uncertaintyMs, toldAt }: KnownClock): void {
    const boot = this.#boots.find((candidate) => candidate.id === id);
    if (boot === undefined || (uncertaintyMs > 0 && isSure(boot))) return;
    if (boot.offsetMs === offsetMs && boot.uncertaintyMs === uncertaintyMs) return;
    this.#save({ ...boot, offsetMs, uncertaintyMs, toldAt });
  }

  /** Learns from a reading that was taken with its time, where nothing as good is known of its boot. */
  learn(id: number, reading: KnownClock): void {
    const boot = this.#boots.find((candidate) => candidate.id === id);
    if (boot !== undefined && isBetter(reading.uncertaintyMs, boot)) this.tell(id, reading);
  }

  /** A row of this boot was taken at `monotonic`. Kept in memory: the last row tells it again after a restart. */
  saw(id: number, monotonic: number): void {
    const index = this.#boots.findLastIndex((boot) => boot.id === id);
    const boot = this.#boots[index];
    if (boot === undefined || monotonic <= boot.lastMonotonic) return;
    this.#boots[index] = { ...boot, lastMonotonic: monotonic };
    this.#bounds = undefined;
  }

  /** Wall time of the newest row of this boot, UTC ms; `undefined` while nothing was told of it. */
  now(): number | undefined {
    const boot = this.#boots.at(-1);
    return boot?.offsetMs == null ? undefined : boot.offsetMs + boot.lastMonotonic;
  }

  /** When a row was taken; `undefined` while no later boot bounds it. */
  timeOf(
    row: Pick<ReadingRow, 'boot' | 'monotonic' | 'time' | 'marks' | 'uncertainty'>,
  ): RowTime | undefined {
    const clock = clockOf(row);
    if (clock !== 'unsynced') return { time: row.time, clock, uncertaintyMs: row.uncertainty ?? 0 };
    const boot = this.#boots.find((candidate) => candidate.id === row.boot);
    if (boot === undefined) return undefined;
    if (boot.offsetMs !== null) {
      const uncertaintyMs = doubtAt(boot, row.monotonic);
      const time = boot.offsetMs + row.monotonic;
      return { time, clock: uncertaintyMs === 0 ? 'synced' : 'unsynced', uncertaintyMs };
    }
    this.#bounds ??= boundStarts(this.#boots);
    const bounds = this.#bounds.get(boot.id);
    if (bounds === undefined) return undefined;
    return {
      time: Math.round((bounds.earliest + bounds.latest) / 2) + row.monotonic,
      clock: 'unsynced',
      uncertaintyMs: Math.ceil(Math.abs(bounds.latest - bounds.earliest) / 2),
    };
  }

  #save(boot: Boot): void {
    this.#database
      .prepare(
        `INSERT INTO boot (${BOOT_COLUMNS}) VALUES (@id, @name, @offsetMs, @uncertaintyMs, @toldAt, @lastMonotonic)
         ON CONFLICT (id) DO UPDATE SET offsetMs = excluded.offsetMs, uncertaintyMs = excluded.uncertaintyMs,
           toldAt = excluded.toldAt, lastMonotonic = excluded.lastMonotonic`,
      )
      .run(boot);
    this.#boots = this.#boots.map((candidate) => (candidate.id === boot.id ? boot : candidate));
    this.#bounds = undefined;
  }
}
