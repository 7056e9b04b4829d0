import { Type, type Static } from 'typebox';
import { Check } from 'typebox/value';

const Position = Type.Array(Type.Number(), { minItems: 2, maxItems: 3 });
const Line = Type.Array(Position, { minItems: 2 });
const Ring = Type.Array(Position, { minItems: 4 });
const Polygon = Type.Array(Ring, { minItems: 1 });

const shape = <Name extends string, Coordinates extends Parameters<typeof Type.Array>[0]>(
  name: Name,
  coordinates: Coordinates,
) => Type.Object({ type: Type.Literal(name), coordinates }, { additionalProperties: false });

/** A geometry as it is asked for: `geometryFault` looks into it. */
export const GEOMETRY = Type.Object(
  { type: Type.String({ maxLength: 20 }), coordinates: Type.Array(Type.Unknown()) },
  {
    additionalProperties: false,
    description: 'GeoJSON geometry (RFC 7946) but for collections, WGS 84, longitude before latitude.',
  },
);

const KNOWN = Type.Union([
  shape('Point', Position),
  shape('MultiPoint', Type.Array(Position, { minItems: 1 })),
  shape('LineString', Line),
  shape('MultiLineString', Type.Array(Line, { minItems: 1 })),
  shape('Polygon', Polygon),
  shape('MultiPolygon', Type.Array(Polygon, { minItems: 1 })),
]);

type Geometry = Static<typeof KNOWN>;

/** What is wrong with a geometry beyond its form: positions off the globe, open rings. */
export const geometryFault = (geometry: unknown): string | undefined => {
  if (!Check(KNOWN, geometry)) return 'it is no GeoJSON geometry (Point, LineString, Polygon or Multi…)';
  const off = positionsOf(geometry.coordinates).find(([longitude = NaN, latitude = NaN]) => {
    return !(Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90);
  });
  if (off !== undefined) {
    return `[${off.join(', ')}] is not on the globe: GeoJSON takes degrees of WGS 84, longitude first`;
  }
  return ringsOf(geometry).every(isClosed) ? undefined : 'a ring of a polygon ends where it begins';
};

type Nested = number | readonly Nested[];

const positionsOf = (coordinates: readonly Nested[]): readonly (readonly number[])[] => {
  const numbers = coordinates.filter((part) => typeof part === 'number');
  if (numbers.length > 0) return [numbers];
  return coordinates.flatMap((part) => (typeof part === 'number' ? [] : positionsOf(part)));
};

const ringsOf = (geometry: Geometry): readonly (readonly (readonly number[])[])[] => {
  if (geometry.type === 'Polygon') return geometry.coordinates;
  return geometry.type === 'MultiPolygon' ? geometry.coordinates.flat() : [];
};

const isClosed = (ring: readonly (readonly number[])[]): boolean => {
  const [first, last] = [ring[0], ring.at(-1)];
  return first !== undefined && last !== undefined && first.every((value, place) => value === last[place]);
};
