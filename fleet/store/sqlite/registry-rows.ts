import type { Change, HeldName, RecordName, Records } from '../organisations-store.js';
import type { Reach } from '../reach.js';
import type { Database } from './database.js';
import { reachParameters, within } from './reach.js';
import { isHeld, WHOSE, type BorneName } from './registry-reached.js';
import { RECORD_TABLES, type RecordTable } from '../record-tables.js';
import { HELD_TABLES } from './registry-records.js';

type Row = Readonly<Record<string, unknown>>;

export interface Rows {
  read<Name extends RecordName>(name: Name, where: object): readonly Records[Name][];
  /** Of organisations within reach alone; others' rows are not even looked at. */
  readIn<Name extends RecordName>(name: Name, reach: Reach, where: object): readonly Records[Name][];
  write(change: Change): void;
}

const quoted = (column: string): string => `"${column}"`;

/** Rows of any record, by what its table says. */
export const createRows = (database: Database): Rows => {
  const statements = new Map<string, ReturnType<Database['prepare']>>();
  const prepare = (sql: string) => {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  return {
    read: <Name extends RecordName>(name: Name, where: object): readonly Records[Name][] => {
      const { sql, values } = selectOf(RECORD_TABLES[name], where);
      return decoded(name, prepare(sql).all(...values));
    },
    readIn: <Name extends RecordName>(name: Name, reach: Reach, where: object): readonly Records[Name][] => {
      if (!isHeld(name)) return decoded(name, readBorne(prepare, name, reach, where));
      const { sql, values } = selectWithin(name, where);
      return decoded(name, prepare(sql).all(...values, reachParameters(narrowed(reach, where))));
    },
    write: ({ record, before, after }) => {
      const described = RECORD_TABLES[record];
      if (after === null) {
        prepare(`delete from ${described.table} where id = ?`).run(before?.id);
        return;
      }
      const fields = Object.keys(described.columns);
      const columns = fields.map((field) => quoted(described.columns[field] ?? field));
      const values = fields.map((field) => encode(described, field, Reflect.get(after, field)));
      const sql =
        before === null
          ? `insert into ${described.table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`
          : `update ${described.table} set ${columns.map((column) => `${column} = ?`).join(', ')} where id = ?`;
      prepare(sql).run(...values, ...(before === null ? [] : [before.id]));
    },
  };
};

const decoded = <Name extends RecordName>(name: Name, rows: readonly unknown[]): readonly Records[Name][] =>
  rows.map((row) => decode(RECORD_TABLES[name], row as Row) as unknown as Records[Name]);

/** An organisation that is asked for is the only one to look at, if it is within reach at all. */
const narrowed = ({ organisations, ...site }: Reach, where: object): Reach => {
  const asked: unknown = Reflect.get(where, 'organisationId');
  if (typeof asked !== 'string') return { organisations, ...site };
  return { organisations: new Set(organisations.has(asked) ? [asked] : []), ...site };
};

/** Where the holder and a field are looked up together; by all else a holder's rows are gone through. */
const INDEXED_WITH: Partial<Record<HeldName, Readonly<Record<string, string>>>> = {
  location: { key: 'location_key', prm: 'location_prm', pce: 'location_pce' },
};

const selectWithin = (name: HeldName, where: object): { sql: string; values: unknown[] } => {
  const described = RECORD_TABLES[name];
  const { holderIndex, atSite } = HELD_TABLES[name];
  const by = INDEXED_WITH[name] ?? {};
  const field = 'id' in where ? undefined : Object.keys(where).find((each) => by[each] !== undefined);
  const index = (field === undefined ? undefined : by[field]) ?? holderIndex;
  const { conditions, values } = conditionsOf(described, where, 't.');
  return {
    sql: `select ${columnsOf(described, 't.')} from ${within(described.table, index)}
      where (@site is null or ${atSite}) ${conditions.map((each) => `and ${each}`).join(' ')} order by t.id`,
    values,
  };
};

type Prepare = (sql: string) => { all(...values: unknown[]): unknown[] };

/** First whose the rows are, from indexes; then those that are within reach. Of none, one is looked for all the same. */
const readBorne = (prepare: Prepare, name: BorneName, reach: Reach, where: object): readonly unknown[] => {
  const parameters = reachParameters(reach);
  const { sql, values } = selectWhose(name, where);
  const wanted: unknown[] = sql.includes('@')
    ? [...values, { organisations: parameters.organisations }]
    : values;
  const known = prepare(sql).all(...wanted) as readonly WhoseRow[];
  const columns = [...WHOSE[name].columns.keys()];
  const reached = new Set(
    known
      .filter((row) => columns.every((number) => reach.organisations.has(row[`whose${number}`] ?? '')))
      .map(({ id }) => id),
  );
  const one = prepare(selectAtSite(name));
  const ids = reached.size === 0 ? [''] : [...reached];
  return ids.flatMap((id) => one.all({ id, site: parameters.site }));
};

interface WhoseRow {
  readonly id: string;
  readonly [whose: `whose${number}`]: string | null;
}

const selectWhose = (name: BorneName, where: object): { sql: string; values: unknown[] } => {
  const described = RECORD_TABLES[name];
  const { joined, columns, byId, fromReach } = WHOSE[name];
  const index = 'id' in where && byId !== undefined ? `indexed by ${byId}` : '';
  const from = 'id' in where || fromReach === undefined ? described.table : fromReach;
  const { conditions, values } = conditionsOf(described, where, 't.');
  const named = columns.map((column, number) => `${column} as whose${number}`).join(', ');
  const filter = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  return {
    sql: `select t.id as id, ${named} from ${from} t ${index} ${joined} ${filter} order by t.id`,
    values,
  };
};

const selectAtSite = (name: BorneName): string => {
  const described = RECORD_TABLES[name];
  return `select ${columnsOf(described, 't.')} from ${described.table} t
    where t.id = @id and (@site is null or ${WHOSE[name].atSite})`;
};

const columnsOf = (described: RecordTable, of = ''): string =>
  Object.entries(described.columns)
    .map(([field, column]) => `${of}${quoted(column)} as ${quoted(field)}`)
    .join(', ');

const conditionsOf = (
  described: RecordTable,
  where: object,
  of = '',
): { conditions: string[]; values: unknown[] } => {
  const wanted = Object.entries(where);
  return {
    // `is` also finds what is null
    conditions: wanted.map(([field]) => `${of}${quoted(described.columns[field] ?? field)} is ?`),
    values: wanted.map(([field, value]) => encode(described, field, value)),
  };
};

const selectOf = (described: RecordTable, where: object): { sql: string; values: unknown[] } => {
  const { conditions, values } = conditionsOf(described, where);
  const filter = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
  return { sql: `select ${columnsOf(described)} from ${described.table} ${filter} order by id`, values };
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
