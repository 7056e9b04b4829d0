import type { Change, HeldName, RecordName, Records } from '../organisations-store.js';
import type { Reach } from '../reach.js';
import { RECORD_TABLES, type RecordTable } from '../record-tables.js';
import type { RegistryDatabase } from './registry-database.js';
import { reachParameters, within } from './reach.js';

type Row = Readonly<Record<string, unknown>>;

export interface Rows {
  read<Name extends RecordName>(name: Name, where: object): Promise<readonly Records[Name][]>;
  /** Of organisations within reach alone; others' rows are not even looked at. */
  readIn<Name extends HeldName>(name: Name, reach: Reach, where: object): Promise<readonly Records[Name][]>;
  write(change: Change): Promise<void>;
}

const quoted = (column: string): string => `"${column}"`;

/** Rows of any record, by what its table says. */
export const createRows = (database: RegistryDatabase): Rows => ({
  read: async <Name extends RecordName>(name: Name, where: object): Promise<readonly Records[Name][]> => {
    const described = RECORD_TABLES[name];
    const { conditions, values } = conditionsOf(described, where);
    const filter = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    const sql = `select ${columnsOf(described)} from ${described.table} t ${filter} order by t.id`;
    return decoded(name, await database.prepare(sql).all(values));
  },
  readIn: async <Name extends HeldName>(
    name: Name,
    reach: Reach,
    where: object,
  ): Promise<readonly Records[Name][]> => {
    const described = RECORD_TABLES[name];
    const { conditions, values } = conditionsOf(described, where);
    const sql = `select ${columnsOf(described)} from ${within(described.table)}
      where (@site::text is null or ${AT_SITE[name]}) ${conditions.map((each) => `and ${each}`).join(' ')}
      order by t.id`;
    const rows = await database.prepare(sql).all({ ...values, ...reachParameters(narrowed(reach, where)) });
    return decoded(name, rows);
  },
  write: async ({ record, before, after }) => {
    const described = RECORD_TABLES[record];
    if (after === null) {
      await database.prepare(`delete from ${described.table} where id = ?`).run(before?.id);
      return;
    }
    const fields = Object.keys(described.columns);
    const columns = fields.map((field) => quoted(described.columns[field] ?? field));
    const values = fields.map((field) => encode(described, field, Reflect.get(after, field)));
    const sql =
      before === null
        ? `insert into ${described.table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`
        : `update ${described.table} set ${columns.map((column) => `${column} = ?`).join(', ')} where id = ?`;
    await database.prepare(sql).run(...values, ...(before === null ? [] : [before.id]));
  },
});

/** Which rows are at the site `@site`: of what is of no site, none. */
const AT_SITE: Readonly<Record<HeldName, string>> = {
  site: 't.id = @site',
  location: 't.site_id = @site',
  gateway: 't.site_id = @site',
  person: 'false',
  key: 'false',
  invitation: 'false',
  provider: 'false',
  token: 't.site_id = @site',
};

const decoded = <Name extends RecordName>(name: Name, rows: readonly unknown[]): readonly Records[Name][] =>
  rows.map((row) => decode(RECORD_TABLES[name], row as Row) as unknown as Records[Name]);

/** An organisation that is asked for is the only one to look at, if it is within reach at all. */
const narrowed = ({ organisations, ...site }: Reach, where: object): Reach => {
  const asked: unknown = Reflect.get(where, 'organisationId');
  if (typeof asked !== 'string') return { organisations, ...site };
  return { organisations: new Set(organisations.has(asked) ? [asked] : []), ...site };
};

const columnsOf = (described: RecordTable): string =>
  Object.entries(described.columns)
    .map(([field, column]) => `t.${quoted(column)} as ${quoted(field)}`)
    .join(', ');

/** An index finds what equals a value, and what is null. */
const conditionsOf = (
  described: RecordTable,
  where: object,
): { readonly conditions: readonly string[]; readonly values: Readonly<Record<string, unknown>> } => {
  const wanted = Object.entries(where);
  return {
    conditions: wanted.map(([field, value], index) => {
      const column = `t.${quoted(described.columns[field] ?? field)}`;
      return value === null ? `${column} is null` : `${column} = @where${index}`;
    }),
    values: Object.fromEntries(
      wanted.map(([field, value], index) => [`where${index}`, encode(described, field, value)]),
    ),
  };
};

const encode = ({ json }: RecordTable, field: string, value: unknown): unknown =>
  json.has(field) && value !== null ? JSON.stringify(value) : value;

const decode = ({ json }: RecordTable, row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([field, value]) => [
      field,
      json.has(field) && typeof value === 'string' ? JSON.parse(value) : value,
    ]),
  );
