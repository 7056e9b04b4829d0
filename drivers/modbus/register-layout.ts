import type { RegisterMap, RegisterType } from '../profile.js';

/** Bytes of each type on the line; a string has two a register. */
export const WIDTHS: Readonly<Record<Exclude<RegisterType, 'string'>, number>> = {
  bool: 2,
  int8h: 2,
  int8l: 2,
  uint8h: 2,
  uint8l: 2,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int48: 6,
  uint48: 6,
  int64: 8,
  uint64: 8,
  signmag16: 2,
  signmag32: 4,
  bcd16: 2,
  bcd32: 4,
  bcd48: 6,
  bcd64: 8,
  mod10k32: 4,
  mod10k48: 6,
  mod10k64: 8,
  float32: 4,
  float64: 8,
};

export const isBitTable = (table: RegisterMap['table']): boolean => table === 'coil' || table === 'discrete';

/** Bytes of a point's value in a register table. */
export const byteWidth = (register: RegisterMap): number =>
  register.type === 'string' ? 2 * register.length : WIDTHS[register.type];

/**
 * The bits of a register that are the point's own; `undefined` where it has the whole of its registers, or what makes a
 * bool of the whole register.
 */
export const fieldMask = ({ type, bit, mask }: RegisterMap): number | undefined => {
  if (type === 'uint8h' || type === 'int8h') return 0xff00;
  if (type === 'uint8l' || type === 'int8l') return 0x00ff;
  return bit === undefined ? mask : 1 << bit;
};

/** How many addresses of its table a point covers: registers, its exponent's too, or one coil. */
export const span = (register: RegisterMap): number => {
  if (isBitTable(register.table)) return 1;
  const { valueAt, exponentAt } = register.exponent ?? { valueAt: 0, exponentAt: 0 };
  return Math.max(valueAt + byteWidth(register) / 2, exponentAt + 1);
};

/** The registers of the point's value itself. */
export const valueRegisters = (register: RegisterMap): { readonly first: number; readonly end: number } => {
  const first = register.address + (register.exponent?.valueAt ?? 0);
  return { first, end: first + byteWidth(register) / 2 };
};

/** The byte order that a type must name every letter of: a string's is that of one register. */
const letters = (register: RegisterMap): number => (register.type === 'string' ? 2 : byteWidth(register));

const LETTERS = 'ABCDEFGH';

/** Whether `order` names each byte of the type once. */
export const orderFits = (register: RegisterMap): boolean => {
  const { order } = register;
  const count = letters(register);
  if (order.length !== count) return false;
  for (let index = 0; index < count; index++) if (!order.includes(LETTERS.charAt(index))) return false;
  return true;
};

const place = (order: string, index: number): number => {
  const cycle = index % order.length;
  return index - cycle + order.charCodeAt(cycle) - 65;
};

/** Bytes as they came on the line, put most significant first (text: in reading order). */
export const toBigEndian = (line: Uint8Array, order: string): Uint8Array => {
  const ordered = new Uint8Array(line.length);
  line.forEach((byte, index) => (ordered[place(order, index)] = byte));
  return ordered;
};

/** Inverse of `toBigEndian`. */
export const fromBigEndian = (ordered: Uint8Array, order: string): Uint8Array =>
  ordered.map((_, index) => ordered[place(order, index)] ?? 0);
