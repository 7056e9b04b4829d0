import type { RegisterMap } from '../profile.js';
import { formOf, placedBits } from './integer-types.js';
import { byteWidth, fromBigEndian, isBitTable } from './register-layout.js';
import { unscaleFloat, unscaleInteger, type Scaling } from './scaling.js';

const setUnsigned = (bits: bigint, bytes: Uint8Array): void => {
  bytes.forEach((_, index) => {
    bytes[index] = Number((bits >> BigInt(8 * (bytes.length - 1 - index))) & 0xffn);
  });
};

const encodeInteger = (raw: bigint, register: RegisterMap, bytes: Uint8Array): void => {
  const form = formOf(register);
  if (form === undefined || raw < form.lowest || raw > form.highest)
    throw new RangeError(`${raw} does not fit ${register.type}`);
  setUnsigned(placedBits(form.toBits(raw), register), bytes);
};

const encodeText = (text: string, bytes: Uint8Array): void => {
  const { read } = new TextEncoder().encodeInto(text, bytes);
  if (read < text.length) throw new RangeError(`"${text}" does not fit ${bytes.length} bytes`);
};

const encodeNumber = (value: number | bigint, register: RegisterMap, scaling: Scaling, bytes: Uint8Array) => {
  const view = new DataView(bytes.buffer);
  switch (register.type) {
    case 'float32':
      return view.setFloat32(0, unscaleFloat(Number(value), scaling));
    case 'float64':
      return view.setFloat64(0, unscaleFloat(Number(value), scaling));
    case 'bool':
      return setUnsigned(Number(value) === 0 ? 0n : placedBits(1n, register), bytes);
    case 'string':
      return encodeText(String(value), bytes);
    default:
      return encodeInteger(unscaleInteger(value, scaling), register, bytes);
  }
};

/**
 * The bytes that a device would send for a value: inverse of `decodeRegisters`, in the same shapes.
 * Throws a `RangeError` where the value does not fit the register.
 */
export const encodeRegisters = (
  value: number | bigint | string,
  register: RegisterMap,
  scaling: Scaling,
): Uint8Array => {
  if (isBitTable(register.table)) return Uint8Array.of(Number(value) === 0 ? 0 : 1);
  const bytes = new Uint8Array(byteWidth(register));
  if (typeof value === 'string') encodeText(value, bytes);
  else encodeNumber(value, register, scaling, bytes);
  return fromBigEndian(bytes, register.order);
};
