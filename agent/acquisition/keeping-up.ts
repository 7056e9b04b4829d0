/** How often a bus that cannot keep up says so, ms. */
const PERIOD_MS = 60_000;

/** A bus that had fewer polls than its configuration asks for. */
export interface Behind {
  /** Deadlines met and missed of the devices that answer, in the period. */
  readonly met: number;
  readonly missed: number;
  /** How many times faster the bus would have to be; or its intervals longer. */
  readonly factor: number;
}

/** Counts deadlines met and missed over a minute, and tells at its end by how much the bus was too slow. */
export class KeepingUp {
  #since: number;
  #met = 0;
  #missed = 0;
  #last = 1;

  constructor(startedAt: number) {
    this.#since = startedAt;
  }

  /** Of the last whole minute: 1 where the bus keeps up. */
  get factor(): number {
    return this.#last;
  }

  /** A poll ended. Gives what to say where a minute is over and deadlines were missed in it. */
  add(now: number, missed: number): Behind | undefined {
    this.#met += 1;
    this.#missed += missed;
    if (now - this.#since < PERIOD_MS) return undefined;
    const said = { met: this.#met, missed: this.#missed, factor: (this.#met + this.#missed) / this.#met };
    [this.#since, this.#met, this.#missed, this.#last] = [now, 0, 0, said.factor];
    return said.missed > 0 ? said : undefined;
  }
}
