import type { UnitState } from './unit-state.js';

/** A suspect line must have been silent this long; USB adapters and serial servers hold bytes for 16 ms and more. */
const QUIET_MS = 50;
/** What comes later than so many times the unit's lateness is not taken for its reply, not even for a count. */
const FAR_TOO_LATE = 2;

interface Owing {
  readonly unit: UnitState;
  readonly askedAt: number;
  counted: boolean;
}

/**
 * Whether a line on which replies do not name their request may be asked again, and whom. A reply that is still owed
 * can be taken for another only where that other is of the same unit, since each reply bears its unit's address: so a
 * unit of which a reply is owed is left alone until its lateness has passed, and the others wait for silence only.
 * Where nothing tells who was asked (at the start, on a new connection, after bytes from nowhere), no unit is asked.
 */
export class Suspicion {
  /** Monotonic ms before which no unit may be asked. */
  #allUntil: number;
  #since = Number.NEGATIVE_INFINITY;
  #suspect: boolean;
  #owing: Owing | undefined;

  constructor(allUntil: number) {
    this.#allUntil = allUntil;
    this.#suspect = Number.isFinite(allUntil);
  }

  /** Monotonic ms from which `unit` may be asked, if nothing more comes. */
  earliest(unit: UnitState, lastByteAt: number): number {
    // Quiet counts from the suspicion at the earliest: if this process itself stood still, bytes may lie unread.
    const quiet = this.#suspect ? Math.max(lastByteAt, this.#since) + QUIET_MS : Number.NEGATIVE_INFINITY;
    return Math.max(quiet, this.#allUntil, unit.owedUntil);
  }

  /** The line has been quiet for long enough. */
  clear(): void {
    this.#suspect = false;
  }

  /** A request to `unit`, which left at `askedAt`, was given up: its reply may come until `until`, too late if we waited. */
  owes(unit: UnitState, askedAt: number, until: number, now: number, waited: boolean): void {
    unit.owedUntil = Math.max(unit.owedUntil, until);
    this.#owing = { unit, askedAt, counted: !waited };
    this.#doubt(now);
  }

  /** Nothing tells whose replies may still come. */
  everything(until: number, now: number): void {
    this.#allUntil = Math.max(this.#allUntil, until);
    this.#doubt(now);
  }

  /** Bytes that nothing under way asked for. Gives the unit whose late reply they are; no other may be asked until `until` where there is none. */
  stray(now: number, until: number): UnitState | undefined {
    if (this.#owing === undefined || !this.#plausible(this.#owing, now)) {
      this.everything(until, now);
      return undefined;
    }
    this.#doubt(now);
    return this.#late(this.#owing, now);
  }

  /** Something else than the reply of `asked` came. Gives the unit whose late reply that may well be. */
  inPlaceOf(asked: UnitState, now: number): UnitState | undefined {
    const owing = this.#owing;
    if (owing === undefined || owing.unit === asked || !this.#plausible(owing, now)) return undefined;
    return this.#late(owing, now);
  }

  #plausible({ unit, askedAt }: Owing, now: number): boolean {
    return now - askedAt <= FAR_TOO_LATE * unit.latenessMs;
  }

  #late(owing: Owing, now: number): UnitState | undefined {
    if (owing.counted) return undefined;
    owing.counted = true;
    owing.unit.cameAfter(now - owing.askedAt);
    return owing.unit;
  }

  #doubt(now: number): void {
    this.#since = now;
    this.#suspect = true;
  }
}
