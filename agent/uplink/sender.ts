import { createHash } from 'node:crypto';
import type { SeqRange } from '#wire/messages.js';
import type { Lane } from '#wire/terms.js';
import type { Buffer as GatewayBuffer, SealedBatch } from '../buffer/buffer.js';
import { inRanges, subtractRanges, takeFromRanges } from './seq-ranges.js';
import { TokenBucket } from './token-bucket.js';

/** Batches of a lane on their way at once. */
const WINDOWS: Readonly<Record<Lane, number>> = { live: 4, backfill: 2 };
/** A batch without ack is sent again after four times the usual ack time, within these, ms. */
const MIN_ACK_TIMEOUT_MS = 10_000;
const MAX_ACK_TIMEOUT_MS = 120_000;
/** Thousands of gateways come back at once; their backlogs start spread over this, ms. */
const BACKFILL_JITTER_MS = 5_000;
const START_RATE = 64 * 1024;
const MIN_RATE = 4 * 1024;
const MAX_RATE = 2 * 1024 * 1024;
const TARGET_ACK_MS = 2_000;
/** What the fleet could not keep is offered again after this long, ms. */
const POSTPONED_MS = 3_600_000;
/** Batches that the fleet asks for are looked up in steps of this many. */
const RECALL_AT_ONCE = 64;
/** Backlog that waits for the data budget is tried again after this long, ms. */
const BUDGET_WAIT_MS = 60_000;

export interface SenderDeps {
  readonly buffer: Pick<GatewayBuffer, 'claim' | 'recall' | 'declareMissing'>;
  /** Hands one message to the connection; what becomes of it shows in the acks. */
  readonly send: (message: Uint8Array) => void;
  /** Monotonic ms. */
  readonly now: () => number;
  /** [0, 1). */
  readonly random: () => number;
  /** Whether the data budget bears that many bytes of backlog now. */
  readonly admitsBacklog: (bytes: number) => boolean;
}

/** What names a batch on the wire. */
export interface SentBatch {
  readonly epoch: string;
  readonly seq: number;
}

interface InFlight extends SentBatch {
  readonly lane: Lane;
  readonly sentAt: number;
  readonly deadline: number;
  /** SHA-256 of the message, hex. */
  readonly hash: string;
  /** Asked for again by the fleet, though acked before: the buffer would not claim it anew. */
  readonly recalled: boolean;
}

/** Batches of one epoch that the fleet asks for. */
interface Wanted {
  readonly epoch: string;
  readonly ranges: readonly SeqRange[];
}

const nameOf = ({ epoch, seq }: SentBatch): string => `${epoch}/${seq}`;

/**
 * Decides what is sent when, on one connection: live first, the backlog behind it at the fleet's pace, a small
 * window of each in flight; what is not acked in time goes again, the same bytes.
 */
export class Sender {
  readonly #deps: SenderDeps;
  /** By the buffer's id. */
  readonly #inFlight = new Map<number, InFlight>();
  /** What this session has sent and has no answer for: acks of anything else are another card's. */
  readonly #unanswered = new Map<string, SentBatch>();
  /** By the buffer's id: when to offer it again. */
  readonly #postponed = new Map<number, number>();
  readonly #bucket: TokenBucket;
  readonly #backfillFrom: number;
  #wanted: readonly Wanted[] = [];
  #usualAckMs = TARGET_ACK_MS;
  #progressAt: number;
  /** Nothing has been sent since the last answer. */
  #idle = true;
  #resent = 0;
  #awaitsBudget = false;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
    const { now } = deps;
    this.#bucket = new TokenBucket(
      { now, minRate: MIN_RATE, maxRate: MAX_RATE, targetMs: TARGET_ACK_MS },
      START_RATE,
    );
    this.#backfillFrom = now() + deps.random() * BACKFILL_JITTER_MS;
    this.#progressAt = now();
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Batches that went again for want of an ack. */
  get resent(): number {
    return this.#resent;
  }

  /** Ms for which batches have been on their way without any ack; 0 with nothing on its way. */
  get stalledMs(): number {
    return this.#idle ? 0 : this.#deps.now() - this.#progressAt;
  }

  /** Sends what may be sent now; gives the ms after which to call again at the latest. */
  async pump(): Promise<number> {
    this.#expire();
    await this.#fillLive();
    const live = this.#count('live') < WINDOWS.live;
    const untilBackfill = live ? await this.#fillBackfill() : Infinity;
    return Math.min(this.#untilDeadline(), untilBackfill);
  }

  /** Backlog waits for the data budget. */
  get awaitsBudget(): boolean {
    return this.#awaitsBudget;
  }

  /** Those of `ranges` that this session has sent and that have no answer yet. */
  unanswered(epoch: string, ranges: readonly SeqRange[]): readonly number[] {
    return [...this.#unanswered.values()]
      .filter((sent) => sent.epoch === epoch && inRanges(sent.seq, ranges))
      .map(({ seq }) => seq);
  }

  /** What is on its way under this hash (SHA-256 of the message). */
  sentAs(hash: Uint8Array): SentBatch | undefined {
    const text = Buffer.from(hash).toString('hex');
    return [...this.#inFlight.values()].find((item) => item.hash === text);
  }

  /** These batches have their answer. Call it once the buffer knows too. */
  settle(epoch: string, seqs: readonly number[]): void {
    const now = this.#deps.now();
    for (const seq of seqs) this.#unanswered.delete(nameOf({ epoch, seq }));
    for (const [id, item] of this.#answered(epoch, seqs)) {
      this.#inFlight.delete(id);
      this.#usualAckMs += (now - item.sentAt - this.#usualAckMs) / 8;
      if (item.lane === 'backfill') this.#bucket.acknowledged(now - item.sentAt);
    }
    this.#progressAt = now;
    this.#idle = this.#inFlight.size === 0;
    this.#forgetWanted(epoch, seqs);
  }

  /** The fleet can neither store nor keep these: they are offered again in an hour, and let others pass. */
  postpone(epoch: string, seqs: readonly number[]): void {
    const now = this.#deps.now();
    for (const [id] of this.#answered(epoch, seqs)) this.#postponed.set(id, now + POSTPONED_MS);
    this.settle(epoch, seqs);
  }

  /** The fleet lacks these, acked or not; what is not here any more is declared lost. */
  async resend(epoch: string, ranges: readonly SeqRange[]): Promise<void> {
    if (ranges.length === 0) return;
    await this.#deps.buffer.declareMissing(epoch, ranges);
    this.#want(epoch, ranges);
  }

  #want(epoch: string, ranges: readonly SeqRange[]): void {
    this.#wanted = [...this.#wanted, { epoch, ranges }];
  }

  #answered(epoch: string, seqs: readonly number[]): (readonly [number, InFlight])[] {
    return [...this.#inFlight].filter(([, item]) => item.epoch === epoch && seqs.includes(item.seq));
  }

  #forgetWanted(epoch: string, seqs: readonly number[]): void {
    const answered = seqs.map((seq): SeqRange => [seq, seq]);
    this.#wanted = this.#wanted.flatMap((wanted) => {
      if (wanted.epoch !== epoch) return [wanted];
      const ranges = wanted.ranges.flatMap((range) => subtractRanges(range, answered));
      return ranges.length === 0 ? [] : [{ epoch, ranges }];
    });
  }

  /** Forgets what got no ack in time, so that it is claimed again. */
  #expire(): void {
    const now = this.#deps.now();
    for (const [id, due] of this.#postponed) if (due <= now) this.#postponed.delete(id);
    for (const [id, { lane, deadline, recalled, epoch, seq }] of this.#inFlight) {
      if (deadline > now) continue;
      this.#inFlight.delete(id);
      this.#resent += 1;
      this.#usualAckMs = Math.min(MAX_ACK_TIMEOUT_MS, this.#usualAckMs * 2);
      if (lane === 'backfill') this.#bucket.acknowledged(Infinity);
      if (recalled) this.#want(epoch, [[seq, seq]]);
    }
  }

  /** Ids that are not to be claimed now. */
  #taken(): Set<number> {
    return new Set([...this.#inFlight.keys(), ...this.#postponed.keys()]);
  }

  #untilDeadline(): number {
    const deadlines = [...this.#inFlight.values()].map(({ deadline }) => deadline);
    return Math.max(0, Math.min(...deadlines) - this.#deps.now());
  }

  async #fillLive(): Promise<void> {
    const free = WINDOWS.live - this.#count('live');
    if (free <= 0) return;
    const batches = await this.#deps.buffer.claim('live', free, this.#taken());
    for (const batch of batches) this.#send(batch, 'live', false);
  }

  async #fillBackfill(): Promise<number> {
    const untilStart = this.#backfillFrom - this.#deps.now();
    if (untilStart > 0) return untilStart;
    const free = WINDOWS.backfill - this.#count('backfill');
    if (free <= 0) return Infinity;
    const recalled = await this.#recall(free);
    const claimed = recalled.length > 0 ? [] : await this.#deps.buffer.claim('backfill', free, this.#taken());
    this.#awaitsBudget = false;
    for (const [index, batch] of [...recalled, ...claimed].entries()) {
      const wait = this.#admit(batch.message.length);
      if (wait > 0) {
        for (const { header } of recalled.slice(index)) this.#want(header.epoch, [[header.seq, header.seq]]);
        return wait;
      }
      this.#send(batch, 'backfill', index < recalled.length);
    }
    return this.#wanted.length > 0 && this.#count('backfill') < WINDOWS.backfill ? 0 : Infinity;
  }

  /** Ms to wait before that many bytes of backlog may go; 0: they go now, and are taken. */
  #admit(bytes: number): number {
    if (!this.#deps.admitsBacklog(bytes)) {
      this.#awaitsBudget = true;
      return BUDGET_WAIT_MS;
    }
    return this.#bucket.take(bytes) ? 0 : Math.max(1, this.#bucket.wait(bytes));
  }

  /** The next batches that the fleet asks for, as far as they are still here. */
  async #recall(limit: number): Promise<readonly SealedBatch[]> {
    for (let wanted = this.#wanted[0]; wanted !== undefined; wanted = this.#wanted[0]) {
      const { epoch } = wanted;
      const { taken, rest } = takeFromRanges(wanted.ranges, RECALL_AT_ONCE);
      this.#wanted = [...(rest.length === 0 ? [] : [{ epoch, ranges: rest }]), ...this.#wanted.slice(1)];
      const found = await this.#deps.buffer.recall(taken, epoch);
      const batches = found.filter(({ id }) => !this.#inFlight.has(id));
      for (const { seq } of batches.slice(limit)) this.#wantFirst(epoch, seq);
      if (batches.length > 0) return batches.slice(0, limit);
    }
    return [];
  }

  #wantFirst(epoch: string, seq: number): void {
    this.#wanted = [{ epoch, ranges: [[seq, seq]] }, ...this.#wanted];
  }

  #send({ id, seq, message, header }: SealedBatch, lane: Lane, recalled: boolean): void {
    const sentAt = this.#deps.now();
    if (this.#idle) this.#progressAt = sentAt;
    this.#idle = false;
    const timeout = Math.min(MAX_ACK_TIMEOUT_MS, Math.max(MIN_ACK_TIMEOUT_MS, 4 * this.#usualAckMs));
    const hash = createHash('sha256').update(message).digest('hex');
    const { epoch } = header;
    this.#inFlight.set(id, { lane, epoch, seq, hash, sentAt, deadline: sentAt + timeout, recalled });
    this.#unanswered.set(nameOf({ epoch, seq }), { epoch, seq });
    this.#deps.send(message);
  }

  #count(lane: Lane): number {
    let count = 0;
    for (const item of this.#inFlight.values()) if (item.lane === lane) count += 1;
    return count;
  }
}
