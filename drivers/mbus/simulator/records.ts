import { SimulatorError } from '../../simulator/simulator-error.js';
import type { Meaning } from '../application/meaning.js';
import { FIRST_EXTENSION, SECOND_EXTENSION } from '../application/extension-tables.js';
import { COMBINABLE, COMBINABLE_EXTENSION } from '../application/combinable-table.js';
import { PRIMARY_TABLE } from '../application/primary-table.js';
import { FUNCTIONS } from '../application/record.js';

/** A record as a simulated device sends it: what stands before its data, and how a value becomes those. */
export interface RecordForm {
  readonly header: Uint8Array;
  readonly encode: (value: number | bigint | string) => Uint8Array;
}

const INT32 = 0x04;
const INT64 = 0x07;
const VARIABLE = 0x0d;
const DATE_TIME = 0x04;
const FIRST_VIF = 0xfb;
const SECOND_VIF = 0xfd;
const PLAIN_TEXT_VIF = 0xfc;
const EXTENSION = 0x80;
const MOST_TEXT = 0xbf;
const INT32_LIMIT = 2 ** 31;

const STEM = /^(.*?)(?: (max|min|error))?(?: storage (\d+))?(?: tariff (\d+))?(?: subunit (\d+))?(?: #\d+)?$/;

const dataInformation = (
  field: number,
  fn: string | undefined,
  storage: number,
  tariff: number,
  subunit: number,
): readonly number[] => {
  const code = Math.max(
    0,
    FUNCTIONS.findIndex((name) => name === fn),
  );
  const bytes = [field | (code << 4) | ((storage & 1) << 6)];
  let [s, t, u] = [Math.floor(storage / 2), tariff, subunit];
  while (s > 0 || t > 0 || u > 0) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | EXTENSION;
    bytes.push((s & 0x0f) | ((t & 3) << 4) | ((u & 1) << 6));
    [s, t, u] = [Math.floor(s / 16), t >> 2, u >> 1];
  }
  return bytes;
};

interface Named {
  readonly vif: readonly number[];
  readonly meaning: Meaning;
  readonly rest: string;
}

const TABLES = [
  [[], PRIMARY_TABLE],
  [[FIRST_VIF], FIRST_EXTENSION],
  [[SECOND_VIF], SECOND_EXTENSION],
] as const;

/** How fine a code counts: its least step in the quantity's unit. */
const step = ({ times, exponent, over }: Meaning): number => (times * 10 ** exponent) / over;

/** The finest code of a quantity that still holds a value of `size` in 32 bits; metric decades before others. */
const codeFor = (stem: string, size: number): Named | undefined => {
  const fitting = TABLES.flatMap(([prefix, table]) =>
    [...table]
      .filter(([, { quantity }]) => stem === quantity.name || stem.startsWith(`${quantity.name} `))
      .map(([code, meaning]) => ({
        vif: [...prefix, code],
        meaning,
        rest: stem.slice(meaning.quantity.name.length),
      })),
  );
  const longest = Math.max(...fitting.map(({ meaning }) => meaning.quantity.name.length));
  const own = fitting.filter(({ meaning }) => meaning.quantity.name.length === longest);
  const metric = own.filter(({ meaning }) => meaning.over === 1 && meaning.times === 1);
  return (metric.length > 0 ? metric : own)
    .toSorted((a, b) => step(a.meaning) - step(b.meaning))
    .find(({ meaning }) => size / step(meaning) < INT32_LIMIT / 2);
};

const qualifiersOf = (text: string): readonly (readonly number[])[] | undefined => {
  if (text === '') return [];
  for (const [prefix, table] of [
    [[], COMBINABLE],
    [[0xfc], COMBINABLE_EXTENSION],
  ] as const)
    for (const [code, combinable] of table) {
      if (!('name' in combinable) || combinable.kind === 'error') continue;
      if (text !== ` ${combinable.name}` && !text.startsWith(` ${combinable.name} `)) continue;
      const rest = qualifiersOf(text.slice(1 + combinable.name.length));
      if (rest !== undefined) return [[...prefix, code], ...rest];
    }
  return undefined;
};

const chained = (codes: readonly number[]): readonly number[] =>
  codes.map((code, index) => (index < codes.length - 1 ? code | EXTENSION : code));

const integer = (value: bigint, bytes: 4 | 8): Uint8Array => {
  const data = Buffer.alloc(bytes);
  if (bytes === 8) data.writeBigInt64LE(BigInt.asIntN(64, value));
  else data.writeInt32LE(Number(BigInt.asIntN(32, value)));
  return data;
};

const textData = (text: string): Uint8Array => {
  const characters = Buffer.from(text.slice(0, MOST_TEXT), 'latin1').toReversed();
  return Uint8Array.of(characters.length, ...characters);
};

/** `2026-11-21T10:35` or `2026-11-21` as type F. */
const dateData = (text: string): Uint8Array => {
  const [, year = '00', month = '1', day = '1', hour = '0', minute = '0'] =
    /^\d\d(\d\d)-(\d\d)-(\d\d)(?:T(\d\d):(\d\d))?/.exec(text) ?? [];
  const y = Number(year);
  return Uint8Array.of(
    Number(minute),
    Number(hour),
    Number(day) | ((y & 7) << 5),
    Number(month) | ((y >> 3) << 4),
  );
};

const stated = (fn: string | undefined, storage = '0', tariff = '0', subunit = '0') =>
  [fn, Number(storage), Number(tariff), Number(subunit)] as const;

/**
 * How a simulated device sends a field; `size` is the largest value that it will have. Throws a `SimulatorError` where
 * nothing encodes such a field.
 */
export const recordForm = (field: string, size: number): RecordForm => {
  const [, stem = '', fn, storage, tariff, subunit] = STEM.exec(field) ?? [];
  const place = stated(fn, storage, tariff, subunit);
  if (stem.startsWith('unit ')) {
    const unit = Buffer.from(stem.slice('unit '.length), 'latin1').toReversed();
    const hundredths = 0x74;
    return {
      header: Uint8Array.of(
        ...dataInformation(INT32, ...place),
        PLAIN_TEXT_VIF,
        unit.length,
        ...unit,
        hundredths,
      ),
      encode: (value) => integer(BigInt(Math.round(Number(value) * 100)), 4),
    };
  }
  const named = codeFor(stem, size);
  const qualifiers = named === undefined ? undefined : qualifiersOf(named.rest);
  if (named === undefined || qualifiers === undefined)
    throw new SimulatorError('protocol', `a simulated M-Bus device has no field "${field}"`);
  const codes = chained([...named.vif, ...qualifiers.flat()]);
  const { quantity, coding } = named.meaning;
  if (coding === 'point-in-time')
    return {
      header: Uint8Array.of(...dataInformation(DATE_TIME, ...place), ...codes),
      encode: (value) => dateData(String(value)),
    };
  if (quantity.type === 'text')
    return {
      header: Uint8Array.of(...dataInformation(VARIABLE, ...place), ...codes),
      encode: (value) => textData(String(value)),
    };
  const wide = size / step(named.meaning) >= INT32_LIMIT / 2;
  return {
    header: Uint8Array.of(...dataInformation(wide ? INT64 : INT32, ...place), ...codes),
    encode: (value) => integer(BigInt(Math.round(Number(value) / step(named.meaning))), wide ? 8 : 4),
  };
};
