/** Bits handled at once: with up to 7 pending they stay within the 31 of a non-negative int32. */
const CHUNK = 24;

/** Bytes that grow at the end. Varints are LEB128; zigzag maps 0, −1, 1, −2 … to 0, 1, 2, 3 …. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** Unsigned, up to 2^53 − 1. */
  varint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest % 0x80) | 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  /** Signed, magnitude up to 2^52 − 1. */
  zigzag(value: number): void {
    this.varint(value >= 0 ? value * 2 : value * -2 - 1);
  }

  /** Signed 64 bits. */
  zigzag64(value: bigint): void {
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  /** Little-endian. */
  float32(value: number): void {
    this.#room(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  /** Little-endian. */
  float64(value: number): void {
    this.#room(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** Length as varint, then the bytes. */
  string(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Unsigned integers of `width` bits each (0 to 53), least significant bit first, padded to a byte. */
  bits(values: Float64Array, width: number): void {
    this.#room(Math.ceil((values.length * width) / 8));
    let pending = 0;
    let size = 0;
    for (const value of values) {
      let rest = value;
      for (let left = width; left > 0; left -= CHUNK) {
        const taken = Math.min(left, CHUNK);
        const chunk = rest % 2 ** taken;
        rest = Math.floor(rest / 2 ** taken);
        pending |= chunk << size;
        for (size += taken; size >= 8; size -= 8) {
          this.#bytes[this.#length] = pending & 0xff;
          this.#length += 1;
          pending >>>= 8;
        }
      }
    }
    if (size > 0) this.byte(pending);
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #room(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
