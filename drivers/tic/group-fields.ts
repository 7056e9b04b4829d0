import type { Field } from '../telegram/telegram.js';
import type { Group } from './group.js';
import { parseDate, parseHorodate, type Horodate } from './horodate.js';
import {
  HISTORIC_LABELS,
  LARGE_LABELS,
  LISTS,
  STANDARD_LABELS,
  TEXT_PARTS,
  type LabelForm,
} from './labels.js';
import type { TicSection } from './section.js';
import { dayProfile, RELAY_FIELDS, splitBits, STATUS_FIELDS } from './status.js';

type Named = readonly [name: string, field: Field];

/** Some makers write the label of the period before with an underscore. */
const nameOf = ({ label, mode }: Group): string =>
  mode === 'standard' ? label.replace(/^((?:SMAX[SI]N|CCA[SI]N)[123]?)_1$/, '$1-1') : label;

/** What the catalogue, or the profile, says of a label. */
export const formOf = (label: string, mode: Group['mode'], section: TicSection): LabelForm | undefined => {
  const type = section.labels?.[label];
  if (type !== undefined) return { type };
  return mode === 'standard'
    ? STANDARD_LABELS.get(label)
    : (HISTORIC_LABELS.get(label) ?? LARGE_LABELS.get(label));
};

const wrong = (raw: Uint8Array, detail: string): Field => ({
  value: null,
  raw,
  fault: { code: 'decode', detail },
});

/** A number as meters write it, its unit behind it where it has one on the line. */
const number = (label: string, data: string, form: LabelForm, raw: Uint8Array): Field => {
  const [, digits = '', unit = ''] =
    /^([+-]?\d{1,15}(?:[.,]\d{1,6})?) *([A-Za-z%]{0,5})$/.exec(data.trim()) ?? [];
  if (digits === '') return wrong(raw, `${label} is no number: "${data}"`);
  if (form.digits !== undefined && unit !== '')
    return wrong(raw, `${label} has "${unit}" where only digits belong: "${data}"`);
  if (form.digits !== undefined && digits.length > form.digits)
    return wrong(raw, `${label} has more than ${form.digits} digits: "${data}"`);
  if (form.digits === undefined && form.unit !== undefined && unit !== '' && unit !== form.unit)
    return wrong(raw, `${label} is in ${unit}, not in ${form.unit}`);
  const value = Number(digits.replace(',', '.'));
  if (form.type === 'integer' && !Number.isSafeInteger(value))
    return wrong(raw, `${label} is no whole number: "${data}"`);
  return { value, raw };
};

const text = (label: string, data: string, form: LabelForm, raw: Uint8Array): Field => {
  const value = data.trim();
  if (form.pattern?.test(value) === false)
    return wrong(raw, `${label} cannot be "${value}": not as the document writes it`);
  return { value, raw };
};

const withTime = (field: Field, { time, clock }: Horodate): Field =>
  time === undefined
    ? field
    : { ...field, deviceTime: time, ...(clock === undefined ? {} : { deviceClock: clock }) };

/** Data behind a horodate; a meter leaves both blank where there is nothing to tell. */
const timed = (label: string, data: string, form: LabelForm, raw: Uint8Array): Field => {
  const [stamp = '', value = ''] = data.split('\t');
  if (stamp.trim() === '') {
    const fault = { code: 'sentinel', detail: `${label} is blank` } as const;
    return { value: null, raw, fault };
  }
  const horodate = parseHorodate(stamp);
  if (horodate === undefined)
    return wrong(
      raw,
      `${label}: "${stamp}" is no horodate: a season (H, E, h, e or a space) and a time that exists`,
    );
  if (form.horodate === 'only') {
    const iso = horodate.time === undefined ? stamp.trim() : new Date(horodate.time).toISOString();
    return withTime({ value: iso, raw }, horodate);
  }
  return withTime(number(label, value, form, raw), horodate);
};

const bits = (label: string, field: Field): readonly Named[] => {
  const { value, raw } = field;
  const [fields, register] =
    label === 'STGE'
      ? [STATUS_FIELDS, typeof value === 'string' ? Number.parseInt(value, 16) : undefined]
      : [RELAY_FIELDS, typeof value === 'number' ? value : undefined];
  if (register === undefined) return [];
  return splitBits(register, fields).map(([name, part]) => [`${label}.${name}`, { value: part, raw }]);
};

const profile = (label: string, data: string, raw: Uint8Array): Field => {
  const value = dayProfile(data);
  return value === undefined ? wrong(raw, `${label} is no day's profile: "${data}"`) : { value, raw };
};

/** The parts of a list; those that a meter may leave out stand at its beginning or at its end. */
const list = (label: string, data: string, raw: Uint8Array): readonly Named[] => {
  const { parts: all, leading = 0, trailing = 0 } = LISTS.get(label) ?? { parts: [] };
  const values = data.trim().split(':');
  const names = [all, all.slice(leading), all.slice(0, all.length - trailing)].find(
    ({ length }) => length === values.length,
  );
  if (names === undefined) return [[label, wrong(raw, `${label} has ${values.length} parts: "${data}"`)]];
  return values.map((value, index): Named => {
    const name = `${label}.${names[index]}`;
    if (TEXT_PARTS.has(name)) return [name, { value: value.trim(), raw }];
    return [name, number(name, value, { type: 'integer' }, raw)];
  });
};

const single = (label: string, group: Group, form: LabelForm, section: TicSection): Field => {
  const { data, raw } = group;
  if (form.horodate !== undefined) return timed(label, data, form, raw);
  if (form.type !== 'text') return number(label, data, form, raw);
  if (label === 'PJOURF+1' || label === 'PPOINTE') return profile(label, data, raw);
  if (group.mode === 'historic' && label.startsWith('DATE')) {
    const { exists, time } = parseDate(data, section.clock);
    if (!exists) return wrong(raw, `${label} is no date: "${data}"`);
    return { value: data.trim(), raw, ...(time === undefined ? {} : { deviceTime: time }) };
  }
  return text(label, data, form, raw);
};

/** What a sound group says: a field, or several where its data have parts. A label that nobody knows says nothing. */
export const groupFields = (group: Group, section: TicSection): readonly Named[] => {
  const label = nameOf(group);
  if (LISTS.has(label) && group.mode === 'historic') return list(label, group.data, group.raw);
  const form = formOf(label, group.mode, section);
  if (form === undefined) return [];
  const field = single(label, group, form, section);
  const parts = label === 'STGE' || label === 'RELAIS' ? bits(label, field) : [];
  return [[label, field], ...parts];
};
