import type { Static, TSchema } from 'typebox';
import { Check, Errors } from 'typebox/value';
import { OrganisationError } from '../errors.js';
import type { Column } from './table.js';

type Cells = ReadonlyMap<Column, string>;

/** A cell that may not be empty. Throws `OrganisationError`. */
export const needed = (cells: Cells, column: Column): string => {
  const value = cells.get(column);
  if (value === undefined) throw new OrganisationError('invalid', `${column}: it may not be empty.`);
  return value;
};

/** Cells that are not empty, by the field that they fill. */
export const given = (
  cells: Cells,
  fields: Partial<Readonly<Record<Column, string>>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...cells].flatMap(([column, value]) => {
      const field = fields[column];
      return field === undefined ? [] : [[field, value]];
    }),
  );

/** What was asked for, in form. Throws `OrganisationError` naming the field. */
export const checked = <Schema extends TSchema>(schema: Schema, asked: unknown): Static<Schema> => {
  if (Check(schema, asked)) return asked;
  const [first] = Errors(schema, asked);
  const field = first?.instancePath.split('/').at(-1) ?? '';
  throw new OrganisationError('invalid', `${field}: ${first?.message ?? 'it is not valid'}.`);
};
