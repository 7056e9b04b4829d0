import { ILLEGAL_DATA_ADDRESS, ILLEGAL_DATA_VALUE } from '../exceptions.js';
import type { RegisterImage } from './register-image.js';

/** What a write comes to: an exception's code, or the reply's data. */
export type Written = number | Uint8Array;

type Write = (data: DataView, image: RegisterImage, timeMs: number) => Written;

const MAX_COILS = 1968;
const MAX_REGISTERS = 123;
/** Function 23 (section 6.17). */
const MAX_REGISTERS_BESIDE_READ = 121;
const MAX_READ_REGISTERS = 125;

const bytesOf = (data: DataView, from: number, to = data.byteLength): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset + from, to - from).slice();

const confirmed = (done: boolean, data: DataView, bytes: number): Written =>
  done ? bytesOf(data, 0, bytes) : ILLEGAL_DATA_ADDRESS;

const writeCoil: Write = (data, image) => {
  const state = data.byteLength === 4 ? data.getUint16(2) : 1;
  if (state !== 0xff00 && state !== 0) return ILLEGAL_DATA_VALUE;
  const bit = Uint8Array.of(state === 0 ? 0 : 1);
  return confirmed(image.write('coil', data.getUint16(0), bit), data, 4);
};

const writeRegister: Write = (data, image) =>
  data.byteLength === 4
    ? confirmed(image.write('holding', data.getUint16(0), bytesOf(data, 2)), data, 4)
    : ILLEGAL_DATA_VALUE;

const writeCoils: Write = (data, image) => {
  const count = data.byteLength < 6 ? 0 : data.getUint16(2);
  const packed = bytesOf(data, 5);
  if (count < 1 || count > MAX_COILS || packed.length !== Math.ceil(count / 8)) return ILLEGAL_DATA_VALUE;
  const bits = Uint8Array.from({ length: count }, (_, bit) => ((packed[bit >>> 3] ?? 0) >>> (bit & 7)) & 1);
  return confirmed(image.write('coil', data.getUint16(0), bits), data, 4);
};

const writeRegisters: Write = (data, image) => {
  const count = data.byteLength < 7 ? 0 : data.getUint16(2);
  const bytes = bytesOf(data, 5);
  if (count < 1 || count > MAX_REGISTERS || bytes.length !== 2 * count) return ILLEGAL_DATA_VALUE;
  return confirmed(image.write('holding', data.getUint16(0), bytes), data, 4);
};

const maskRegister: Write = (data, image, timeMs) => {
  if (data.byteLength !== 6) return ILLEGAL_DATA_VALUE;
  const address = data.getUint16(0);
  const held = image.read('holding', address, 1, timeMs);
  if (held === undefined) return ILLEGAL_DATA_ADDRESS;
  const [and, or] = [data.getUint16(2), data.getUint16(4)];
  const value = (new DataView(held.buffer).getUint16(0) & and) | (or & ~and);
  return confirmed(image.write('holding', address, Uint8Array.of(value >>> 8, value & 0xff)), data, 6);
};

const readWrite: Write = (data, image, timeMs) => {
  if (data.byteLength < 11) return ILLEGAL_DATA_VALUE;
  const [count, writes] = [data.getUint16(2), data.getUint16(6)];
  const bytes = bytesOf(data, 9);
  const legal =
    count >= 1 && count <= MAX_READ_REGISTERS && writes >= 1 && writes <= MAX_REGISTERS_BESIDE_READ;
  if (!legal || bytes.length !== 2 * writes) return ILLEGAL_DATA_VALUE;
  if (image.read('holding', data.getUint16(0), count, timeMs) === undefined) return ILLEGAL_DATA_ADDRESS;
  if (!image.write('holding', data.getUint16(4), bytes)) return ILLEGAL_DATA_ADDRESS;
  const read = image.read('holding', data.getUint16(0), count, timeMs) ?? [];
  return Uint8Array.from([2 * count, ...read]);
};

/**
 * Functions that write (Modbus Application Protocol 1.1b3, sections 6.5, 6.6, 6.11, 6.12, 6.16, 6.17), by code. Each
 * takes the request's data and changes the image, or nothing where it answers an exception.
 */
export const WRITES: ReadonlyMap<number, Write> = new Map([
  [5, writeCoil],
  [6, writeRegister],
  [15, writeCoils],
  [16, writeRegisters],
  [22, maskRegister],
  [23, readWrite],
]);
