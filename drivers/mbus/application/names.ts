import type { FieldForm, Parsed } from '../../dialect.js';
import { nearest } from '../../document/nearest.js';
import { COMBINABLE, COMBINABLE_EXTENSION, type Combinable } from './combinable-table.js';
import { FIRST_EXTENSION, SECOND_EXTENSION, SECOND_LEVEL } from './extension-tables.js';
import type { Quantity } from './meaning.js';
import { PRIMARY_TABLE } from './primary-table.js';

/** Fields of the header and of what is no record. */
const OTHERS: readonly Quantity[] = [
  { name: 'identification', unit: '1', type: 'text' },
  { name: 'manufacturer', unit: '1', type: 'text' },
  { name: 'version', unit: '1', type: 'integer' },
  { name: 'medium', unit: '1', type: 'integer' },
  { name: 'access number', unit: '1', type: 'integer' },
  { name: 'status', unit: '1', type: 'integer' },
  { name: 'alarm', unit: '1', type: 'integer' },
  { name: 'encrypted data', unit: '1', type: 'text' },
  { name: 'manufacturer data', unit: '1', type: 'text' },
  // Of the fixed structure.
  { name: 'counter', unit: '1', type: 'integer' },
  { name: 'temperature', unit: 'Cel', type: 'float' },
  { name: 'time', unit: '1', type: 'text' },
];

const QUANTITIES: ReadonlyMap<string, Quantity> = new Map(
  [
    ...[PRIMARY_TABLE, FIRST_EXTENSION, SECOND_EXTENSION, SECOND_LEVEL].flatMap((table) =>
      [...table.values()].map(({ quantity }) => quantity),
    ),
    ...OTHERS,
  ].map((quantity) => [quantity.name, quantity]),
);

/** The longest first, so that none is taken for the beginning of another. */
const BY_LENGTH = [...QUANTITIES.keys()].toSorted((a, b) => b.length - a.length);

type Qualifier = Exclude<
  Extract<Combinable, { readonly name: string }>,
  { readonly kind: 'error' | 'unreadable' }
>;

const isQualifier = (combinable: Combinable): combinable is Qualifier =>
  'name' in combinable && combinable.kind !== 'error' && combinable.kind !== 'unreadable';

const QUALIFIERS: readonly Qualifier[] = [...COMBINABLE.values(), ...COMBINABLE_EXTENSION.values()]
  .filter(isQualifier)
  .toSorted((a, b) => b.name.length - a.name.length);

/** Quantities that only the device knows: named after their bytes, or after the unit it states. */
const UNNAMED = /^(?:unit .+|(?:manufacturer specific|reserved|any)(?: [0-9A-F]{2})*)(?= |$)/;

const SUFFIX =
  /^(.*?)(?: (max|min|error))?(?: storage ([1-9]\d*))?(?: tariff ([1-9]\d*))?(?: subunit ([1-9]\d*))?(?: #([2-9]|[1-9]\d+))?$/;

const TYPE_OF: Readonly<Record<Qualifier['kind'], FieldForm['type'] | undefined>> = {
  qualifier: undefined,
  time: 'text',
  duration: 'float',
  count: 'integer',
  opaque: 'text',
  profile: 'text',
};
const UNIT_OF: Readonly<Record<Qualifier['kind'], string | undefined>> = {
  qualifier: undefined,
  time: '1',
  duration: 's',
  count: '1',
  opaque: '1',
  profile: '1',
};

/** Parts what follows a quantity into qualifiers; `undefined` where it is none. */
const qualified = (text: string, quantity: Omit<Quantity, 'name'>): Omit<Quantity, 'name'> | undefined => {
  let rest = text;
  let form = quantity;
  while (rest !== '') {
    const [own] = /^ (?:reserved|manufacturer specific)(?: [0-9A-F]{2})*/.exec(rest) ?? [];
    if (own !== undefined) {
      rest = rest.slice(own.length);
      continue;
    }
    const found = QUALIFIERS.find(({ name }) => rest === ` ${name}` || rest.startsWith(` ${name} `));
    if (found === undefined) return undefined;
    rest = rest.slice(1 + found.name.length);
    form = { type: TYPE_OF[found.kind] ?? form.type, unit: UNIT_OF[found.kind] ?? form.unit };
  }
  return form;
};

const formOf = (text: string): Omit<Quantity, 'name'> | undefined => {
  const [unnamed] = UNNAMED.exec(text) ?? [];
  if (unnamed !== undefined) return qualified(text.slice(unnamed.length), { type: 'float', unit: '1' });
  for (const name of BY_LENGTH) {
    const quantity = QUANTITIES.get(name);
    if (quantity === undefined || !(text === name || text.startsWith(`${name} `))) continue;
    const form = qualified(text.slice(name.length), quantity);
    if (form !== undefined) return form;
  }
  return undefined;
};

/** Reads a field's name, such as `energy`, `volume storage 1`, `volume flow max` or `energy tariff 2 subunit 1`. */
export const readFieldName = (text: string): Parsed<FieldForm> => {
  const name = text.trim().replaceAll(/\s+/g, ' ');
  const [, stem = ''] = SUFFIX.exec(name) ?? [];
  const form = formOf(stem);
  if (form === undefined)
    return { problem: 'is no field of M-Bus', accepted: nearest(stem, [...QUANTITIES.keys()]) };
  return { value: { name, type: form.type, unit: form.unit } };
};
