import type { Fault, Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import { samplesOf } from './samples-of.js';
import type { Telegram } from './telegram.js';

/** Values of one field that wait for the next read at most: an hour of one a second. */
const MAX_QUEUED = 3600;
/** Names of fields remembered: a device that invents new ones takes no more memory than this. */
const MAX_FIELDS = 1024;
const NO_BYTES = new Uint8Array(0);

interface Arrival {
  readonly telegram: Telegram;
  /** Monotonic ms at which its last byte came. */
  readonly at: number;
  /** Counts the telegrams of the unit, from 1. */
  readonly order: number;
}

interface Queue {
  readonly arrivals: Arrival[];
  /** Values that found no room since the last read. */
  dropped: number;
}

/** Each value counts for itself, and none stands for another. */
const isEach = ({ kind }: FieldPoint): boolean => kind === 'event' || kind === 'interval';

/** What one device has said since it was last asked: of each field the newest, of events and intervals all. */
export class Heard {
  readonly #complete: boolean;
  readonly #newest = new Map<string, Arrival>();
  readonly #queues = new Map<string, Queue>();
  /** Order of the last telegram that was read for a point. */
  readonly #taken = new Map<string, number>();
  #last: Arrival | undefined;

  /** `complete`: each telegram says all that there is. */
  constructor(complete: boolean) {
    this.#complete = complete;
  }

  accept(telegram: Telegram, at: number): void {
    const arrival: Arrival = { telegram, at, order: (this.#last?.order ?? 0) + 1 };
    this.#last = arrival;
    for (const [name, { fault }] of telegram.fields) {
      const known = this.#newest.has(name);
      // A damaged group takes nothing away from the sound one before it, which is older and says so.
      if (!(known && fault?.code === 'checksum') && (known || this.#newest.size < MAX_FIELDS))
        this.#newest.set(name, arrival);
      const queue = this.#queues.get(name);
      if (queue === undefined) continue;
      if (queue.arrivals.push(arrival) <= MAX_QUEUED) continue;
      queue.arrivals.shift();
      queue.dropped++;
    }
  }

  /** Whether there is something to say of a point that was not said yet. */
  ready(point: FieldPoint): boolean {
    const newest = this.#complete ? this.#last : this.#newest.get(point.field);
    return newest !== undefined && newest.order > this.#seen(point);
  }

  /** Samples of a point, oldest first; one with this fault where there is nothing. */
  take(point: FieldPoint, nothing: Fault, now: number): readonly Sample[] {
    const samples = isEach(point) ? this.#all(point) : this.#one(point);
    this.#taken.set(point.key, this.#last?.order ?? 0);
    return samples.length > 0
      ? samples
      : [{ point: point.key, value: null, raw: NO_BYTES, at: now, fault: nothing }];
  }

  #seen({ key }: FieldPoint): number {
    return this.#taken.get(key) ?? 0;
  }

  #one(point: FieldPoint): readonly Sample[] {
    const seen = this.#seen(point);
    const candidates = [this.#newest.get(point.field), this.#complete ? this.#last : undefined];
    const arrival = candidates.find((candidate) => candidate !== undefined && candidate.order > seen);
    return arrival === undefined ? [] : samplesOf([point], arrival.telegram, arrival.at);
  }

  /** The first read of such a field finds its newest value, and those after it all that have come since. */
  #all(point: FieldPoint): readonly Sample[] {
    const queue = this.#queues.get(point.field);
    if (queue === undefined) {
      this.#queues.set(point.field, { arrivals: [], dropped: 0 });
      return this.#one(point);
    }
    const seen = this.#seen(point);
    const samples = queue.arrivals
      .filter(({ order }) => order > seen)
      .flatMap(({ telegram, at }) => samplesOf([point], telegram, at));
    const [first] = queue.arrivals;
    const lost = queue.dropped;
    queue.arrivals.length = 0;
    queue.dropped = 0;
    if (lost === 0 || first === undefined) return samples;
    const detail = `${lost} values before this one were dropped: more than ${MAX_QUEUED} between two reads`;
    const fault: Fault = { code: 'frame', detail };
    return [{ point: point.key, value: null, raw: NO_BYTES, at: first.at, fault }, ...samples];
  }
}
