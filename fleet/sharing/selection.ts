import { Type, type Static } from 'typebox';
import { AREA, type Area } from './conditions.js';

const ids = (description: string) =>
  Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { minItems: 1, maxItems: 1000, description }));

/** Which points a dataset is of: all that is named must hold; what is absent limits nothing. It lives: new points come in. */
export const SELECTION = Type.Object(
  {
    themes: ids('Themes of the catalogue.'),
    properties: ids('Observed properties of the catalogue.'),
    sites: ids('While they are installed at one of these sites.'),
    locations: ids('While they are installed at one of these locations.'),
    points: ids('These points alone.'),
    area: Type.Optional(AREA),
  },
  { additionalProperties: false, description: 'Points of the organisation and its services.' },
);
export type Selection = Static<typeof SELECTION>;

/** From `from` to `to` an organisation held a point, or may read its past as if it had. */
export interface Held {
  readonly organisationId: string;
  readonly from: number;
  readonly to: number;
}

/** A point as it stood from `from` to `to`: who held it, where it was installed; while it was in store there is none. */
export interface Placed extends Held {
  readonly pointId: string;
  readonly property: string;
  readonly locationId: string | null;
  readonly siteId: string | null;
  /** Longitude, latitude. */
  readonly position: readonly [number, number] | null;
}

/** A selection in which themes are spelt out as observed properties: what queries match. */
export interface Matching {
  readonly properties: readonly string[] | null;
  readonly sites: readonly string[] | null;
  readonly locations: readonly string[] | null;
  readonly points: readonly string[] | null;
  readonly area: Area | null;
}

export type Themes = ReadonlyMap<string, readonly string[]>;

export const matchingOf = (selection: Selection, themes: Themes): Matching => ({
  properties: propertiesOf(selection, themes),
  sites: selection.sites ?? null,
  locations: selection.locations ?? null,
  points: selection.points ?? null,
  area: selection.area ?? null,
});

/** A theme that is not in the catalogue has no property: it matches nothing. */
const propertiesOf = ({ themes: names, properties }: Selection, themes: Themes): Matching['properties'] => {
  if (names === undefined) return properties ?? null;
  const ofThemes = names.flatMap((name) => themes.get(name) ?? []);
  return properties === undefined ? ofThemes : properties.filter((name) => ofThemes.includes(name));
};

/** What has no place is in no area. */
export const isWithin = (area: Area, position: Placed['position']): boolean => {
  if (position === null) return false;
  const [west = NaN, south = NaN, east = NaN, north = NaN] = area;
  const [longitude, latitude] = position;
  return west <= longitude && longitude <= east && south <= latitude && latitude <= north;
};

const names = (list: readonly string[] | null, value: string | null): boolean =>
  list === null || (value !== null && list.includes(value));

export const matches = (matching: Matching, placed: Placed): boolean =>
  names(matching.properties, placed.property) &&
  names(matching.sites, placed.siteId) &&
  names(matching.locations, placed.locationId) &&
  names(matching.points, placed.pointId) &&
  (matching.area === null || isWithin(matching.area, placed.position));
