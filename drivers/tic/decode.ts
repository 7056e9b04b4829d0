import type { Fault } from '../sample.js';
import { TelegramError } from '../telegram/telegram-error.js';
import type { Field, Telegram } from '../telegram/telegram.js';
import { sevenBits, splitGroups } from './frame.js';
import { parseGroup, type Group } from './group.js';
import { groupFields } from './group-fields.js';
import { parseDate, parseHorodate } from './horodate.js';
import { HISTORIC_LABELS, LARGE_LABELS, PERIOD_LABELS, PERIODS, STANDARD_LABELS } from './labels.js';
import type { TicSection } from './section.js';

const ADDRESSES = ['ADSC', 'ADCO', 'ADS'] as const;
const DATES = ['DATE', 'DATECOUR'] as const;
/** Labels that a refusal names. */
const MOST_NAMED = 8;

type Read = { readonly group: Group } | { readonly error: TelegramError; readonly raw: Uint8Array };

const read = (raw: Uint8Array): Read => {
  try {
    return { group: parseGroup(raw) };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { error, raw };
  }
};

const isKnown = (label: string): boolean =>
  STANDARD_LABELS.has(label) || HISTORIC_LABELS.has(label) || LARGE_LABELS.has(label);

/** A damaged group whose label can still be read: nobody may take its absence for the meter's silence. */
const damaged = (raw: Uint8Array, fault: Fault): readonly (readonly [string, Field])[] => {
  const [label = ''] = Buffer.from(raw).toString('latin1').split(/[ \t]/, 1);
  return isKnown(label) ? [[label, { value: null, raw, fault }]] : [];
};

const timeOf = (
  groups: readonly Group[],
  section: TicSection,
): Pick<Telegram, 'deviceTime' | 'deviceClock'> => {
  const group = groups.find(({ label }) => DATES.some((date) => date === label));
  if (group === undefined) return {};
  if (group.mode === 'historic') {
    const { time } = parseDate(group.data, section.clock);
    return time === undefined ? {} : { deviceTime: time };
  }
  const [horodate = ''] = group.data.split('\t');
  const { time, clock } = parseHorodate(horodate) ?? {};
  return time === undefined || clock === undefined ? {} : { deviceTime: time, deviceClock: clock };
};

/** Values of the tariff period under way bear its name; of the others it is said that they are not told now. */
const byPeriod = (fields: Map<string, Field>): void => {
  for (const [label, teller] of PERIOD_LABELS) {
    const field = fields.get(label);
    if (field === undefined) continue;
    fields.delete(label);
    const now = fields.get(teller)?.value;
    if (typeof now !== 'string' || !/^[A-Z]{1,4}$/.test(now)) continue;
    const detail = `${label} is of the tariff period ${now} now`;
    for (const period of PERIODS)
      fields.set(`${label}.${period}`, { value: null, raw: field.raw, fault: { code: 'sentinel', detail } });
    fields.set(`${label}.${now}`, field);
  }
};

const refuse = (reads: readonly Read[]): never => {
  const [first] = reads.flatMap((each) => ('error' in each ? [each.error] : []));
  if (first === undefined) throw new TelegramError('frame', 'there is no group between the line ends');
  throw new TelegramError(first.code, `none of ${reads.length} groups is sound: ${first.message}`);
};

/** A meter that no document at hand describes: its labels are named, so that a profile can. */
const unknown = (groups: readonly Group[]): TelegramError => {
  const labels = [...new Set(groups.map(({ label }) => label))];
  const some = labels.slice(0, MOST_NAMED).join(', ') + (labels.length > MOST_NAMED ? ', ...' : '');
  return new TelegramError(
    'decode',
    `no label of ${labels.length} is known (${some}): a profile says what they are (tic: { labels: ... })`,
  );
};

/**
 * Reads one frame, `STX` to `ETX`, with or without its parity bits; its modes are told by its groups. Each damaged group
 * is refused by itself. Throws a `TelegramError` where none is sound, and where no label is known.
 */
export const decodeTic = (bytes: Uint8Array, section: TicSection = {}): Telegram => {
  const reads = splitGroups(sevenBits(bytes)).map(read);
  const groups = reads.flatMap((each) => ('group' in each ? [each.group] : []));
  if (groups.length === 0) return refuse(reads);
  const fields = new Map<string, Field>();
  for (const group of groups)
    for (const [name, field] of groupFields(group, section)) {
      const before = name.startsWith('PREAVIS') ? fields.get(name)?.value : undefined;
      fields.set(name, typeof before === 'string' ? { ...field, value: `${before}, ${field.value}` } : field);
    }
  for (const each of reads) {
    if (!('error' in each)) continue;
    const fault = { code: 'checksum', detail: each.error.message } as const;
    for (const [name, field] of damaged(each.raw, fault)) if (!fields.has(name)) fields.set(name, field);
  }
  if (fields.size === 0) throw unknown(groups);
  byPeriod(fields);
  const address = ADDRESSES.map((label) => fields.get(label)?.value).find(
    (value) => typeof value === 'string',
  );
  return {
    address: typeof address === 'string' ? address.toUpperCase() : '',
    fields,
    ...timeOf(groups, section),
  };
};
