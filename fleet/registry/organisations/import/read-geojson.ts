import { Type } from 'typebox';
import { Check } from 'typebox/value';
import type { JsonObject } from '../../../store/organisations-store.js';
import {
  columnsOf,
  importError,
  tableOf,
  type Column,
  type ImportFault,
  type ImportRow,
  type ImportSettings,
  type ImportTable,
} from './table.js';

const COLLECTION = Type.Object({
  type: Type.Literal('FeatureCollection'),
  features: Type.Array(
    Type.Object({
      type: Type.Literal('Feature'),
      properties: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
      geometry: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]),
    }),
  ),
});

/** Reads a GeoJSON FeatureCollection (RFC 7946): properties are columns. Throws `OrganisationError`. */
export const readGeoJson = (text: string, { map, record }: ImportSettings): ImportTable => {
  const document = parsed(text);
  if (!Check(COLLECTION, document)) {
    throw importError([{ path: 'the file', message: 'it is no GeoJSON FeatureCollection' }]);
  }
  const titles = [...new Set(document.features.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  const columns = columnsOf(titles, map, 'properties');
  const known = new Map(titles.map((title, index) => [title, columns[index]]));
  const faults: ImportFault[] = [];
  const rows = document.features.map(({ properties, geometry }, index): ImportRow => {
    const place = `feature ${index + 1}`;
    const cells = new Map<Column, string>();
    for (const [title, value] of Object.entries(properties ?? {})) {
      const column = known.get(title);
      if (column === undefined || value === null) continue;
      if (typeof value === 'string' || typeof value === 'number') cells.set(column, String(value).trim());
      else faults.push({ path: `${place}, property ${title}`, message: 'it is neither text nor a number' });
    }
    return { place, cells: withoutEmpty(cells), geometry: geometryOf(geometry) };
  });
  if (faults.length > 0) throw importError(faults);
  return tableOf(rows, titles, columns, record);
};

const withoutEmpty = (cells: ReadonlyMap<Column, string>): ReadonlyMap<Column, string> =>
  new Map([...cells].filter(([, value]) => value !== ''));

/** Without what RFC 7946 lets writers add, such as a bounding box. */
const geometryOf = (geometry: JsonObject | null): JsonObject | null =>
  geometry === null ? null : { type: geometry['type'], coordinates: geometry['coordinates'] };

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'it is no JSON';
    throw importError([{ path: 'the file', message }]);
  }
};
