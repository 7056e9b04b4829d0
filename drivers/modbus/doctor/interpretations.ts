import type { RegisterPoint, RegisterMap, RegisterType } from '../../profile.js';
import { decodeRegisters } from '../decode-registers.js';

/** Registers read as one type in one order. */
export interface Interpretation {
  readonly type: RegisterType;
  readonly order: string;
  readonly value: number | bigint | string;
}

/** One place among the registers, in every type and order that fits there. */
export interface Readings {
  /** First register, counted from 0. */
  readonly register: number;
  /** Registers that are read. */
  readonly length: number;
  readonly interpretations: readonly Interpretation[];
}

const TYPES: Readonly<Record<number, readonly RegisterType[]>> = {
  1: ['int16', 'uint16', 'signmag16', 'bcd16', 'int8h', 'int8l', 'uint8h', 'uint8l'],
  2: ['int32', 'uint32', 'float32', 'signmag32', 'bcd32', 'mod10k32'],
  3: ['int48', 'uint48', 'bcd48', 'mod10k48'],
  4: ['int64', 'uint64', 'float64', 'bcd64', 'mod10k64'],
};

/**
 * Orders that devices use. Of the 24 and 40,320 there are, a device reverses words, bytes within words, or both;
 * 64-bit values also come with the words of each half swapped.
 */
const ORDERS: Readonly<Record<number, readonly string[]>> = {
  1: ['AB', 'BA'],
  2: ['ABCD', 'CDAB', 'BADC', 'DCBA'],
  3: ['ABCDEF', 'EFCDAB', 'BADCFE', 'FEDCBA'],
  4: ['ABCDEFGH', 'GHEFCDAB', 'BADCFEHG', 'HGFEDCBA', 'CDABGHEF', 'EFGHABCD'],
};

const UNSCALED = { scale: 1, offset: 0 } as const;
const LENGTHS = [1, 2, 3, 4] as const;

const registerMap = (type: RegisterType, order: string, length: number): RegisterMap => ({
  table: 'holding',
  address: 0,
  type,
  order,
  length,
  sentinels: [],
});

/** Halves of a register in swapped order are the other half. */
const isTwice = (type: RegisterType, order: string): boolean => /8[hl]$/.test(type) && order === 'BA';

const readAt = (bytes: Uint8Array, register: number, length: number): Readings => {
  const part = bytes.subarray(2 * register, 2 * (register + length));
  const interpretations = (TYPES[length] ?? []).flatMap((type) =>
    (ORDERS[length] ?? []).flatMap((order) => {
      if (isTwice(type, order)) return [];
      const { value } = decodeRegisters(part, registerMap(type, order, length), UNSCALED);
      return value === null ? [] : [{ type, order, value }];
    }),
  );
  return { register, length, interpretations };
};

/** Bytes of registers in every numeric type and order, at every place where they fit; values are not scaled. */
export const interpretRegisters = (
  bytes: Uint8Array,
  lengths: readonly number[] = LENGTHS,
): readonly Readings[] => {
  const registers = Math.floor(bytes.length / 2);
  return Array.from({ length: registers }, (_, register) => register).flatMap((register) =>
    lengths
      .filter((length) => register + length <= registers)
      .map((length) => readAt(bytes, register, length)),
  );
};

/** Registers as text, bytes straight and swapped; only where that is printable. */
export const interpretText = (bytes: Uint8Array): readonly Interpretation[] =>
  ['AB', 'BA'].flatMap((order) => {
    const { value } = decodeRegisters(bytes, registerMap('string', order, bytes.length / 2), UNSCALED);
    return typeof value === 'string' && /^[\x20-\x7e\u00a0-\uffff]{2,}$/.test(value)
      ? [{ type: 'string' as const, order, value }]
      : [];
  });

/** Nobody's device says less, but 0, or more; other bytes read as a float mostly do. */
const SMALLEST = 1e-3;
const LARGEST = 1e7;

/** What most registers hold. A small number reads as a small one in the other forms, too: they need a profile's word. */
const USUAL = /^(u?int(16|32|64)|float\d+|string|bool)$/;

const isShowable = (type: RegisterType, value: number | bigint): boolean => {
  const size = Math.abs(Number(value));
  if (type.startsWith('float')) return size === 0 || (size >= SMALLEST && size <= LARGEST);
  return size <= LARGEST;
};

/** Whether a value is one that a dial could show, where nothing is known of the point. */
export const isPlausible = ({ type, value }: Interpretation): boolean =>
  typeof value === 'string' || (USUAL.test(type) && isShowable(type, value));

/** The name of a type without its width and sign: whole numbers of one family are read in the same way. */
const family = (type: RegisterType): string => type.replace(/^u/, '').replace(/\d+(?=[hl]?$)/, '');

/** Points into whose range the value falls once scaled; of the interpretation's own width. */
export const pointsInRange = (
  { type, value }: Interpretation,
  length: number,
  points: readonly RegisterPoint[],
): readonly RegisterPoint[] =>
  points.filter(({ range, register, scale, offset }) => {
    if (typeof value === 'string' || range === undefined || register.length !== length) return false;
    if (family(register.type) !== family(type) || register.mask !== undefined) return false;
    const number = Number(value) * scale + offset;
    return number >= range[0] && number <= range[1] && isShowable(type, value);
  });
