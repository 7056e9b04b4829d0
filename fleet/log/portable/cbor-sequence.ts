/** Byte strings of a CBOR sequence (RFC 8742): their heads (RFC 8949 section 3.1, major type 2) tell them apart. */

const SHORT = 0x40;
const SIZES = [
  { info: 0x58, bytes: 1, most: 0xff },
  { info: 0x59, bytes: 2, most: 0xffff },
  { info: 0x5a, bytes: 4, most: 0xffff_ffff },
] as const;

export const byteStringHead = (length: number): Uint8Array => {
  if (length < 24) return Uint8Array.of(SHORT + length);
  const size = SIZES.find(({ most }) => length <= most);
  if (size === undefined) throw new RangeError(`${length} bytes do not fit one item`);
  const head = Buffer.alloc(1 + size.bytes);
  head.writeUInt8(size.info);
  head.writeUIntBE(length, 1, size.bytes);
  return head;
};

/** Where the first byte string's content lies; `more` where it is not all there, `no` where it is none or too long. */
export const readByteString = (
  bytes: Buffer,
  most: number,
): { readonly start: number; readonly end: number } | 'more' | 'no' => {
  const [initial] = bytes;
  if (initial === undefined) return 'more';
  if (initial >= SHORT && initial < SHORT + 24) return within(bytes, 1, initial - SHORT);
  const size = SIZES.find(({ info }) => info === initial);
  if (size === undefined) return 'no';
  if (bytes.length < 1 + size.bytes) return 'more';
  const length = bytes.readUIntBE(1, size.bytes);
  return length > most ? 'no' : within(bytes, 1 + size.bytes, length);
};

const within = (bytes: Buffer, start: number, length: number) =>
  bytes.length < start + length ? 'more' : { start, end: start + length };
