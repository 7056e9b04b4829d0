/** Replies of other sizes than the unit's usual one, before their times are believed. */
const ENOUGH = 8;
/** So many of them are believed whatever they scatter. */
const PLENTY = 64;
/** Share of the estimate that its standard error may have. */
const SURE = 0.25;
/** Weight of what came long before, replies of one unit: a gateway may get another speed. */
const REMEMBERED = 256;
/** Bytes of data of the largest reply (Modbus Application Protocol 1.1b3, 4.1): 125 registers. */
const MOST_BYTES = 250;

/** Replies of one unit: how many, and their mean size and time. */
interface UnitMean {
  replies: number;
  bytes: number;
  ms: number;
}

/**
 * What a byte takes behind a gateway, which does not say how fast its line is. Learned from the replies: within each
 * unit, those of more bytes than its mean come later by the bytes' time, so the slope of time over size is the line's
 * and the rest is the unit's. Least squares, pooled over the units of the line.
 */
export class ByteTime {
  readonly #units = new Map<number, UnitMean>();
  readonly #squares = { bytes: 0, both: 0, ms: 0 };
  #informative = 0;

  /** A reply with so many bytes of data came `ms` after its request. */
  learn(unit: number, bytes: number, ms: number): void {
    const mean = this.#units.get(unit);
    if (mean === undefined) {
      this.#units.set(unit, { replies: 1, bytes, ms });
      return;
    }
    const [dBytes, dMs] = [bytes - mean.bytes, ms - mean.ms];
    mean.replies = Math.min(mean.replies + 1, REMEMBERED);
    mean.bytes += dBytes / mean.replies;
    mean.ms += dMs / mean.replies;
    // One size tells nothing of the bytes, and must not outweigh what other sizes told.
    if (Math.abs(dBytes) < 1) return;
    this.#informative++;
    const kept = 1 - 1 / REMEMBERED;
    const { bytes: xx, both: xy, ms: yy } = this.#squares;
    this.#squares.bytes = kept * xx + dBytes * (bytes - mean.bytes);
    this.#squares.both = kept * xy + dBytes * (ms - mean.ms);
    this.#squares.ms = kept * yy + dMs * (ms - mean.ms);
  }

  /** What a byte of data takes, ms; `undefined` until replies of different sizes have told. */
  get ms(): number | undefined {
    const { bytes, both, ms } = this.#squares;
    if (this.#informative < ENOUGH || bytes === 0) return undefined;
    const slope = Math.max(0, both / bytes);
    const replies = Math.min(this.#informative, REMEMBERED);
    const error = Math.sqrt(Math.max(0, ms - (both * both) / bytes) / (replies - 2) / bytes);
    const sure = error <= SURE * slope || 2 * error * MOST_BYTES <= this.#usualMs();
    return sure || this.#informative >= PLENTY ? slope : undefined;
  }

  /** What a request to a unit takes beside the bytes of data, by `byteMs`; `undefined` where it never answered. */
  restMs(unit: number, byteMs: number): number | undefined {
    const mean = this.#units.get(unit);
    return mean === undefined ? undefined : Math.max(0, mean.ms - byteMs * mean.bytes);
  }

  #usualMs(): number {
    const means = [...this.#units.values()].map(({ ms }) => ms);
    return means.reduce((sum, ms) => sum + ms, 0) / Math.max(1, means.length);
  }
}
