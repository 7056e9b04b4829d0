import type { Wiring } from './section.js';

/** A change of the contact that lasted. */
export interface Change {
  readonly closed: boolean;
  /** Monotonic ms at which it was heard of. */
  readonly at: number;
}

export interface Edge {
  readonly edge: 'rising' | 'falling';
  /** By the kernel's clock, ms: for what lies between edges. */
  readonly timeMs: number;
  /** Monotonic ms. */
  readonly at: number;
}

/** A level that has not lasted yet. */
interface Pending extends Edge {
  readonly closed: boolean;
}

/**
 * Counts the pulses of one line from its edges: a pulse is a contact that closes and stays so for the debounce time. On
 * one line edges rise and fall in turn: where two alike follow each other, one between them was lost.
 */
export class PulseCounter {
  readonly #wiring: Wiring;
  readonly #onChange: (change: Change) => void;
  #closed: boolean | undefined;
  #pending: Pending | undefined;
  #count: bigint;
  #lostEdges: number;

  constructor(
    wiring: Wiring,
    start: { readonly count: bigint; readonly lostEdges: number },
    onChange: (change: Change) => void,
  ) {
    this.#wiring = wiring;
    this.#count = start.count;
    this.#lostEdges = start.lostEdges;
    this.#onChange = onChange;
  }

  get count(): bigint {
    return this.#count;
  }

  /** Edges that are known to be missing. */
  get lostEdges(): number {
    return this.#lostEdges;
  }

  /** Whether the contact is closed; `undefined`: nothing was heard of it yet. */
  get closed(): boolean | undefined {
    return this.#closed;
  }

  /** What people read on the dial, in pulses. */
  set(count: bigint): void {
    this.#count = count;
  }

  /** The watch begins, at this level (1: high) or one that is not known. What was before it is over. */
  begin(level: 0 | 1 | undefined, at: number): void {
    this.#pending = undefined;
    this.#closed = level === undefined ? undefined : (level === 0) === this.#wiring.activeLow;
    if (this.#closed !== undefined) this.#onChange({ closed: this.#closed, at });
  }

  accept(edge: Edge): void {
    const closed = (edge.edge === 'falling') === this.#wiring.activeLow;
    const before = this.#pending;
    const lasted = before === undefined || edge.timeMs - before.timeMs >= this.#wiring.debounceMs;
    const now = before?.closed ?? this.#closed;
    if (now === closed) {
      this.#lostEdges++;
      if (before !== undefined && lasted) this.#confirm(before);
      // Of the level between nothing is known but that it was there.
      if (lasted) this.#closed = !closed;
      this.#pending = { ...edge, closed };
      return;
    }
    if (before !== undefined && lasted) this.#confirm(before);
    // Back to the level that lasted: what came between was a bounce.
    this.#pending = this.#closed === closed ? undefined : { ...edge, closed };
  }

  /** A level that has lasted by now is one; `now` monotonic ms. */
  settle(now: number): void {
    if (this.#pending !== undefined && now - this.#pending.at >= this.#wiring.debounceMs)
      this.#confirm(this.#pending);
  }

  #confirm({ closed, at }: Pending): void {
    this.#pending = undefined;
    if (this.#closed === closed) return;
    this.#closed = closed;
    this.#onChange({ closed, at });
    // An edge to closed is a pulse, also where nobody knew the level before.
    if (closed) this.#count++;
  }
}
