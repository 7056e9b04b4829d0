import type { RegisterMap, RegisterType } from '../profile.js';
import { fieldMask } from './register-layout.js';

export type IntegerType = Exclude<RegisterType, 'bool' | 'float32' | 'float64' | 'string'>;

/** How whole numbers stand in the bits of a register, most significant byte first. */
export interface IntegerForm {
  readonly lowest: bigint;
  readonly highest: bigint;
  /** The number that the bits mean, or why they mean none. */
  fromBits(bits: bigint): bigint | string;
  /** Inverse of `fromBits`, for a number within the bounds. */
  toBits(value: bigint): bigint;
}

const unsigned = (width: bigint): IntegerForm => ({
  lowest: 0n,
  highest: 2n ** width - 1n,
  fromBits: (bits) => bits,
  toBits: (value) => value,
});

const signed = (width: number): IntegerForm => ({
  lowest: -(2n ** BigInt(width - 1)),
  highest: 2n ** BigInt(width - 1) - 1n,
  fromBits: (bits) => BigInt.asIntN(width, bits),
  toBits: (value) => BigInt.asUintN(width, value),
});

const signMagnitude = (width: bigint): IntegerForm => {
  const sign = 2n ** (width - 1n);
  return {
    lowest: 1n - sign,
    highest: sign - 1n,
    fromBits: (bits) => ((bits & sign) === 0n ? bits : sign - bits),
    toBits: (value) => (value < 0n ? sign - value : value),
  };
};

/** Hexadecimal digits that are all decimal ones. */
const BCD = /^\d+$/;

const bcd = (digits: bigint): IntegerForm => ({
  lowest: 0n,
  highest: 10n ** digits - 1n,
  fromBits: (bits) => {
    const text = bits.toString(16);
    return BCD.test(text) ? BigInt(text) : `0x${text.toUpperCase()} holds a digit above 9: it is no BCD`;
  },
  toBits: (value) => BigInt(`0x${value}`),
});

const MODULUS = 10_000n;
const REGISTER = 65_536n;

const modulo10000 = (registers: bigint): IntegerForm => ({
  lowest: 0n,
  highest: MODULUS ** registers - 1n,
  fromBits: (bits) => {
    let value = 0n;
    for (let index = registers - 1n; index >= 0n; index--) {
      const part = (bits / REGISTER ** index) % REGISTER;
      if (part >= MODULUS) return `a register holds ${part}, and none may hold more than 9999`;
      value = value * MODULUS + part;
    }
    return value;
  },
  toBits: (value) => {
    let bits = 0n;
    for (let index = registers - 1n; index >= 0n; index--)
      bits = bits * REGISTER + ((value / MODULUS ** index) % MODULUS);
    return bits;
  },
});

const FORMS: Readonly<Record<IntegerType, IntegerForm>> = {
  int8h: signed(8),
  int8l: signed(8),
  uint8h: unsigned(8n),
  uint8l: unsigned(8n),
  int16: signed(16),
  uint16: unsigned(16n),
  int32: signed(32),
  uint32: unsigned(32n),
  int48: signed(48),
  uint48: unsigned(48n),
  int64: signed(64),
  uint64: unsigned(64n),
  signmag16: signMagnitude(16n),
  signmag32: signMagnitude(32n),
  bcd16: bcd(4n),
  bcd32: bcd(8n),
  bcd48: bcd(12n),
  bcd64: bcd(16n),
  mod10k32: modulo10000(2n),
  mod10k48: modulo10000(3n),
  mod10k64: modulo10000(4n),
};

/** The form of a register's whole numbers; those that fill only the bits of `mask` have that many bits. */
const integerForm = ({ type, mask }: { type: IntegerType; mask?: number }): IntegerForm =>
  mask === undefined ? FORMS[type] : unsigned(BigInt(mask.toString(2).replaceAll('0', '').length));

const isOfInteger = (register: RegisterMap): register is RegisterMap & { readonly type: IntegerType } =>
  Object.hasOwn(FORMS, register.type);

/** The form of a register that holds a whole number; `undefined` for floats, text and single bits. */
export const formOf = (register: RegisterMap): IntegerForm | undefined =>
  isOfInteger(register) ? integerForm(register) : undefined;

/** Zeros below a mask: what is in the bits of the mask stands that far up in the register. */
const shiftOf = (mask: number): bigint => BigInt(31 - Math.clz32(mask & -mask));

/** The bits that are a register's own, of all that it holds. */
export const ownBits = (bits: bigint, register: RegisterMap): bigint => {
  const mask = fieldMask(register);
  return mask === undefined ? bits : (bits & BigInt(mask)) >> shiftOf(mask);
};

/** Inverse of `ownBits`: its own bits where they belong, and zeros beside them. */
export const placedBits = (bits: bigint, register: RegisterMap): bigint => {
  const mask = fieldMask(register);
  return mask === undefined ? bits : bits << shiftOf(mask);
};
