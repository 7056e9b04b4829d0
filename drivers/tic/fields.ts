import type { FieldForm, Parsed } from '../dialect.js';
import { nearest } from '../document/nearest.js';
import {
  HISTORIC_LABELS,
  LARGE_LABELS,
  LISTS,
  PERIOD_LABELS,
  PERIODS,
  STANDARD_LABELS,
  TEXT_PARTS,
} from './labels.js';
import { ticSection } from './section.js';
import { RELAY_FIELDS, STATUS_FIELDS, type BitField } from './status.js';

type Entry = readonly [name: string, type: FieldForm['type']];

const parts = (label: string, fields: readonly BitField[]): readonly Entry[] =>
  fields.map(({ name }) => [`${label}.${name}`, 'integer']);

const plain = [...STANDARD_LABELS, ...HISTORIC_LABELS, ...LARGE_LABELS];

/** Every field that a frame may have, by the name that profiles use. */
export const TIC_FIELDS: ReadonlyMap<string, FieldForm['type']> = new Map<string, FieldForm['type']>([
  ...plain.flatMap(([label, { type }]): readonly Entry[] =>
    PERIOD_LABELS.has(label) ? PERIODS.map((period) => [`${label}.${period}`, type]) : [[label, type]],
  ),
  ...parts('STGE', STATUS_FIELDS),
  ...parts('RELAIS', RELAY_FIELDS),
  ...[...LISTS].flatMap(([label, list]) =>
    list.parts.map((part): Entry => {
      const name = `${label}.${part}`;
      return [name, TEXT_PARTS.has(name) ? 'text' : 'integer'];
    }),
  ),
]);

/** Reads the name of a field: a label, or a label and one of its parts. */
export const ticField = (name: string, section: unknown): Parsed<FieldForm> => {
  const type = ticSection(section).labels?.[name] ?? TIC_FIELDS.get(name);
  if (type !== undefined) return { value: { name, type } };
  if (PERIOD_LABELS.has(name))
    return {
      problem:
        'is of the tariff period under way, and means another thing after each switch: name the period',
      accepted: PERIODS.map((period) => `${name}.${period}`),
    };
  return { problem: 'is no label of the TIC', accepted: nearest(name, TIC_FIELDS.keys()) };
};
