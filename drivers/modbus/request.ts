import type { ReplyLength } from './framing.js';

/** A request of any function, and how its reply is read. */
export interface ModbusRequest<T> {
  /** Function and data. */
  readonly pdu: Uint8Array;
  readonly length: ReplyLength;
  /** Reads a reply's data (after unit and function, without checksum); `undefined` where it answers something else. */
  parse(data: Uint8Array): T | undefined;
}

const word = (value: number): readonly [number, number] => [(value >>> 8) & 0xff, value & 0xff];

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Unit, function and so many bytes. */
const fixed =
  (bytes: number): ReplyLength =>
  () =>
    2 + bytes;

const counted: ReplyLength = ([, , count]) => (count === undefined ? undefined : 3 + count);

/** A reply that repeats the first bytes of its request's data. */
const repeating = (pdu: Uint8Array, bytes: number): ModbusRequest<true> => ({
  pdu,
  length: fixed(bytes),
  parse: (data) => (sameBytes(data, pdu.subarray(1, 1 + bytes)) ? true : undefined),
});

const packed = (bits: readonly boolean[]): readonly number[] =>
  Array.from({ length: Math.ceil(bits.length / 8) }, (_, byte) =>
    bits.slice(8 * byte, 8 * byte + 8).reduce((sum, bit, index) => sum | (Number(bit) << index), 0),
  );

/** Function 5 (Modbus Application Protocol 1.1b3, section 6.5). */
export const writeCoil = (address: number, on: boolean): ModbusRequest<true> =>
  repeating(Uint8Array.of(5, ...word(address), on ? 0xff : 0, 0), 4);

/** Function 6 (section 6.6): one register, two bytes as they go on the line. */
export const writeRegister = (address: number, bytes: Uint8Array): ModbusRequest<true> =>
  repeating(Uint8Array.of(6, ...word(address), ...bytes.subarray(0, 2)), 4);

/** Function 15 (section 6.11): 1 to 1968 coils. */
export const writeCoils = (address: number, coils: readonly boolean[]): ModbusRequest<true> => {
  const bytes = packed(coils);
  return repeating(Uint8Array.from([15, ...word(address), ...word(coils.length), bytes.length, ...bytes]), 4);
};

/** Function 16 (section 6.12): 1 to 123 registers, two bytes each. */
export const writeRegisters = (address: number, bytes: Uint8Array): ModbusRequest<true> =>
  repeating(Uint8Array.from([16, ...word(address), ...word(bytes.length / 2), bytes.length, ...bytes]), 4);

/** Function 22 (section 6.16): register = (register and `and`) or (`or` and not `and`). */
export const maskRegister = (address: number, and: number, or: number): ModbusRequest<true> =>
  repeating(Uint8Array.of(22, ...word(address), ...word(and), ...word(or)), 6);

/** Function 23 (section 6.17): writes registers, then reads some, in one go. */
export const readWriteRegisters = (
  read: { readonly address: number; readonly count: number },
  write: { readonly address: number; readonly bytes: Uint8Array },
): ModbusRequest<Uint8Array> => ({
  pdu: Uint8Array.from([
    23,
    ...word(read.address),
    ...word(read.count),
    ...word(write.address),
    ...word(write.bytes.length / 2),
    write.bytes.length,
    ...write.bytes,
  ]),
  length: counted,
  parse: (data) => (data.length === 1 + 2 * read.count ? data.slice(1) : undefined),
});

/** Function 8 (section 6.8): gives the data word of the reply. */
export const diagnostic = (subFunction: number, data: number): ModbusRequest<number> => ({
  pdu: Uint8Array.of(8, ...word(subFunction), ...word(data)),
  length: fixed(4),
  parse: (reply) => {
    const fields = new DataView(reply.buffer, reply.byteOffset, reply.byteLength);
    return fields.getUint16(0) === subFunction ? fields.getUint16(2) : undefined;
  },
});

/** Function 17 (section 6.13): what the device says of itself, in a form of its own. */
export const reportServerId = (): ModbusRequest<Uint8Array> => ({
  pdu: Uint8Array.of(17),
  length: counted,
  parse: (data) => data.slice(1),
});

/** Function 20 (section 6.14), one record: `count` registers of a file, from a record number on. */
export const readFileRecord = (file: number, record: number, count: number): ModbusRequest<Uint8Array> => ({
  pdu: Uint8Array.of(20, 7, 6, ...word(file), ...word(record), ...word(count)),
  length: counted,
  parse: (data) =>
    data.length === 3 + 2 * count && data[1] === 1 + 2 * count && data[2] === 6 ? data.slice(3) : undefined,
});

/** What one reply to function 43/14 holds. */
export interface IdentificationPart {
  readonly objects: readonly (readonly [id: number, bytes: Uint8Array])[];
  /** The object to ask for next; absent where this was the last part. */
  readonly next?: number;
}

const IDENTIFICATION_HEAD = 8;

const identificationLength: ReplyLength = (body) => {
  const count = body[IDENTIFICATION_HEAD - 1];
  if (count === undefined) return undefined;
  let end = IDENTIFICATION_HEAD;
  for (let object = 0; object < count; object++) {
    const size = body[end + 1];
    if (size === undefined) return undefined;
    end += 2 + size;
  }
  return end > 254 ? -1 : end;
};

const parseIdentification = (data: Uint8Array): IdentificationPart | undefined => {
  const [mei, , , more, next, count = 0] = data;
  if (mei !== 14) return undefined;
  const objects: (readonly [number, Uint8Array])[] = [];
  let at = 6;
  for (let object = 0; object < count; object++) {
    const [id = 0, size = 0] = data.subarray(at, at + 2);
    objects.push([id, data.slice(at + 2, at + 2 + size)]);
    at += 2 + size;
  }
  return more === 0xff && next !== undefined ? { objects, next } : { objects };
};

/** Function 43/14 (section 6.21): level 1 basic, 2 regular, 3 extended, from an object on. */
export const readIdentification = (
  level: 1 | 2 | 3,
  firstObject: number,
): ModbusRequest<IdentificationPart> => ({
  pdu: Uint8Array.of(43, 14, level, firstObject),
  length: identificationLength,
  parse: parseIdentification,
});
