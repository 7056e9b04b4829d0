import { compact, decodeBcd, decodeFloat, decodeSigned, decodeUnsigned, type Reading } from './numbers.js';
import { readSpacing, spacedTime, type Spacing } from './profile-spacing.js';
import { fixedLength, recordName, VARIABLE_FIELD, type DataRecord } from './record.js';
import { inUnit, numberOf, type RecordValue } from './record-value.js';
import type { ProfiledValue } from './value-information.js';

/** A record with what it says. */
export interface ReadRecord {
  readonly record: DataRecord;
  readonly value: RecordValue;
}

/** One value of a compact profile, as if a record of its own had borne it. */
export interface ProfileElement extends ReadRecord {
  /** When it was true, on the device's clock. */
  readonly localMs: number;
  readonly summer: boolean;
}

/** What a compact profile holds, or why that cannot be told. */
export type Expanded = { readonly elements: readonly ProfileElement[] } | { readonly problem: string };

/** Of the spacing control byte: absolute values, increments, decrements, signed differences. */
type Mode = 0 | 1 | 2 | 3;
const ABSOLUTE: Mode = 0;
const DECREMENTS: Mode = 2;
const HEAD_BYTES = 2;
const FLOAT = 0x5;
const FIRST_BCD = 0x9;

interface Head {
  readonly mode: number;
  readonly spacing: Spacing;
  /** Data field of the elements, and their bytes. */
  readonly field: number;
  readonly size: number;
}

const readHead = ({ bytes, header }: DataRecord): Head | { readonly problem: string } => {
  if (header.data.field !== VARIABLE_FIELD) return { problem: 'its data are not of variable length' };
  const [control = 0, value = 0] = bytes;
  if (bytes.length < HEAD_BYTES) return { problem: 'it ends before its elements' };
  const field = control & 0x0f;
  const size = fixedLength(field);
  if (size === 0) return { problem: `its elements have the data field ${field.toString(16).toUpperCase()}` };
  if ((bytes.length - HEAD_BYTES) % size !== 0) return { problem: 'it ends within an element' };
  const spacing = readSpacing((control >> 4) & 3, value);
  return 'problem' in spacing ? spacing : { mode: control >> 6, spacing, field, size };
};

/** Binary elements are unsigned where the mode gives their sign (annex F, "Increment mode"). */
const elementNumber = (bytes: Uint8Array, { field, mode }: Head): Reading => {
  if (field === FLOAT) return decodeFloat(bytes);
  if (field >= FIRST_BCD) return decodeBcd(bytes);
  if (mode === ABSOLUTE || mode === 3) return decodeSigned(bytes);
  return bytes.every((byte) => byte === 0xff)
    ? { problem: 'all bits are 1, which means invalid', code: 'sentinel' }
    : { value: decodeUnsigned(bytes) };
};

const sum = (a: number | bigint, b: number | bigint): number | bigint =>
  typeof a === 'number' && typeof b === 'number' ? a + b : compact(BigInt(a) + BigInt(b));

/** The value next to `before`: the difference is that of the younger value from the older one. */
const next = (before: Reading, step: Reading, { mode }: Head, inverse: boolean): Reading => {
  if (mode === ABSOLUTE) return step;
  if ('problem' in before)
    return { problem: `the element before it has no value: ${before.problem}`, code: 'sentinel' };
  if ('problem' in step) return step;
  const falls = (mode === DECREMENTS) !== inverse;
  return { value: sum(before.value, falls ? -step.value : step.value) };
};

const isBaseValue = ({ record }: ReadRecord, profile: DataRecord, of: ProfiledValue['of']): boolean => {
  const { data, value } = record.header;
  const own = profile.header.data;
  return (
    data.storage === own.storage &&
    data.tariff === own.tariff &&
    data.subunit === own.subunit &&
    data.function === own.function &&
    value.name === of.name &&
    value.exponent === of.exponent &&
    value.times === of.times &&
    value.over === of.over &&
    value.addend === of.addend
  );
};

type Dated = Extract<RecordValue, { readonly value: unknown }>['time'];

/** The date or time of the profile's storage; before that of all, the one of its own tariff and subunit. */
const baseTime = (profile: DataRecord, reads: readonly ReadRecord[]): NonNullable<Dated> | undefined => {
  const { storage, tariff, subunit } = profile.header.data;
  const timeAt = (ofTariff: number, ofSubunit: number): Dated =>
    reads
      .filter(({ record: { header } }) => {
        const { data, value } = header;
        const place = data.storage === storage && data.tariff === ofTariff && data.subunit === ofSubunit;
        return place && data.function === 'instantaneous' && /^date(?: time)?$/.test(value.name);
      })
      .map(({ value }) => ('time' in value ? value.time : undefined))
      .find((time) => time?.localMs !== undefined);
  return timeAt(tariff, subunit) ?? timeAt(0, 0);
};

const element = (
  profile: DataRecord,
  { of }: ProfiledValue,
  bytes: Uint8Array,
  read: Reading,
  steps: number,
): ReadRecord => {
  const data = { ...profile.header.data, storage: profile.header.data.storage + steps };
  const header = { data, value: of, name: recordName(data, of) };
  const value = 'problem' in read ? read : { value: inUnit(read.value, of) };
  return { record: { header, bytes, form: undefined, raw: bytes }, value };
};

/**
 * The values of a compact profile (EN 13757-3, annex F: VIFE 1E, 1F, inverse 13), each of the storage after the one before
 * it, with its time. `reads` are all records of the readout: base time and base value are among them.
 */
export const expandProfile = (
  profile: DataRecord,
  profiled: ProfiledValue,
  reads: readonly ReadRecord[],
): Expanded => {
  const head = readHead(profile);
  if ('problem' in head) return head;
  const { of, inverse } = profiled;
  const { storage } = profile.header.data;
  if (of.type === 'text') return { problem: `${of.name} is no number` };
  const base = baseTime(profile, reads);
  if (base?.localMs === undefined) return { problem: `storage ${storage} has no date to count from` };
  const value = reads.find((read) => isBaseValue(read, profile, of));
  if (value === undefined && head.mode !== ABSOLUTE)
    return { problem: `storage ${storage} has no value of ${of.name} to count from` };
  const elements: ProfileElement[] = [];
  let before: Reading = value === undefined ? { value: 0 } : numberOf(value.record);
  for (let at = HEAD_BYTES, steps = 1; at < profile.bytes.length; at += head.size, steps++) {
    const bytes = profile.bytes.subarray(at, at + head.size);
    const localMs = spacedTime(base.localMs, head.spacing, inverse ? -steps : steps);
    if (localMs === undefined) return { problem: `half a month from ${base.text} is no date that is told` };
    before = next(before, elementNumber(bytes, head), head, inverse);
    elements.push({
      ...element(profile, profiled, bytes, before, steps),
      localMs,
      summer: base.summer,
    });
  }
  return { elements };
};
