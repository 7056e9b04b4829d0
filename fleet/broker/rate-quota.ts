export interface Rates {
  readonly packetsPerSecond: number;
  readonly bytesPerSecond: number;
}

/**
 * Two token buckets, of two seconds' worth each. What was taken is taken, even below zero: the answer is how
 * long to wait before reading on. A clock set back or forth only refills less or more once.
 */
export class RateQuota {
  readonly #rates: Rates;
  readonly #now: () => number;
  #packets: number;
  #bytes: number;
  #at: number;

  constructor(rates: Rates, now: () => number) {
    this.#rates = rates;
    this.#now = now;
    this.#packets = 2 * rates.packetsPerSecond;
    this.#bytes = 2 * rates.bytesPerSecond;
    this.#at = now();
  }

  /** Takes; gives the ms to wait, 0 within the quota. */
  take(packets: number, bytes: number): number {
    const { packetsPerSecond, bytesPerSecond } = this.#rates;
    const now = this.#now();
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#packets = Math.min(this.#packets + seconds * packetsPerSecond, 2 * packetsPerSecond) - packets;
    this.#bytes = Math.min(this.#bytes + seconds * bytesPerSecond, 2 * bytesPerSecond) - bytes;
    const missing = Math.max(-this.#packets / packetsPerSecond, -this.#bytes / bytesPerSecond, 0);
    return Math.ceil(missing * 1000);
  }
}
