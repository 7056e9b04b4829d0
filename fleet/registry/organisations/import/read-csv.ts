import { CsvError, parse, type InfoRecord } from 'csv-parse/sync';
import type { JsonObject } from '../../../store/organisations-store.js';
import {
  columnsOf,
  importError,
  tableOf,
  type Column,
  type ImportFault,
  type ImportSettings,
  type ImportTable,
} from './table.js';

const DELIMITERS = [',', ';', '\t'] as const;

interface Line {
  readonly record: readonly string[];
  readonly info: Pick<InfoRecord, 'lines'>;
}

/** Reads CSV (RFC 4180) with a line of titles; commas, semicolons or tabs between. Throws `OrganisationError`. */
export const readCsv = (text: string, { map, record }: ImportSettings): ImportTable => {
  const [head, ...lines] = linesOf(text);
  if (head === undefined) throw importError([{ path: 'line 1', message: 'the file is empty' }]);
  const columns = columnsOf(head.record, map, placeOf(head));
  const faults: ImportFault[] = [];
  const rows = lines.map((line) => {
    const cells = cellsOf(columns, line.record);
    return { place: placeOf(line), cells, geometry: pointOf(cells, placeOf(line), faults) };
  });
  if (faults.length > 0) throw importError(faults);
  return tableOf(rows, head.record, columns, record);
};

/** Where it begins: the parser says where it ends. */
const placeOf = ({ record, info }: Line): string =>
  `line ${info.lines - record.join('').split('\n').length + 1}`;

const linesOf = (text: string): readonly Line[] => {
  try {
    return parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      max_record_size: 1024 * 1024,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as readonly Line[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Reflect.get(error, 'lines');
    const path = typeof line === 'number' ? `line ${line}` : 'the file';
    throw importError([{ path, message: error.message }]);
  }
};

/** What stands most often between the titles. */
const delimiterOf = (text: string): string => {
  const [head = ''] = text.split(/\r?\n/, 1);
  const count = (delimiter: string): number => head.split(delimiter).length;
  return DELIMITERS.reduce((best, next) => (count(next) > count(best) ? next : best));
};

const cellsOf = (
  columns: readonly (Column | undefined)[],
  values: readonly string[],
): ReadonlyMap<Column, string> =>
  new Map(
    columns.flatMap((column, index) => {
      const value = values[index] ?? '';
      return column === undefined || value === '' ? [] : [[column, value]];
    }),
  );

/** A position as GeoJSON has it; a comma may stand for the point. */
const pointOf = (
  cells: ReadonlyMap<Column, string>,
  place: string,
  faults: ImportFault[],
): JsonObject | null => {
  if (!cells.has('longitude') && !cells.has('latitude')) return null;
  const coordinates = (['longitude', 'latitude'] as const).map((column) => {
    const value = Number((cells.get(column) ?? 'none').replace(',', '.'));
    if (Number.isFinite(value)) return value;
    faults.push({ path: `${place}, column ${column}`, message: 'give longitude and latitude in degrees' });
    return 0;
  });
  return { type: 'Point', coordinates };
};
