import { TelegramError } from '../../telegram/telegram-error.js';
import { COMBINABLE, COMBINABLE_EXTENSION, type Combinable } from './combinable-table.js';
import { FIRST_EXTENSION, SECOND_EXTENSION, SECOND_LEVEL } from './extension-tables.js';
import { measure, type Coding, type Meaning, type Quantity } from './meaning.js';
import { PRIMARY_TABLE } from './primary-table.js';

/** EN 13757-3: no more than ten VIFEs. */
const MOST_VIFES = 10;
const EXTENSION = 0x80;
const FIRST_EXTENSION_VIF = 0xfb;
const SECOND_EXTENSION_VIF = 0xfd;
const THIRD_EXTENSION_VIF = 0xef;
const PLAIN_TEXT = 0x7c;
const ANY = 0x7e;
const MANUFACTURER = 0x7f;
const COMBINABLE_EXTENSION_VIFE = 0xfc;

/** What a record's VIF and VIFEs say of its value. */
export interface ValueInformation {
  /** The quantity's name with all that says it more exactly, without function, storage, tariff and subunit. */
  readonly name: string;
  /** The quantity's name alone. */
  readonly base: string;
  readonly type: Quantity['type'];
  readonly coding: Coding;
  readonly times: number;
  readonly exponent: number;
  readonly over: number;
  /** Added to the value after all. */
  readonly addend: number;
  /** Why there is no value. */
  readonly problem?: string;
  /** The value is one that will hold, such as the date of the next reading day. */
  readonly future: boolean;
  /** The point in time is of the quantity's own value: a maximum, a limit exceeded. */
  readonly timeOf: boolean;
  /** The data are a compact profile. */
  readonly profile?: ProfiledValue;
}

/** What the elements of a compact profile are. */
export interface ProfiledValue {
  readonly of: ValueInformation;
  /** Each element is older than the one before it. */
  readonly inverse: boolean;
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');
const hexOf = (bytes: readonly number[]): string => bytes.map(hex).join(' ');

const isPrintable = (bytes: Uint8Array): boolean => bytes.every((byte) => byte >= 0x20 && byte !== 0x7f);

/** A text right behind the VIF (as devices send it): its length, then its characters. */
const textAt = (bytes: Uint8Array, at: number): Uint8Array | undefined => {
  const length = bytes[at];
  if (length === undefined || at + 1 + length > bytes.length) return undefined;
  const characters = bytes.subarray(at + 1, at + 1 + length);
  return isPrintable(characters) ? characters : undefined;
};

/** In mode 1 the last character comes first. */
export const characters = (bytes: Uint8Array, msbFirst: boolean): string =>
  Buffer.from(msbFirst ? bytes : bytes.toReversed()).toString('latin1');

/** Reads a chain of bytes that each say whether another follows. */
const chainFrom = (bytes: Uint8Array, at: number, first: number, start: number): readonly number[] => {
  const chain: number[] = [];
  let more = (first & EXTENSION) !== 0;
  while (more) {
    const vife = bytes[at + chain.length];
    if (vife === undefined)
      throw new TelegramError('decode', `the telegram ends within the VIFEs of the record at byte ${start}`);
    if (chain.length === MOST_VIFES)
      throw new TelegramError('decode', `the record at byte ${start} has more than ${MOST_VIFES} VIFEs`);
    chain.push(vife);
    more = (vife & EXTENSION) !== 0;
  }
  return chain;
};

/** Of a code that no table has: the bytes are there, their meaning is not. */
const reserved = (...codes: readonly number[]): Meaning => ({
  ...measure(`reserved ${hexOf(codes)}`, '1'),
});

/** The meaning of a VIF, and how many of its VIFEs belong to it. */
const meaningOf = (vif: number, vifes: readonly number[]): readonly [Meaning, number] => {
  const [first = 0, second = 0] = vifes;
  if (vif === FIRST_EXTENSION_VIF)
    return [FIRST_EXTENSION.get(first & 0x7f) ?? reserved(vif, first & 0x7f), 1];
  if (vif === SECOND_EXTENSION_VIF) {
    if (first === SECOND_EXTENSION_VIF)
      return [SECOND_LEVEL.get(second & 0x7f) ?? reserved(vif, first, second & 0x7f), 2];
    return [SECOND_EXTENSION.get(first & 0x7f) ?? reserved(vif, first & 0x7f), 1];
  }
  if (vif === THIRD_EXTENSION_VIF) return [reserved(vif, first & 0x7f), 1];
  const code = vif & 0x7f;
  if (code === MANUFACTURER)
    return [
      measure(vifes.length === 0 ? 'manufacturer specific' : `manufacturer specific ${hexOf(vifes)}`, '1'),
      vifes.length,
    ];
  if (code === ANY) return [measure('any', '1'), 0];
  return [PRIMARY_TABLE.get(code) ?? reserved(code), 0];
};

type Draft = { -readonly [Key in keyof ValueInformation]: ValueInformation[Key] };

const TIME_OF_VALUE = /^(begin|end) of (first|last)$/;

const combine = (
  draft: Draft,
  combinable: Combinable,
  unit: Pick<Meaning, 'times' | 'exponent' | 'over'>,
): void => {
  if ('name' in combinable && combinable.kind !== 'error' && combinable.kind !== 'unreadable')
    draft.name = `${draft.name} ${combinable.name}`;
  switch (combinable.kind) {
    case 'qualifier':
      draft.future ||= combinable.name === 'future';
      return;
    case 'time':
      draft.timeOf = TIME_OF_VALUE.test(combinable.name);
      Object.assign(draft, { ...PLAIN, type: 'text', coding: 'point-in-time' });
      return;
    case 'duration':
      Object.assign(draft, { ...PLAIN, type: 'float', coding: 'signed', times: combinable.times });
      return;
    case 'count':
      Object.assign(draft, { ...PLAIN, type: 'integer', coding: 'bits' });
      return;
    case 'opaque':
    case 'profile':
      Object.assign(draft, { ...PLAIN, type: 'text', coding: 'opaque' });
      return;
    case 'factor':
      draft.exponent += combinable.exponent;
      return;
    case 'addend':
      draft.addend += (unit.times * 10 ** (unit.exponent + combinable.exponent)) / unit.over;
      return;
    case 'error':
      draft.problem = `the device says: ${combinable.name}`;
      return;
    case 'unreadable':
      draft.problem = combinable.name;
      return;
    case 'unsigned':
    case 'bits':
      if (draft.coding === 'signed') draft.coding = combinable.kind;
      return;
    default:
  }
};

const PLAIN = { times: 1, exponent: 0, over: 1, addend: 0 } as const;

const build = (meaning: Meaning, vifes: readonly number[]): ValueInformation => {
  const { quantity, coding, times, exponent, over } = meaning;
  const draft: Draft = {
    name: quantity.name,
    base: quantity.name,
    type: quantity.type,
    coding,
    times,
    exponent,
    over,
    addend: 0,
    future: false,
    timeOf: false,
  };
  for (let index = 0; index < vifes.length; index++) {
    const vife = vifes[index] ?? 0;
    const code = vife & 0x7f;
    if (code === MANUFACTURER) {
      const rest = vifes.slice(index + 1);
      draft.name = `${draft.name} manufacturer specific${rest.length === 0 ? '' : ` ${hexOf(rest)}`}`;
      break;
    }
    const extended = vife === COMBINABLE_EXTENSION_VIFE;
    if (extended) index++;
    const combinable = extended ? COMBINABLE_EXTENSION.get((vifes[index] ?? 0) & 0x7f) : COMBINABLE.get(code);
    if (combinable === undefined)
      draft.name = `${draft.name} reserved ${extended ? `FC ${hex((vifes[index] ?? 0) & 0x7f)}` : hex(code)}`;
    else combine(draft, combinable, meaning);
    if (combinable?.kind === 'profile' && draft.profile === undefined)
      draft.profile = { of: build(meaning, vifes.toSpliced(index, 1)), inverse: combinable.inverse };
  }
  return draft;
};

interface Read {
  readonly value: ValueInformation;
  readonly next: number;
}

/** A unit in plain text. Devices send the text before the VIFEs; the 2018 edition puts it behind them. */
const readPlainText = (
  bytes: Uint8Array,
  at: number,
  vif: number,
  start: number,
  msbFirst: boolean,
): Read => {
  const before = textAt(bytes, at);
  const vifes = chainFrom(bytes, before === undefined ? at : at + 1 + before.length, vif, start);
  const text = before ?? textAt(bytes, at + vifes.length);
  if (text === undefined)
    throw new TelegramError('decode', `the record at byte ${start} has no readable unit in plain text`);
  const unit = characters(text, msbFirst).trim().replaceAll(/\s+/g, ' ');
  const name = `unit ${unit === '' ? '?' : unit}`;
  return {
    value: build(measure(name, '1'), vifes),
    next: at + 1 + text.length + vifes.length,
  };
};

/**
 * VIF and VIFEs at `at` (EN 13757-3, "Value information block"); `start` is the record's first byte, for what is said of
 * it. Throws a `TelegramError` where they do not end.
 */
export const readValueInformation = (
  bytes: Uint8Array,
  at: number,
  start: number,
  msbFirst: boolean,
): Read => {
  const vif = bytes[at] ?? 0;
  if ((vif & 0x7f) === PLAIN_TEXT) return readPlainText(bytes, at + 1, vif, start, msbFirst);
  const vifes = chainFrom(bytes, at + 1, vif, start);
  const next = at + 1 + vifes.length;
  const [meaning, own] = meaningOf(vif, vifes);
  return { value: build(meaning, vifes.slice(own)), next };
};
