import { encodeRegisters } from '../encode-registers.js';
import { identityProbe } from '../identity-guard.js';
import { formOf } from '../integer-types.js';
import { isBitTable, span } from '../register-layout.js';
import { raised, scaleInteger, unscaleInteger } from '../scaling.js';
import {
  isRegisterPoint,
  type Profile,
  type RegisterExponent,
  type RegisterMap,
  type RegisterPoint,
} from '../../profile.js';
import type { PointValues } from '../../simulator/point-values.js';

type Table = RegisterMap['table'];

/** What the registers of one unit hold. */
export interface RegisterImage {
  /**
   * Bytes of registers, or one byte (0 or 1) for each bit, as they stand at `timeMs`; `undefined` where an
   * address is not mapped.
   */
  read(table: Table, address: number, count: number, timeMs: number): Uint8Array | undefined;
  /**
   * Holds from now on what was written: two bytes a register, one (0 or 1) a bit. `false`, and nothing is changed, where
   * an address is of no point that may be written.
   */
  write(table: Table, address: number, bytes: Uint8Array): boolean;
  /** What the unit says of itself to function 43/14. */
  readonly identification?: { readonly vendor?: string; readonly product?: string };
}

const modulo = (value: number, by: number): number => ((value % by) + by) % by;

/** The nearest value that the register can hold; a counter wraps as the device's does. */
const fit = (value: number, point: RegisterPoint): number | bigint => {
  const form = formOf(point.register);
  const wrapped = point.rollover === undefined ? value : modulo(value, point.rollover);
  if (form === undefined) return wrapped;
  const { lowest, highest } = form;
  const raw = unscaleInteger(wrapped, point);
  const held =
    point.kind === 'counter' && (raw < lowest || raw > highest)
      ? BigInt(Math.trunc(modulo(Number(raw), Number(highest) + 1)))
      : raw;
  return scaleInteger(held < lowest ? lowest : held > highest ? highest : held, point);
};

/** The power of ten that leaves a point its decimals; points that share a register for it share their decimals too. */
const exponentOf = ({ scale, decimals = 0 }: RegisterPoint): number =>
  -decimals - Math.round(Math.log10(Math.abs(scale)));

/** A value and its exponent; what lies between belongs to others. */
const encodeWithExponent = (point: RegisterPoint, value: number, place: RegisterExponent): Uint8Array => {
  const exponent = exponentOf(point);
  const scaled = raised(point, exponent);
  const bytes = new Uint8Array(2 * span(point.register));
  bytes.set(encodeRegisters(fit(value, scaled), point.register, scaled), 2 * place.valueAt);
  new DataView(bytes.buffer).setInt16(2 * place.exponentAt, exponent);
  return bytes;
};

const encode = (point: RegisterPoint, value: number | string): Uint8Array => {
  if (typeof value === 'string')
    return encodeRegisters(value.slice(0, 2 * point.register.length), point.register, point);
  const { exponent } = point.register;
  if (exponent !== undefined) return encodeWithExponent(point, value, exponent);
  return encodeRegisters(fit(value, point), point.register, point);
};

/** Several points may be bits of one register. */
const overlay = (image: Uint8Array, bytes: Uint8Array, at: number): void => {
  bytes.forEach((byte, index) => {
    const place = at + index;
    if (place >= 0 && place < image.length) image[place] = (image[place] ?? 0) | byte;
  });
};

export const createRegisterImage = (profile: Profile, values: PointValues): RegisterImage => {
  const mapped = new Map<string, RegisterPoint[]>();
  for (const point of profile.points.filter(isRegisterPoint))
    for (let offset = 0; offset < span(point.register); offset++) {
      const key = `${point.register.table}:${point.register.address + offset}`;
      mapped.set(key, [...(mapped.get(key) ?? []), point]);
    }
  const fixed = new Map<RegisterPoint, number | string>();
  (profile.identity?.registers ?? []).forEach((told, index) => {
    const probe = identityProbe(told, index);
    fixed.set(probe, told.values[0] ?? 0);
    for (let offset = 0; offset < span(told.register); offset++)
      mapped.set(`${told.register.table}:${told.register.address + offset}`, [probe]);
  });
  const device = profile.identity?.device;
  const written = new Map<string, Uint8Array>();
  return {
    ...(device === undefined ? {} : { identification: device }),
    read: (table, address, count, timeMs) => {
      const asked = new Set<RegisterPoint>();
      for (let offset = 0; offset < count; offset++) {
        const points = mapped.get(`${table}:${address + offset}`);
        if (points === undefined) return undefined;
        for (const point of points) asked.add(point);
      }
      const width = isBitTable(table) ? 1 : 2;
      const image = new Uint8Array(count * width);
      for (const point of asked)
        overlay(
          image,
          encode(point, fixed.get(point) ?? values(point, timeMs)),
          (point.register.address - address) * width,
        );
      for (let offset = 0; offset < count; offset++)
        image.set(written.get(`${table}:${address + offset}`) ?? [], offset * width);
      return image;
    },
    write: (table, address, bytes) => {
      const width = isBitTable(table) ? 1 : 2;
      const keys = Array.from(
        { length: bytes.length / width },
        (_, offset) => `${table}:${address + offset}`,
      );
      if (!keys.every((key) => mapped.get(key)?.some(({ writable }) => writable !== undefined))) return false;
      keys.forEach((key, offset) => written.set(key, bytes.slice(offset * width, (offset + 1) * width)));
      return true;
    },
  };
};
