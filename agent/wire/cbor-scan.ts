import { isUtf8 } from 'node:buffer';
import { WireError } from './errors.js';
import { MAX_DEPTH, MAX_ITEMS } from './limits.js';

const malformed = (at: number, what: string): WireError =>
  new WireError('malformed', `CBOR at byte ${at}: ${what}`);

/** One walk over an encoded item without building it. */
class Scan {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  whole(): void {
    this.#item(0);
    if (this.#at !== this.#bytes.length) throw malformed(this.#at, 'bytes after the end');
  }

  /** Walks one item; gives what tells it from other map keys, or `undefined` where it cannot be a key. */
  #item(depth: number): string | undefined {
    this.#items += 1;
    if (this.#items > MAX_ITEMS) throw new WireError('too-large', `CBOR has more than ${MAX_ITEMS} items`);
    const start = this.#at;
    const initial = this.#bytes[start];
    if (initial === undefined) throw malformed(start, 'cut short');
    this.#at += 1;
    const major = initial >> 5;
    if (major === 7) return this.#simple(start, initial & 31);
    const argument = this.#argument(start, initial & 31);
    if (major <= 1) return `${major}:${argument}`;
    if (major <= 3) return this.#string(start, argument, major === 3);
    if (major === 6) throw malformed(start, 'tags are not used here');
    if (depth >= MAX_DEPTH) throw new WireError('too-large', `CBOR nests deeper than ${MAX_DEPTH}`);
    if (major === 4) this.#array(start, argument, depth);
    else this.#map(start, argument, depth);
    return undefined;
  }

  #argument(start: number, info: number): number {
    if (info < 24) return info;
    if (info > 27) throw malformed(start, 'indefinite lengths are not used here');
    const size = 1 << (info - 24);
    this.#need(start, size);
    const at = this.#at;
    this.#at += size;
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at);
    if (size === 4) return this.#view.getUint32(at);
    const value = this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
    if (value > Number.MAX_SAFE_INTEGER) throw malformed(start, 'integer beyond 2^53');
    return value;
  }

  #simple(start: number, info: number): undefined {
    if (info >= 20 && info <= 22) return;
    if (info < 25 || info > 27) throw malformed(start, 'neither false, true, null nor a float');
    const size = 1 << (info - 24);
    this.#need(start, size);
    this.#at += size;
  }

  #string(start: number, length: number, text: boolean): string | undefined {
    this.#need(start, length);
    const content = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    if (!text) return undefined;
    if (!isUtf8(content)) throw malformed(start, 'text is not UTF-8');
    return length > 256 ? undefined : `3:${Buffer.from(content).toString('latin1')}`;
  }

  #array(start: number, count: number, depth: number): void {
    this.#need(start, count);
    for (let index = 0; index < count; index += 1) this.#item(depth + 1);
  }

  #map(start: number, count: number, depth: number): void {
    this.#need(start, count * 2);
    const keys = new Set<string>();
    for (let index = 0; index < count; index += 1) {
      const at = this.#at;
      const key = this.#item(depth + 1);
      if (key === undefined)
        throw malformed(at, 'a key is neither an integer nor a text of 256 bytes at most');
      if (keys.has(key)) throw malformed(at, 'a key appears twice');
      keys.add(key);
      this.#item(depth + 1);
    }
  }

  #need(start: number, size: number): void {
    if (size > this.#bytes.length - this.#at) throw malformed(start, 'longer than the bytes that follow');
  }
}

/**
 * Checks that `bytes` are exactly one well-formed item (RFC 8949 appendix C) of the subset used here: definite
 * lengths, integers within ±(2^53 − 1), no tags, UTF-8, no duplicate keys, bounded depth and item count. After
 * it no decoder can be made to allocate more than a small multiple of the input. Throws `WireError`.
 */
export const scanCbor = (bytes: Uint8Array): void => new Scan(bytes).whole();
