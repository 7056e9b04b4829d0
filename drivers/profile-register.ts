import type { Path, Report } from './document/yaml-document.js';
import type { PlaceFields, PointDefaults } from './profile-fields.js';
import { WIDTHS } from './modbus/register-layout.js';
import { REGISTER_TYPES } from './profile.js';
import type { RegisterExponent, RegisterMap, RegisterType } from './profile.js';

const LETTERS = 'ABCDEFGH';

/** The orders that makers give for 32 bits, as what they do to bytes: swapped words, swapped bytes within words. */
const NAMED: Readonly<Record<string, { readonly words: boolean; readonly bytes: boolean }>> = {
  ABCD: { words: false, bytes: false },
  CDAB: { words: true, bytes: false },
  BADC: { words: false, bytes: true },
  DCBA: { words: true, bytes: true },
};

/** A device's 32-bit order carried over to another width; `undefined` where the order has no such name. */
const carriedOver = (order: string, bytes: number): string | undefined => {
  const named = NAMED[order];
  if (named === undefined) return undefined;
  const words = Array.from({ length: bytes / 2 }, (_, index) => LETTERS.slice(2 * index, 2 * index + 2));
  const ordered = named.words ? words.toReversed() : words;
  return ordered.map((word) => (named.bytes ? `${word[1]}${word[0]}` : word)).join('');
};

const isPermutation = (order: string, bytes: number): boolean =>
  order.split('').toSorted().join('') === LETTERS.slice(0, bytes);

const ORDERS: Readonly<Record<number, readonly string[]>> = {
  2: ['AB', 'BA'],
  4: ['ABCD', 'CDAB', 'BADC', 'DCBA'],
  6: ['ABCDEF', 'EFCDAB', 'BADCFE', 'FEDCBA'],
  8: ['ABCDEFGH', 'GHEFCDAB', 'BADCFEHG', 'HGFEDCBA'],
};

interface RegisterContext {
  readonly path: Path;
  readonly report: Report;
  readonly defaults: PointDefaults;
  readonly addressBase: number;
}

const orderOf = (fields: PlaceFields, bytes: number, context: RegisterContext): string => {
  const straight = LETTERS.slice(0, bytes);
  if (fields.order !== undefined) {
    if (isPermutation(fields.order, bytes)) return fields.order;
    const message = `${fields.order} does not order ${bytes} bytes`;
    context.report([...context.path, 'order'], message, ORDERS[bytes] ?? []);
    return straight;
  }
  const general = context.defaults.order ?? straight;
  return isPermutation(general, bytes) ? general : (carriedOver(general, bytes) ?? straight);
};

/** Sentinels are compared with the raw registers, unsigned. */
const sentinelsOf = (
  fields: PlaceFields,
  bytes: number,
  context: RegisterContext,
): readonly (number | bigint)[] => {
  const limit = 2n ** BigInt(8 * bytes);
  for (const [index, sentinel] of (fields.sentinels ?? []).entries()) {
    const whole =
      typeof sentinel === 'bigint' || (typeof sentinel === 'number' && Number.isInteger(sentinel));
    if (!whole || BigInt(sentinel) < 0n || BigInt(sentinel) >= limit) {
      const path = [...context.path, 'sentinels', String(index)];
      context.report(path, `must be a whole number from 0 to 0x${(limit - 1n).toString(16).toUpperCase()}`);
    }
  }
  return fields.sentinels ?? [];
};

/** Whether the bits of a mask have no gap between them. */
const areNeighbours = (mask: number): boolean => /^1+0*$/.test(mask.toString(2));

const checkForm = (
  fields: PlaceFields,
  table: string,
  type: RegisterType,
  context: RegisterContext,
): void => {
  const at = (key: string): Path => [...context.path, key];
  const single = table === 'coil' || table === 'discrete';
  if (single && type !== 'bool') context.report(at('type'), `a ${table} is one bit`, ['bool']);
  if (fields.bit !== undefined && (single || type !== 'bool')) {
    context.report(at('bit'), 'belongs to a bool in a holding or input register only');
  }
  if (!single && type === 'bool' && fields.bit === undefined) {
    context.report(at('bit'), 'is missing: a bit, 0 (least significant) to 15');
  }
  if (fields.mask !== undefined) {
    if (single || type !== 'uint16')
      context.report(at('mask'), 'belongs to a uint16 in a holding or input register only');
    if (!areNeighbours(fields.mask)) context.report(at('mask'), 'must be bits that stand side by side');
  }
  if (type === 'string' && fields.length === undefined) {
    context.report(at('length'), 'is missing: registers of a string, 1 to 125');
  }
  if (type !== 'string' && fields.length !== undefined)
    context.report(at('length'), 'belongs to a string only');
};

/** The furthest that a value and its exponent may lie apart: one request must hold both. */
const MOST_REGISTERS = 125;

/** Where value and exponent stand among the point's registers; `undefined` where there is no exponent. */
const exponentOf = (
  fields: PlaceFields,
  table: string,
  type: RegisterType,
  registers: number,
  context: RegisterContext,
): RegisterExponent | undefined => {
  if (fields.exponent === undefined) return undefined;
  const path = [...context.path, 'exponent'];
  const after = fields.exponent - fields.address;
  if (table === 'coil' || table === 'discrete' || type === 'bool' || type === 'string')
    context.report(path, 'belongs to a number');
  else if (after >= 0 && after < registers) context.report(path, "must not be one of the value's registers");
  else if (after >= MOST_REGISTERS || registers - after > MOST_REGISTERS)
    context.report(path, `must lie with the value within ${MOST_REGISTERS} registers`);
  return { valueAt: Math.max(0, -after), exponentAt: Math.max(0, after) };
};

/** Fills in a point's place on a Modbus device; what is wrong is reported, and the place given is then of no use. */
export const buildRegister = (fields: PlaceFields, context: RegisterContext): RegisterMap => {
  const at = (key: string): Path => [...context.path, key];
  const table = fields.table ?? context.defaults.table ?? 'holding';
  const single = table === 'coil' || table === 'discrete';
  const type = fields.type ?? (single ? 'bool' : context.defaults.type);
  if (type === undefined) context.report(at('type'), 'is missing: the type of the registers', REGISTER_TYPES);
  const known = type ?? 'uint16';
  checkForm(fields, table, known, context);
  const bytes = known === 'string' ? 2 : WIDTHS[known];
  const registers = known === 'string' ? (fields.length ?? 1) : bytes / 2;
  const exponent = exponentOf(fields, table, known, registers, context);
  const { valueAt, exponentAt } = exponent ?? { valueAt: 0, exponentAt: 0 };
  const length = Math.max(valueAt + registers, exponentAt + 1);
  const address = Math.min(fields.address, fields.exponent ?? fields.address) - context.addressBase;
  if (address < 0) context.report(at('address'), 'the first register is 1 here (addressBase: 1)');
  if (address + length > 65_536) context.report(at('address'), 'the registers end beyond 65535');
  return {
    table,
    address,
    type: known,
    order: orderOf(fields, bytes, context),
    length,
    sentinels: sentinelsOf(fields, known === 'string' ? 2 : bytes, context),
    ...(fields.bit === undefined ? {} : { bit: fields.bit }),
    ...(fields.mask === undefined ? {} : { mask: fields.mask }),
    ...(exponent === undefined ? {} : { exponent }),
  };
};
