import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { FINEST } from '../sharing/conditions.js';
import type { Scope } from '../sharing/scope.js';
import type { PointRow, ReadingKey, ReadingRow, Resolution, RollupRow } from '../store/views-store.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { csvOfReadings, csvOfRollups } from './csv.js';
import { bindingOf, pageOf, PAGING } from './paging.js';
import { HttpError } from './problem.js';
import { presentReading, presentRollup } from './present-series.js';
import { READING, ROLLUP } from './resources/readings.js';
import { sendFile } from './send-file.js';
import { PERIOD_QUERY, periodOf } from './time.js';

const DEFAULT_LIMIT = 1000;

const QUERY = Type.Object(
  {
    point: Type.String({ maxLength: 64, description: 'Id of the point.' }),
    ...PERIOD_QUERY,
    resolution: Type.Optional(Type.Enum(['raw', '1m', '15m', '1h', '1d'])),
    format: Type.Optional(
      Type.Enum(['json', 'csv'], {
        description:
          'csv gives the whole period as one stream; the connection breaks off where less is given meanwhile.',
      }),
    ),
    ...PAGING,
    ...PURPOSE_QUERY,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, default: DEFAULT_LIMIT })),
  },
  { additionalProperties: false },
);

type Query = Static<typeof QUERY>;

/** What one request asks, checked. */
export interface SeriesRequest {
  readonly scope: Scope;
  readonly point: PointRow;
  readonly from: number;
  readonly to: number;
  /** Notes what is given of the point: begins of cells, or times. */
  readonly given: (times: readonly number[]) => void;
}

export const readingsRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/readings',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'Readings or rollups of one point over a period',
        description:
          'Ordered by time. Rollup cells are those that start in the period. The following pages keep the period of the first.',
        tags: ['data'],
        querystring: QUERY,
        response: {
          200: {
            description: 'A page of readings or rollup cells; or, as CSV, all of them.',
            content: {
              'application/json': { schema: Type.Union([pageOf(READING), pageOf(ROLLUP)]) },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const scope = scopeOf(context, request);
      const asked = await seriesRequest(context, request, scope);
      const resolution = request.query.resolution ?? 'raw';
      if (request.query.format === 'csv') {
        const lines =
          resolution === 'raw'
            ? csvOfReadings(context.views, context.now(), asked)
            : csvOfRollups(context.views, context.now(), asked, resolution);
        const name = `${asked.point.id}-${resolution}.csv`;
        const { organisationId } = asked.point;
        return sendFile(context, request, reply, {
          name,
          organisationId,
          type: 'text/csv; charset=utf-8',
          lines,
          scope,
        });
      }
      const page =
        resolution === 'raw'
          ? await readingsPage(context, request, asked)
          : await rollupsPage(context, request, asked, resolution);
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(page);
    },
  );
};

type SeriesHttpRequest = FastifyRequest<{ Querystring: Query }>;

const seriesRequest = async (
  context: HttpContext,
  request: SeriesHttpRequest,
  scope: Scope,
): Promise<SeriesRequest> => {
  const { query } = request;
  const point = await context.views.point(scope, query.point);
  if (point === undefined) throw new HttpError('not-found', 'There is no such point.');
  const { from, to } = periodOf(query, context.now());
  const note = noteReads(context, request, scope);
  const resolutionMs = FINEST[query.resolution ?? 'raw'];
  const given: SeriesRequest['given'] = (times) => note({ pointId: point.id, times, resolutionMs });
  return { scope, point, from, to, given };
};

/** Where a page begins, and the period of the first one: it holds for the following, since `now` moves on. */
interface Place<Key> {
  readonly from: number;
  readonly to: number;
  readonly after: Key;
}

/** Reads one page of a period with `read`; `keyOf` gives the place of a row in its series. */
const seriesPage = async <Row, Key>(
  context: HttpContext,
  request: SeriesHttpRequest,
  asked: SeriesRequest,
  read: (page: {
    pointId: string;
    from: number;
    to: number;
    limit: number;
    after?: Key;
  }) => Promise<readonly Row[]>,
  keyOf: (row: Row) => Key,
): Promise<{ rows: readonly Row[]; next: string | null }> => {
  const { limit = DEFAULT_LIMIT, cursor } = request.query;
  const binding = bindingOf(request);
  const place =
    cursor === undefined ? undefined : (JSON.parse(context.cursors.open(cursor, binding)) as Place<Key>);
  const { from, to } = place ?? asked;
  const after = place === undefined ? {} : { after: place.after };
  const found = await read({ pointId: asked.point.id, from, to, limit: limit + 1, ...after });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  if (found.length <= limit || last === undefined) return { rows, next: null };
  const next: Place<Key> = { from, to, after: keyOf(last) };
  return { rows, next: context.cursors.seal(JSON.stringify(next), binding) };
};

const readingsPage = async (context: HttpContext, request: SeriesHttpRequest, asked: SeriesRequest) => {
  const { rows, next } = await seriesPage<ReadingRow, ReadingKey>(
    context,
    request,
    asked,
    (page) => context.views.readings(asked.scope, context.now(), page),
    ({ key }) => key,
  );
  asked.given(rows.map(({ time }) => time));
  return { items: rows.map(presentReading), next };
};

const rollupsPage = async (
  context: HttpContext,
  request: SeriesHttpRequest,
  asked: SeriesRequest,
  resolution: Resolution,
) => {
  const { rows, next } = await seriesPage<RollupRow, number>(
    context,
    request,
    asked,
    (page) => context.views.rollups(asked.scope, context.now(), { ...page, resolution }),
    ({ start }) => start,
  );
  asked.given(rows.map(({ start }) => start));
  return { items: rows.map(presentRollup), next };
};
