import type { Doubt, Fault } from '../sample.js';
import type { CurrentLoop, RegisterMap } from '../profile.js';
import { judgeLoop } from './current-loop.js';
import { formOf, ownBits } from './integer-types.js';
import { byteWidth, isBitTable, orderFits, span, toBigEndian } from './register-layout.js';
import { raised, scaleFloat, scaleInteger, type Scaling } from './scaling.js';

/** What bytes mean: a value, or `null` and why there is none. */
export interface Decoded {
  readonly value: number | bigint | string | null;
  readonly fault?: Fault;
  readonly doubt?: Doubt;
}

/** What makes values of raw ones. */
export interface Decoding extends Scaling {
  readonly loop?: CurrentLoop;
}

const MAX_INT64 = 2n ** 63n - 1n;

const none = (code: 'sentinel' | 'decode', detail: string): Decoded => ({
  value: null,
  fault: { code, detail },
});

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const unsigned = (bytes: Uint8Array): bigint => {
  if (bytes.length === 2) return BigInt(viewOf(bytes).getUint16(0));
  if (bytes.length === 4) return BigInt(viewOf(bytes).getUint32(0));
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
};

const matchesSentinel = (bytes: Uint8Array, register: RegisterMap): boolean => {
  if (register.sentinels.length === 0) return false;
  const raw = ownBits(unsigned(bytes), register);
  return register.sentinels.some((sentinel) => BigInt(sentinel) === raw);
};

const decodeText = (bytes: Uint8Array): Decoded => {
  const end = bytes.indexOf(0);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(
      bytes.subarray(0, end < 0 ? undefined : end),
    );
    return { value: text.trimEnd() };
  } catch {
    return none('decode', 'the registers hold no UTF-8 text');
  }
};

const decodeFloat = (value: number, scaling: Scaling): Decoded => {
  if (Number.isNaN(value)) return none('sentinel', 'the device says NaN');
  if (!Number.isFinite(value)) return none('decode', 'the device says infinity');
  return { value: scaleFloat(value, scaling) };
};

const decodeInteger = (bytes: Uint8Array, register: RegisterMap, scaling: Scaling): Decoded => {
  const bits = ownBits(unsigned(bytes), register);
  const raw = formOf(register)?.fromBits(bits) ?? bits;
  if (typeof raw === 'string') return none('decode', raw);
  const value = scaleInteger(raw, scaling);
  return value > MAX_INT64 || value < -MAX_INT64 - 1n
    ? none('decode', `${value} is beyond 64-bit signed integers`)
    : { value };
};

const decodeOrdered = (bytes: Uint8Array, register: RegisterMap, scaling: Scaling): Decoded => {
  switch (register.type) {
    case 'string':
      return decodeText(bytes);
    case 'float32':
      return decodeFloat(viewOf(bytes).getFloat32(0), scaling);
    case 'float64':
      return decodeFloat(viewOf(bytes).getFloat64(0), scaling);
    case 'bool':
      return { value: ownBits(unsigned(bytes), register) === 0n ? 0 : 1 };
    default:
      return decodeInteger(bytes, register, scaling);
  }
};

/** An exponent that says "no value" (SunSpec's "not implemented"). */
const NO_EXPONENT = -0x8000;
/** SunSpec's scale factors run from -10 to 10: beyond that it is no exponent. */
const MOST_EXPONENT = 10;

/** The scaling that goes with the exponent beside the value, or why there is none. */
const exponentScaling = (bytes: Uint8Array, at: number, scaling: Scaling): Scaling | Decoded => {
  const exponent = viewOf(bytes).getInt16(2 * at);
  if (exponent === NO_EXPONENT) return none('sentinel', 'the device says "no value" in the exponent');
  return Math.abs(exponent) > MOST_EXPONENT
    ? none('decode', `the exponent is ${exponent}, beyond ${MOST_EXPONENT}`)
    : raised(scaling, exponent);
};

/** A current that no sound loop carries is no value. */
const throughLoop = (decoded: Decoded, loop: CurrentLoop): Decoded => {
  if (decoded.value === null) return decoded;
  const judged = judgeLoop(Number(decoded.value), loop);
  return judged.fault === undefined ? { ...decoded, ...judged } : { value: null, fault: judged.fault };
};

/**
 * Decodes one point from its bytes as they came on the line: the registers of the point, or for a coil or
 * discrete input one byte, 0 or 1. Integers are scaled in decimal arithmetic; beyond 2^53 − 1 they come as
 * `bigint`. A sentinel, NaN, a failed current loop or bytes that fit no value give `null` and a fault, never an exception.
 */
export const decodeRegisters = (bytes: Uint8Array, register: RegisterMap, decoding: Decoding): Decoded => {
  if (isBitTable(register.table)) return { value: bytes[0] === 0 ? 0 : 1 };
  const width = 2 * span(register);
  if (bytes.length !== width) return none('decode', `${bytes.length} bytes where ${width} are needed`);
  if (!orderFits(register))
    return none('decode', `byte order ${register.order} does not fit ${register.type}`);
  const valueAt = 2 * (register.exponent?.valueAt ?? 0);
  const ordered = toBigEndian(bytes.subarray(valueAt, valueAt + byteWidth(register)), register.order);
  if (matchesSentinel(ordered, register)) return none('sentinel', `the device says "no value"`);
  const scaling =
    register.exponent === undefined
      ? decoding
      : exponentScaling(bytes, register.exponent.exponentAt, decoding);
  if ('value' in scaling) return scaling;
  const decoded = decodeOrdered(ordered, register, scaling);
  return decoding.loop === undefined ? decoded : throughLoop(decoded, decoding.loop);
};
