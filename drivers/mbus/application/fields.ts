import type { Doubt } from '../../sample.js';
import { TelegramError } from '../../telegram/telegram-error.js';
import type { Field, Telegram } from '../../telegram/telegram.js';
import { expandProfile, type Expanded, type ReadRecord } from './compact-profile.js';
import { signatureText } from './formats.js';
import { fixedStatusProblems, statusProblems } from './header.js';
import { recordName, type DataRecord } from './record.js';
import { hexText, recordValue, type RecordValue } from './record-value.js';
import type { UserData } from './user-data.js';

const NO_BYTES = new Uint8Array(0);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** What is known of the device beside its telegrams. */
export interface DeviceClock {
  /** Its clock is so many minutes before UTC when it is not in summer time. */
  readonly utcOffsetMin: number;
}

type Variable = Extract<UserData, { readonly kind: 'variable' }>;

interface Read extends ReadRecord {
  /** When the value was true, where it says so itself, UTC ms. */
  readonly at?: number;
}

/** Fields by name, in the order they came; a name that comes again is numbered. */
class Fields {
  readonly map = new Map<string, Field>();

  add(name: string, field: Field): void {
    let unique = name;
    for (let number = 2; this.map.has(unique); number++) unique = `${name} #${number}`;
    this.map.set(unique, field);
  }
}

const plain = (value: number | string): Field => ({ value, raw: NO_BYTES });

const utcMs = (localMs: number, summer: boolean, { utcOffsetMin }: DeviceClock): number =>
  localMs - utcOffsetMin * MINUTE_MS - (summer ? HOUR_MS : 0);

const utcOf = (value: RecordValue, clock: DeviceClock): number | undefined =>
  'time' in value && value.time?.localMs !== undefined
    ? utcMs(value.time.localMs, value.time.summer, clock)
    : undefined;

/** A date of the record's whole storage, as against one of a single quantity. */
const datesStorage = ({ header: { data, value } }: DataRecord): boolean =>
  (value.name === 'date' || value.name === 'date time') &&
  data.function === 'instantaneous' &&
  data.tariff === 0 &&
  data.subunit === 0;

const valueKey = ({ header: { data } }: DataRecord, name: string): string =>
  `${name}|${data.function}|${data.storage}|${data.tariff}|${data.subunit}`;

/** When values were true that are not of now. */
interface Times {
  /** The device's own time. */
  readonly now?: number;
  readonly ofStorage: ReadonlyMap<number, number>;
  readonly ofValue: ReadonlyMap<string, number>;
  /** Storages whose own date is none: nothing was stored there yet. */
  readonly undated: ReadonlySet<number>;
}

const timesOf = (reads: readonly Read[], clock: DeviceClock): Times => {
  const ofStorage = new Map<number, number>();
  const ofValue = new Map<string, number>();
  const undated = new Set<number>();
  let now: number | undefined;
  for (const { record, value } of reads) {
    const { data, value: meant } = record.header;
    const { storage } = data;
    if ('problem' in value && datesStorage(record)) undated.add(storage);
    const at = utcOf(value, clock);
    if (at === undefined) continue;
    if (meant.timeOf) ofValue.set(valueKey(record, meant.base), at);
    else if (!datesStorage(record)) continue;
    // Where a storage bears two dates, the other is that of its next value.
    else if (storage > 0) ofStorage.set(storage, ofStorage.get(storage) ?? at);
    else if (meant.name === 'date time') now ??= at;
  }
  return { ...(now === undefined ? {} : { now }), ofStorage, ofValue, undated };
};

/** When the value was true, where that is another time than the telegram's. */
const timeOf = (record: DataRecord, { ofValue, ofStorage }: Times): number | undefined => {
  const own = ofValue.size === 0 ? undefined : ofValue.get(valueKey(record, record.header.value.name));
  const { storage } = record.header.data;
  return own ?? (storage === 0 ? undefined : ofStorage.get(storage));
};

/** An integer of a storage that nothing was put into: memory that was never written reads as ones, and its date is none. */
const neverStored = ({ bytes, form, header: { data, value } }: DataRecord, { undated }: Times): boolean =>
  data.storage > 0 &&
  undated.has(data.storage) &&
  value.coding === 'signed' &&
  (form ?? 'binary') === 'binary' &&
  bytes.length > 0 &&
  bytes.every((byte) => byte === 0xff);

const fieldOf = ({ record, value, at: said }: Read, times: Times, doubt: Doubt | undefined): Field => {
  const { raw, header } = record;
  if ('problem' in value) return { value: null, raw, fault: { code: value.code, detail: value.problem } };
  if (header.data.function === 'error')
    return {
      value: null,
      raw,
      fault: { code: 'sentinel', detail: `${String(value.value)} held during an error: it is no reading` },
    };
  if (neverStored(record, times))
    return {
      value: null,
      raw,
      fault: {
        code: 'sentinel',
        detail: 'all bits are 1, and the date of its storage is none: never stored',
      },
    };
  const at = said ?? timeOf(record, times);
  if (at === undefined)
    return doubt === undefined ? { value: value.value, raw } : { value: value.value, raw, doubt };
  const ahead = times.now !== undefined && at > times.now + DAY_MS;
  const suspect = doubt ?? (ahead ? datedAhead(at) : undefined);
  return { value: value.value, raw, deviceTime: at, ...(suspect === undefined ? {} : { doubt: suspect }) };
};

const datedAhead = (at: number): Doubt => ({
  reason: 'sensor-fault',
  detail: `dated ${new Date(at).toISOString()}, after the device's own time`,
});

const doubtOf = (problems: readonly string[]): Doubt | undefined =>
  problems.length === 0
    ? undefined
    : { reason: 'sensor-fault', detail: `the device says: ${problems.join(', ')}` };

const addHeader = (fields: Fields, { header }: Variable): void => {
  if (header === undefined || fields.map.has('status')) return;
  if (header.identity !== undefined) {
    fields.add('identification', plain(header.identity.identification));
    fields.add('manufacturer', plain(header.identity.manufacturer));
    fields.add('version', plain(header.identity.version));
    fields.add('medium', plain(header.identity.medium));
  }
  fields.add('access number', plain(header.accessNumber));
  fields.add('status', plain(header.status));
};

/** A value held during an error stands in the place of the present one: that has no value, and says why. */
const addHeld = (fields: Fields, reads: readonly Read[]): void => {
  for (const { record } of reads) {
    const { data, value, name } = record.header;
    if (data.function !== 'error') continue;
    const held = fields.map.get(name);
    const present = recordName({ ...data, function: 'instantaneous' }, value);
    if (held !== undefined && !fields.map.has(present)) fields.add(present, held);
  }
};

const addRest = (fields: Fields, { list, encrypted }: Variable): void => {
  if (encrypted !== undefined) {
    const { encryption, bytes } = encrypted;
    const detail = `${bytes.length} bytes are encrypted (mode ${encryption.mode}, ${encryption.name}), and there is no key`;
    fields.add('encrypted data', { value: null, raw: bytes, fault: { code: 'decode', detail } });
  }
  if (list.manufacturerData !== undefined && list.manufacturerData.length > 0)
    fields.add('manufacturer data', { value: hexText(list.manufacturerData), raw: list.manufacturerData });
};

/** What the compact profiles of a readout hold, by their record. */
const profilesOf = (all: readonly ReadRecord[]): ReadonlyMap<DataRecord, Expanded> => {
  const profiles = new Map<DataRecord, Expanded>();
  for (const { record } of all) {
    const { profile, problem } = record.header.value;
    if (profile !== undefined && problem === undefined)
      profiles.set(record, expandProfile(record, profile, all));
  }
  return profiles;
};

/** A profile whose values cannot be told has none, and says why. */
const unlessRefused = (read: Read, expanded: Expanded | undefined): Read =>
  expanded !== undefined && 'problem' in expanded
    ? {
        ...read,
        value: { problem: `a compact profile that is not read: ${expanded.problem}`, code: 'decode' },
      }
    : read;

const addElements = (
  fields: Fields,
  expanded: Expanded | undefined,
  clock: DeviceClock,
  told: (read: Read) => Field,
): void => {
  if (expanded === undefined || 'problem' in expanded) return;
  for (const { localMs, summer, ...read } of expanded.elements)
    fields.add(read.record.header.name, told({ ...read, at: utcMs(localMs, summer, clock) }));
};

const variableFields = (parts: readonly Variable[], clock: DeviceClock): Omit<Telegram, 'address'> => {
  const fields = new Fields();
  const all = parts.map((part) =>
    part.list.records.map((record) => ({ record, value: recordValue(record) })),
  );
  const reads = all.flat();
  const times = timesOf(reads, clock);
  const profiles = profilesOf(reads);
  const doubts = parts.map(({ header }) => doubtOf(statusProblems(header?.status ?? 0)));
  for (const [index, part] of parts.entries()) {
    addHeader(fields, part);
    for (const read of all[index] ?? [])
      fields.add(
        read.record.header.name,
        fieldOf(unlessRefused(read, profiles.get(read.record)), times, doubts[index]),
      );
    addHeld(fields, all[index] ?? []);
    addRest(fields, part);
  }
  // Behind all records, so that none of them loses its name to an element.
  for (const index of profiles.size === 0 ? [] : parts.keys())
    for (const { record } of all[index] ?? [])
      addElements(fields, profiles.get(record), clock, (read) => fieldOf(read, times, doubts[index]));
  return { fields: fields.map, ...(times.now === undefined ? {} : { deviceTime: times.now }) };
};

const fixedFields = ({ fixed }: Extract<UserData, { readonly kind: 'fixed' }>): Omit<Telegram, 'address'> => {
  const doubt = doubtOf(fixedStatusProblems(fixed.status));
  const fields = new Map<string, Field>([
    ['identification', plain(fixed.identification)],
    ['medium', plain(fixed.medium)],
    ['access number', plain(fixed.accessNumber)],
    ['status', plain(fixed.status)],
  ]);
  for (const [name, field] of fixed.fields)
    fields.set(name, doubt === undefined || field.fault !== undefined ? field : { ...field, doubt });
  return { fields };
};

/**
 * Named fields of all telegrams of one readout, each value in its quantity's unit. Throws a `TelegramError` where the
 * device reports an error in place of data.
 */
export const fieldsOf = (parts: readonly UserData[], clock: DeviceClock): Omit<Telegram, 'address'> => {
  const variables: Variable[] = [];
  for (const part of parts) {
    if (part.kind === 'error') throw new TelegramError('decode', `the device reports: ${part.error}`);
    if (part.kind === 'alarm') return { fields: new Map([['alarm', plain(part.alarm)]]) };
    if (part.kind === 'fixed') return fixedFields(part);
    if (part.kind === 'variable') variables.push(part);
  }
  const [only] = parts;
  if (variables.length === 0 && only?.kind === 'format')
    throw new TelegramError(
      'decode',
      `a format frame (${signatureText(only.format.signature)}) says how compact frames are read, and has no values`,
    );
  return variableFields(variables, clock);
};
