import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { GroupOfPoints } from '../sharing/aggregates/group-points.js';
import { FINEST } from '../sharing/conditions.js';
import { RESOLUTIONS } from '../store/views-store.js';
import { aggregatesOf } from './aggregate-reads.js';
import { PURPOSE_QUERY } from './caller.js';
import type { Routes } from './context.js';
import { HttpError } from './problem.js';
import { BOX_QUERY, boxOf } from './box.js';
import { isoTime, PERIOD_QUERY, periodOf } from './time.js';

/** Cells of one group. */
const MAX_CELLS = 1000;

const QUERY = Type.Object(
  {
    property: Type.String({ maxLength: 64, description: 'Observed property of the catalogue.' }),
    resolution: Type.Optional(Type.Enum([...RESOLUTIONS], { description: '1h by default.' })),
    ...PERIOD_QUERY,
    zone: Type.Optional(
      Type.String({ maxLength: 64, description: 'Id of an organisation: what it and its services hold.' }),
    ),
    dataset: Type.Optional(Type.String({ maxLength: 64, description: 'Id of a dataset.' })),
    bbox: BOX_QUERY,
    ...PURPOSE_QUERY,
  },
  { additionalProperties: false },
);
export type AggregatesRequest = FastifyRequest<{ Querystring: Static<typeof QUERY> }>;

const nullable = Type.Union([Type.Number(), Type.Null()]);

const GROUP = Type.Object({
  organisationId: Type.String({ description: 'Whose they are.' }),
  property: Type.String(),
  kind: Type.String(),
  unit: Type.String({ description: 'UCUM.' }),
  resolution: Type.Enum([...RESOLUTIONS]),
  threshold: Type.Union(
    [Type.Object({ contributors: Type.Integer(), maxShare: Type.Number() }), Type.Null()],
    {
      description: 'Below it a cell is not given; null: all may be read point by point too.',
    },
  ),
  datasets: Type.Array(Type.String(), { description: 'By which it is given, where only in aggregates.' }),
  cells: Type.Array(
    Type.Object({
      start: Type.String(),
      end: Type.String(),
      points: Type.Integer(),
      locations: Type.Integer(),
      mean: nullable,
      sum: nullable,
      min: nullable,
      max: nullable,
    }),
  ),
});

/** Numbers over all points of a property, organisation by organisation. */
export const aggregateRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/aggregates',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'Means, sums, least and largest over the points of a property, by whom they belong to',
        description:
          'Also over what is given only in aggregates: in fixed pools, at the one resolution that their terms give, where enough locations contribute; never within a box.',
        tags: ['data'],
        querystring: QUERY,
        response: { 200: Type.Object({ items: Type.Array(GROUP) }) },
      },
    },
    async (request) => {
      const { resolution = '1h', bbox, zone, dataset, property } = request.query;
      const now = context.now();
      const { from, to } = periodOf(request.query, now);
      if ((to - from) / FINEST[resolution] > MAX_CELLS) {
        throw new HttpError('bad-request', `from: at most ${MAX_CELLS} periods of ${resolution} before to.`);
      }
      const groups = await aggregatesOf(context, request, {
        property,
        resolution,
        from,
        to,
        now,
        ...(bbox === undefined ? {} : { box: boxOf(bbox) }),
        ...(zone === undefined
          ? {}
          : { zone: new Set([zone, ...context.sharing.bodies().servicesOf(zone)]) }),
        ...(dataset === undefined ? {} : { dataset }),
      });
      return { items: groups.map((group) => ({ ...present(group), property, resolution })) };
    },
  );
};

const present = ({ organisationId, kind, unit, threshold, datasets, cells }: GroupOfPoints) => ({
  organisationId,
  kind,
  unit,
  threshold: threshold === null ? null : { ...threshold },
  datasets: [...datasets],
  cells: cells.map(({ start, end, combined }) => ({
    start: isoTime(start),
    end: isoTime(end),
    ...combined,
  })),
});
