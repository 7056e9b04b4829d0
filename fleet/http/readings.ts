import { Type, type Static, type TSchema } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { FINEST } from '../sharing/conditions.js';
import type { Scope } from '../sharing/scope.js';
import type { PointRow, ReadingKey, ReadingRow, Resolution, RollupRow } from '../store/views-store.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import { chooseResolution, WIDTH } from './chart-series.js';
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
    width: Type.Optional({
      ...WIDTH,
      description:
        'In place of a resolution: the finest that gives the period about so many values, and gives any.',
    }),
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

const seriesOf = <Item extends TSchema>(item: Item) =>
  Type.Object({ resolution: Type.Enum(['raw', '1m', '15m', '1h', '1d']), ...pageOf(item).properties });

/** What one request asks, checked. */
export interface SeriesRequest {
  readonly scope: Scope;
  readonly point: PointRow;
  readonly from: number;
  readonly to: number;
  readonly resolution: Resolution | 'raw';
  /** The row before the first of the page. */
  readonly after: ReadingKey | number | undefined;
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
          'Ordered by time. Rollup cells are those that start in the period. The following pages keep the period and resolution of the first.',
        tags: ['data'],
        querystring: QUERY,
        response: {
          200: {
            description: 'A page of readings or rollup cells; or, as CSV, all of them.',
            content: {
              'application/json': { schema: Type.Union([seriesOf(READING), seriesOf(ROLLUP)]) },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const scope = scopeOf(context, request);
      const asked = await seriesRequest(context, request, scope);
      const { resolution } = asked;
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

/** Where a page begins; period and resolution are those of the first one, since `now` and what is stored move on. */
interface Place {
  readonly from: number;
  readonly to: number;
  readonly resolution: Resolution | 'raw';
  readonly after: ReadingKey | number;
}

const placeOf = ({ cursors }: HttpContext, request: SeriesHttpRequest): Place | undefined => {
  const { cursor } = request.query;
  return cursor === undefined ? undefined : (JSON.parse(cursors.open(cursor, bindingOf(request))) as Place);
};

const seriesRequest = async (
  context: HttpContext,
  request: SeriesHttpRequest,
  scope: Scope,
): Promise<SeriesRequest> => {
  const { query } = request;
  const point = await context.views.point(scope, query.point);
  if (point === undefined) throw new HttpError('not-found', 'There is no such point.');
  const place = placeOf(context, request);
  const { from, to } = place ?? periodOf(query, context.now());
  const resolution =
    place?.resolution ?? (await resolutionAsked(context, query, scope, { pointId: point.id, from, to }));
  const note = noteReads(context, request, scope);
  const given: SeriesRequest['given'] = (times) =>
    note({ pointId: point.id, times, resolutionMs: FINEST[resolution] });
  return { scope, point, from, to, resolution, after: place?.after, given };
};

const resolutionAsked = async (
  { views, now }: HttpContext,
  { resolution, width }: Query,
  scope: Scope,
  series: { readonly pointId: string; readonly from: number; readonly to: number },
): Promise<Resolution | 'raw'> => {
  if (width === undefined) return resolution ?? 'raw';
  if (resolution !== undefined)
    throw new HttpError('bad-request', 'width: choose a resolution, or let the width choose it.');
  return chooseResolution(views, scope, now(), { ...series, width });
};

/** Reads one page of a period with `read`; `keyOf` gives the place of a row in its series. */
const seriesPage = async <Row, Key extends ReadingKey | number>(
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
  const { width, limit = width ?? DEFAULT_LIMIT } = request.query;
  const { from, to, resolution } = asked;
  const after = asked.after === undefined ? {} : { after: asked.after as Key };
  const found = await read({ pointId: asked.point.id, from, to, limit: limit + 1, ...after });
  const rows = found.slice(0, limit);
  const last = rows.at(-1);
  if (found.length <= limit || last === undefined) return { rows, next: null };
  const next: Place = { from, to, resolution, after: keyOf(last) };
  return { rows, next: context.cursors.seal(JSON.stringify(next), bindingOf(request)) };
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
  return { resolution: asked.resolution, items: rows.map(presentReading), next };
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
  return { resolution, items: rows.map(presentRollup), next };
};
