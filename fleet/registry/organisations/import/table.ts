import type { JsonObject } from '../../../store/organisations-store.js';
import { OrganisationError } from '../errors.js';

/** Columns of an import, in the order of the documentation; of GeoJSON: properties. What is empty stays as it is. */
export const COLUMNS = {
  record: 'organisation, site or location',
  name: 'what it is called',
  type: 'of an organisation: region, intercommunality, syndicate, municipality, service, partner',
  parent: 'of an organisation: what it stands under, by id, official code or name',
  code: 'of an organisation: INSEE commune code, or SIREN; finds one that is there',
  siret: 'of an organisation’s seat; finds one that is there',
  partner_kind: 'of a partner: grid-operator, agency, laboratory, company, association',
  time_zone: 'of an organisation: IANA; its parent’s by default',
  organisation: 'of a site or location: who holds it, by id, official code or name',
  key: 'of a location: what gateways call it; finds one that its holder has',
  site: 'of a location: id or name of a site of the same holder',
  prm: 'of a location: electricity delivery point; finds one that is there',
  pce: 'of a location: gas delivery point; finds one that is there',
  street: 'of a site’s address',
  postcode: 'of a site’s address',
  city: 'of a site’s address',
  country: 'of a site’s address: ISO 3166-1 alpha-2',
  longitude: 'degrees WGS 84, with latitude; GeoJSON has geometries instead',
  latitude: 'degrees WGS 84',
} as const;
export type Column = keyof typeof COLUMNS;

export const isColumn = (text: string): text is Column => Object.hasOwn(COLUMNS, text);

export const IMPORTED_RECORDS = ['organisation', 'site', 'location'] as const;
export type ImportedRecord = (typeof IMPORTED_RECORDS)[number];

/** How a file calls our columns. */
export type ColumnMap = ReadonlyMap<Column, string>;

export interface ImportRow {
  /** `line 3` of CSV, `feature 3` of GeoJSON. */
  readonly place: string;
  /** What is not empty, trimmed. */
  readonly cells: ReadonlyMap<Column, string>;
  readonly geometry: JsonObject | null;
}

/** A file as it was read; nothing in it is believed yet. */
export interface ImportTable {
  readonly rows: readonly ImportRow[];
  /** How the file calls the columns that it has. */
  readonly titles: ColumnMap;
  /** What else it has. */
  readonly ignored: readonly string[];
  /** What its rows are where no column says so. */
  readonly record: ImportedRecord | undefined;
}

export interface ImportSettings {
  readonly map: ColumnMap;
  readonly record: ImportedRecord | undefined;
}

export const MAX_ROWS = 2_000;

/** What is wrong with a file: where, and what. */
export interface ImportFault {
  /** `line 3, column prm` */
  readonly path: string;
  readonly message: string;
}

const LISTED = 100;

/** Says all that is wrong, the first hundred one by one. */
export const importError = (faults: readonly ImportFault[]): OrganisationError => {
  const lines = faults.slice(0, LISTED).map(({ path, message }) => `${path}: ${message}`);
  const more = faults.length > LISTED ? [`and ${faults.length - LISTED} more`] : [];
  const text = [`Nothing was imported, ${faults.length} faults:`, ...lines, ...more].join('\n  ');
  return new OrganisationError('invalid', text, faults.slice(0, LISTED));
};

/** The text of a file. Throws `OrganisationError` where it is not UTF-8. */
export const textOf = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new OrganisationError('invalid', 'The file is not UTF-8: save it as “CSV UTF-8”.');
  }
};

/** `prm=N° PRM` for each column that a file calls otherwise. Throws `OrganisationError`. */
export const parseColumnMap = (texts: readonly string[]): ColumnMap =>
  new Map(
    texts.map((text) => {
      const [, column = '', title = ''] = /^([a-z_]+)=(.+)$/.exec(text) ?? [];
      if (isColumn(column)) return [column, title.trim()] as const;
      const known = Object.keys(COLUMNS).join(', ');
      throw new OrganisationError(
        'invalid',
        `map: ${text}: write column=its name in the file; columns are ${known}.`,
      );
    }),
  );

/** Which of our columns each title of a file is. */
export const columnsOf = (
  titles: readonly string[],
  map: ColumnMap,
  place: string,
): readonly (Column | undefined)[] => {
  const missing = [...map.values()].filter((title) => !titles.includes(title));
  if (missing.length > 0) {
    throw importError(missing.map((title) => ({ path: place, message: `there is no column ${title}` })));
  }
  const mapped = new Map([...map].map(([column, title]) => [title, column]));
  const columns = titles.map((title) => {
    const column = mapped.get(title);
    if (column !== undefined) return column;
    const own = title.toLowerCase();
    return isColumn(own) && !map.has(own) ? own : undefined;
  });
  const twice = columns.find((column, index) => column !== undefined && columns.indexOf(column) !== index);
  if (twice !== undefined)
    throw importError([{ path: place, message: `the column ${twice} is there twice` }]);
  return columns;
};

export const tableOf = (
  rows: readonly ImportRow[],
  titles: readonly string[],
  columns: readonly (Column | undefined)[],
  record: ImportedRecord | undefined,
): ImportTable => {
  if (rows.length > MAX_ROWS) {
    const message = `an import takes ${MAX_ROWS} rows at most: split the file`;
    throw importError([{ path: `${rows.length} rows`, message }]);
  }
  const named = titles.map((title, index) => ({ title, column: columns[index] }));
  return {
    rows,
    titles: new Map(named.flatMap(({ title, column }) => (column === undefined ? [] : [[column, title]]))),
    ignored: named
      .filter(({ column, title }) => column === undefined && title !== '')
      .map(({ title }) => title),
    record,
  };
};
