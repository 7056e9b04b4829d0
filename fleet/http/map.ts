import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { PlacedRow } from '../store/views-store.js';
import { BOX_QUERY, boxOf, DEGREE } from './box.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { PAGING, readPage } from './paging.js';
import { presentLatest } from './present-series.js';
import { HttpError } from './problem.js';
import { LATEST } from './resources/readings.js';

const QUERY = Type.Object(
  {
    ...PAGING,
    ...PURPOSE_QUERY,
    property: Type.String({ maxLength: 64, description: 'Observed property of the catalogue.' }),
    bbox: BOX_QUERY,
    zone: Type.Optional(
      Type.String({ maxLength: 64, description: 'Id of an organisation: what it and its services hold.' }),
    ),
    near: Type.Optional(
      Type.String({
        pattern: `^${DEGREE},${DEGREE}$`,
        maxLength: 60,
        description: 'longitude,latitude: the nearest `limit` of it, nearest first; without `cursor`.',
      }),
    ),
  },
  { additionalProperties: false },
);

const FEATURE = Type.Object({
  type: Type.Literal('Feature'),
  id: Type.String(),
  geometry: Type.Object({
    type: Type.Literal('Point'),
    coordinates: Type.Array(Type.Number(), { minItems: 2, maxItems: 2 }),
  }),
  properties: Type.Object({
    ...LATEST.properties,
    locationName: Type.Union([Type.String(), Type.Null()]),
    distanceM: Type.Optional(Type.Integer({ description: 'From `near`, m.' })),
  }),
});

const COLLECTION = Type.Object({
  type: Type.Literal('FeatureCollection'),
  features: Type.Array(FEATURE),
  next: Type.Union([Type.String(), Type.Null()], { description: '`cursor` of the following page.' }),
});

/** What is measured where, whoever holds it: the newest reading of each point of a property, as GeoJSON (RFC 7946). */
export const mapRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/map',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'The newest readings of a property by place, across organisations, as GeoJSON',
        tags: ['data'],
        querystring: QUERY,
        response: {
          200: {
            description: 'Points whose location has a place, as far as the caller may read them.',
            content: { 'application/geo+json': { schema: COLLECTION } },
          },
        },
      },
    },
    async (request, reply) => {
      const { property, bbox, zone, near: nearText, cursor } = request.query;
      const near = nearText === undefined ? undefined : positionOf(nearText);
      if (near !== undefined && cursor !== undefined) {
        throw new HttpError('bad-request', 'cursor: the nearest come in one page; raise limit.');
      }
      const wanted = {
        property,
        ...(bbox === undefined ? {} : { box: boxOf(bbox) }),
        ...(zone === undefined ? {} : { organisations: context.sharing.bodies().servicesOf(zone) }),
        ...(near === undefined ? {} : { near }),
      };
      const scope = scopeOf(context, request);
      const { items, next } = await readPage(
        context,
        request,
        (page) => context.views.placed(scope, context.now(), { ...wanted, ...page }),
        ({ id }) => id,
      );
      noteItems(context, request, scope, items);
      const features = items.map((row) => featureOf(row, near));
      return reply
        .type('application/geo+json')
        .send({ type: 'FeatureCollection', features, next: near === undefined ? next : null });
    },
  );
};

const noteItems = (
  context: HttpContext,
  request: FastifyRequest,
  scope: ReturnType<typeof scopeOf>,
  items: readonly PlacedRow[],
): void => {
  const note = noteReads(context, request, scope);
  for (const { id, time } of items) note({ pointId: id, times: [time], resolutionMs: 0 });
};

type Position = readonly [number, number];

const positionOf = (text: string): Position => {
  const [longitude = NaN, latitude = NaN] = text.split(',').map(Number);
  if (Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90) return [longitude, latitude];
  throw new HttpError('bad-request', 'near: longitude,latitude in degrees.');
};

const featureOf = ({ position, locationName, ...row }: PlacedRow, near: Position | undefined) => ({
  type: 'Feature' as const,
  id: row.id,
  geometry: { type: 'Point' as const, coordinates: [...position] },
  properties: {
    ...presentLatest(row),
    locationName,
    ...(near === undefined ? {} : { distanceM: Math.round(distanceOf(position, near)) }),
  },
});

const EARTH_M = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Along the globe (haversine), m. */
const distanceOf = ([longitude, latitude]: Position, [toLongitude, toLatitude]: Position): number => {
  const [dLatitude, dLongitude] = [radians(toLatitude - latitude), radians(toLongitude - longitude)];
  const half =
    Math.sin(dLatitude / 2) ** 2 +
    Math.cos(radians(latitude)) * Math.cos(radians(toLatitude)) * Math.sin(dLongitude / 2) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(half)));
};
