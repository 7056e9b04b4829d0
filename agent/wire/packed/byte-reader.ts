import { WireError } from '../errors.js';

const cut = (): WireError => new WireError('malformed', 'a column ends in the middle of a value');

/** Bits handled at once: with up to 7 pending they stay within the 31 of a non-negative int32. */
const CHUNK = 24;

/** What one body may still unpack to; shared by the readers of its columns. */
export interface Budget {
  left: number;
}

/** Reads what `ByteWriter` wrote; throws `WireError` at the end of the bytes, never reads beyond. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: Budget;
  #at = 0;

  constructor(bytes: Uint8Array, budget: Budget) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = budget;
  }

  /** Asks for room to unpack `count` values. Throws 'too-large' when the body's budget is spent. */
  reserve(count: number): void {
    this.#budget.left -= count;
    if (this.#budget.left < 0) throw new WireError('too-large', 'a body unpacks to too many values');
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) throw cut();
    this.#at += 1;
    return value;
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 0x80;
    do {
      if (scale > 2 ** 49) throw new WireError('malformed', 'a varint is longer than eight bytes');
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
    } while (byte >= 0x80);
    if (value > Number.MAX_SAFE_INTEGER) throw new WireError('malformed', 'a varint is beyond 2^53');
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    if (value < 2 ** 31) return (value >>> 1) ^ -(value & 1);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  zigzag64(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new WireError('malformed', 'an int64 is longer than ten bytes');
  }

  float32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  string(): Uint8Array {
    const length = this.varint();
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Fills `values` with unsigned integers of `width` bits each, 0 to 53. */
  bits(values: Float64Array, width: number): void {
    const at = this.#take(Math.ceil((values.length * width) / 8));
    if (width > CHUNK) this.#wideBits(at, values, width);
    else this.#narrowBits(at, values, width);
  }

  #narrowBits(start: number, values: Float64Array, width: number): void {
    const bytes = this.#bytes;
    const mask = 2 ** width - 1;
    let at = start;
    let pending = 0;
    let size = 0;
    for (let index = 0; index < values.length; index += 1) {
      for (; size < width; size += 8) {
        pending |= (bytes[at] ?? 0) << size;
        at += 1;
      }
      values[index] = pending & mask;
      pending >>>= width;
      size -= width;
    }
  }

  #wideBits(start: number, values: Float64Array, width: number): void {
    let at = start;
    let pending = 0;
    let size = 0;
    for (let index = 0; index < values.length; index += 1) {
      let value = 0;
      for (let done = 0; done < width; done += CHUNK) {
        const taken = Math.min(width - done, CHUNK);
        for (; size < taken; size += 8) {
          pending |= (this.#bytes[at] ?? 0) << size;
          at += 1;
        }
        value += (pending & (2 ** taken - 1)) * 2 ** done;
        pending >>>= taken;
        size -= taken;
      }
      values[index] = value;
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new WireError('malformed', 'bytes after the end of a column');
  }

  #take(size: number): number {
    const at = this.#at;
    if (size > this.#bytes.length - at) throw cut();
    this.#at += size;
    return at;
  }
}
