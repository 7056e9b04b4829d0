import { empty, measured, numeric, wrong, type Reading } from './columns.js';
import type { Sentence } from './sentence.js';
import { PRESSURE_UNITS, SPEED_UNITS } from './sentences.js';

/** The factor of a temperature's degree, and what is taken off before. */
const TEMPERATURES: Readonly<Record<string, readonly [factor: number, less: number]>> = {
  C: [1, 0],
  K: [1, 273.15],
  F: [5 / 9, 32],
};
const DIGITS = 10;
/** What a name of a field may be made of. */
const NAME = /[^A-Za-z0-9_#-]/g;

const warning = (name: string): Reading => ({
  name,
  value: null,
  fault: { code: 'sentinel', detail: `${name}: the device says that its data are not valid` },
});

/** Wind: `R` relative to the mast or vessel, `T` true. Angle in degrees, speed in m/s. */
export const windFields = ({ fields }: Sentence): readonly Reading[] => {
  const [angle = '', reference = '', speed = '', unit = '', status = ''] = fields;
  if (reference !== 'R' && reference !== 'T') return [wrong('R.angle', `has the reference "${reference}"`)];
  const names = [`${reference}.angle`, `${reference}.speed`] as const;
  if (status !== 'A') return names.map(warning);
  return [numeric(names[0], angle), measured(names[1], speed, unit, SPEED_UNITS)];
};

const temperature = (name: string, data: string, unit: string): Reading => {
  const [factor, less] = TEMPERATURES[unit] ?? [];
  if (factor === undefined || less === undefined) return wrong(name, `has the unit "${unit}", not C, F, K`);
  const { value, ...rest } = numeric(name, data);
  if (typeof value !== 'number') return { ...rest, value };
  return { name, value: Number(((value - less) * factor).toPrecision(DIGITS)) };
};

const transducer = (type: string, data: string, unit: string, id: string): Reading => {
  const name = [type.replaceAll(NAME, '_'), id.replaceAll(NAME, '_')].filter((part) => part !== '').join('.');
  if (data === '') return empty(name);
  // Weather transmitters mark what they cannot tell now with this unit.
  if (unit === '#') return warning(name);
  if (type === 'C') return temperature(name, data, unit);
  if (type === 'P') return measured(name, data, unit, PRESSURE_UNITS);
  if (type === 'S' && unit in SPEED_UNITS) return measured(name, data, unit, SPEED_UNITS);
  return numeric(name, data);
};

/** The name of a transducer beside others of its sentence: the second of one name ends in `#2`. */
const apart = (name: string, taken: ReadonlySet<string>): string => {
  const stem = name.includes('.') ? name : `${name}.`;
  let unique = name;
  for (let number = 2; taken.has(unique); number++) unique = `${stem}#${number}`;
  return unique;
};

/** Transducers, four places each: type, data, unit, name. Temperatures in °C, pressures in hPa, speeds in m/s. */
export const transducerFields = ({ fields }: Sentence): readonly Reading[] => {
  const taken = new Set<string>();
  return Array.from({ length: Math.floor(fields.length / 4) }, (_, index) => {
    const [type = '', data = '', unit = '', id = ''] = fields.slice(4 * index, 4 * index + 4);
    if (type === '') return undefined;
    const reading = transducer(type, data, unit, id);
    const name = apart(reading.name, taken);
    taken.add(name);
    return { ...reading, name };
  }).filter((reading) => reading !== undefined);
};

/** Satellites in view, from a whole group of sentences: their number, and how strong the signals are, dB-Hz. */
export const satelliteFields = (group: readonly Sentence[]): readonly Reading[] => {
  const [total = '', , inView = ''] = group[0]?.fields ?? [];
  const strengths = group.flatMap(({ fields }) =>
    [6, 10, 14, 18].flatMap((place) =>
      /^\d{1,2}$/.test(fields[place] ?? '') ? [Number(fields[place])] : [],
    ),
  );
  const seen = numeric('in_view', inView);
  if (group.length !== Number(total)) return [seen];
  const heard: Reading = { name: 'heard', value: strengths.length };
  if (strengths.length === 0) return [seen, heard, empty('snr_max')];
  return [seen, heard, { name: 'snr_max', value: Math.max(...strengths) }];
};
