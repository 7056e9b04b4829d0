import type { SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import { missingRanges, unionRanges } from '../log/seq-ranges.js';

/** A batch without ack goes again after four times the usual ack time, within these, ms. */
const MIN_ACK_TIMEOUT_MS = 10_000;
const MAX_ACK_TIMEOUT_MS = 120_000;
const USUAL_ACK_MS = 2_000;

interface InFlight {
  readonly lane: Lane;
  readonly sentAt: number;
  readonly deadline: number;
}

const without = (ranges: readonly SeqRange[], seq: number): readonly SeqRange[] =>
  ranges.flatMap(([first, last]): readonly SeqRange[] =>
    seq < first || seq > last
      ? [[first, last]]
      : [
          ...(seq > first ? [[first, seq - 1] as const] : []),
          ...(seq < last ? [[seq + 1, last] as const] : []),
        ],
  );

const count = (ranges: readonly SeqRange[]): number =>
  ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);

/**
 * Which of a gateway's batches go when: live before backlog, a window of them on their way, again what is not acked in
 * time. It holds ranges of numbers only, so it stays small however long the backlog.
 */
export class Outbox {
  readonly #window: number;
  readonly #now: () => number;
  readonly #waiting: Record<Lane, readonly SeqRange[]> = { live: [], backfill: [] };
  readonly #inFlight = new Map<number, InFlight>();
  #acked: readonly SeqRange[];
  #usualAckMs = USUAL_ACK_MS;
  #resent = 0;
  #answeredAt: number;

  constructor(acked: readonly SeqRange[], window: number, now: () => number) {
    this.#acked = acked;
    this.#window = window;
    this.#now = now;
    this.#answeredAt = now();
  }

  get acked(): readonly SeqRange[] {
    return this.#acked;
  }
  /** Batches that were sent again. */
  get resent(): number {
    return this.#resent;
  }
  get inFlight(): number {
    return this.#inFlight.size;
  }
  /** Sealed batches without an answer. */
  get owed(): number {
    return this.#inFlight.size + count(this.#waiting.live) + count(this.#waiting.backfill);
  }
  /** Ms without an answer, though something is owed. */
  get silentMs(): number {
    return this.owed === 0 ? 0 : this.#now() - this.#answeredAt;
  }

  add(seq: number, lane: Lane): void {
    if (this.owed === 0) this.#answeredAt = this.#now();
    this.#waiting[lane] = unionRanges([...this.#waiting[lane], [seq, seq]]);
  }

  /** The next batch to send, or `undefined` where the window is full or nothing waits. */
  next(): number | undefined {
    if (this.#inFlight.size >= this.#window) return undefined;
    const lane = this.#waiting.live.length > 0 ? 'live' : 'backfill';
    const seq = this.#waiting[lane][0]?.[0];
    if (seq === undefined) return undefined;
    this.#waiting[lane] = without(this.#waiting[lane], seq);
    const sentAt = this.#now();
    const timeout = Math.min(MAX_ACK_TIMEOUT_MS, Math.max(MIN_ACK_TIMEOUT_MS, 4 * this.#usualAckMs));
    this.#inFlight.set(seq, { lane, sentAt, deadline: sentAt + timeout });
    return seq;
  }

  /** The fleet has these, in its log or kept apart. */
  answered(ranges: readonly SeqRange[]): void {
    this.#answeredAt = this.#now();
    for (const [seq, { sentAt }] of this.#inFlight) {
      if (!ranges.some(([first, last]) => seq >= first && seq <= last)) continue;
      this.#usualAckMs += (this.#answeredAt - sentAt - this.#usualAckMs) / 8;
      this.#inFlight.delete(seq);
    }
    this.#acked = unionRanges([...this.#acked, ...ranges]);
    // an ack may come for what was put back meanwhile
    for (const lane of ['live', 'backfill'] as const) {
      this.#waiting[lane] = this.#waiting[lane].flatMap(([first, last]) =>
        missingRanges(this.#acked, first, last),
      );
    }
  }

  /** The fleet lacks these, though it acked some of them once. */
  wanted(ranges: readonly SeqRange[], last: number): void {
    const lacking = ranges.flatMap(([first, end]): readonly SeqRange[] =>
      first > last ? [] : [[first, Math.min(end, last)]],
    );
    if (lacking.length === 0) return;
    if (this.owed === 0) this.#answeredAt = this.#now();
    this.#resent += count(lacking);
    this.#acked = this.#acked.flatMap(([first, end]) => missingRanges(unionRanges(lacking), first, end));
    this.#waiting.backfill = unionRanges([...this.#waiting.backfill, ...lacking]);
  }

  /** Puts back what had no ack in time; after the end of a session all of what was on its way. */
  expire(all: boolean): void {
    const now = this.#now();
    for (const [seq, { lane, deadline }] of this.#inFlight) {
      if (!all && deadline > now) continue;
      this.#inFlight.delete(seq);
      this.#resent += 1;
      if (!all) this.#usualAckMs = Math.min(MAX_ACK_TIMEOUT_MS, this.#usualAckMs * 2);
      this.#waiting[lane] = unionRanges([...this.#waiting[lane], [seq, seq]]);
    }
  }
}
