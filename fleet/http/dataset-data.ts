import { setImmediate } from 'node:timers/promises';
import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { csvHeader, csvLine } from '../csv-line.js';
import { FINEST, FINEST_NAMES } from '../sharing/conditions.js';
import { givenDatasetScope, ownDatasetScope } from '../sharing/dataset-scope.js';
import type { Scope } from '../sharing/scope.js';
import type { NoteRead } from '../sharing/usage/usage-ledger.js';
import { DAY } from '../store/periods.js';
import type { PointRow, ReadingKey, Resolution } from '../store/views-store.js';
import { noteReads, PURPOSE_QUERY, reachOf, scopeOf, SHARED_QUERY } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { requireSeen } from './datasets.js';
import { BY_ID } from './deeds.js';
import { pageOf, readPage } from './paging.js';
import { presentLatest, presentReading, presentRollup } from './present-series.js';
import { HttpError } from './problem.js';
import { LATEST } from './resources/readings.js';
import { sendFile } from './send-file.js';
import { parseTime } from './time.js';

const MAX_PERIOD_MS = 366 * DAY;
/** Points, and rows of one, that are read at a time. */
const POINTS = 500;
const ROWS = 2000;

const QUERY = Type.Object(
  {
    from: Type.Optional(
      Type.String({ maxLength: 40, description: 'ISO 8601, inclusive; a day before `to` by default.' }),
    ),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive; now by default.' })),
    resolution: Type.Optional(Type.Enum([...FINEST_NAMES])),
    ...PURPOSE_QUERY,
  },
  { additionalProperties: false },
);
type Query = Static<typeof QUERY>;

/** What is measured, dataset by dataset: of open ones for anybody. */
export const datasetDataRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/datasets/:id/latest',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'The newest reading of each point of a dataset',
        tags: ['sharing'],
        params: BY_ID,
        querystring: SHARED_QUERY,
        response: { 200: pageOf(LATEST) },
      },
    },
    async (request) => {
      const scope = await datasetScopeOf(context, request, request.params.id);
      const note = noteReads(context, request, scopeOf(context, request));
      const page = await readPage(
        context,
        request,
        (wanted) => context.views.latest(scope, context.now(), wanted),
        ({ id }) => id,
      );
      for (const { id, time } of page.items) note({ pointId: id, times: [time], resolutionMs: 0 });
      return { ...page, items: page.items.map(presentLatest) };
    },
  );
  server.get(
    '/api/v1/datasets/:id/readings',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'Readings or rollups of all points of a dataset over a period, as CSV',
        description: 'Point by point, each ordered by time. A period of at most a year.',
        tags: ['sharing'],
        params: BY_ID,
        querystring: QUERY,
        response: {
          200: { description: 'RFC 4180.', content: { 'text/csv': { schema: Type.String() } } },
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const period = periodOf(context, request.query);
      const given = await datasetScopeOf(context, request, id);
      const scope = scopeOf(context, request);
      const lines = csvOf(context, given, noteReads(context, request, scope), period);
      return sendFile(context, request, reply, {
        name: `${id}-${request.query.resolution ?? 'raw'}.csv`,
        type: 'text/csv; charset=utf-8',
        lines,
        scope,
      });
    },
  );
};

/** What the caller reads of a dataset: of one's own what it gives to others. Throws `HttpError` where none is seen. */
export const datasetScopeOf = async (
  context: HttpContext,
  request: FastifyRequest,
  id: string,
): Promise<Scope> => {
  const dataset = requireSeen(context, request, id);
  const scope = scopeOf(context, request);
  if (reachOf(context, request).organisations.has(dataset.organisationId)) {
    const { sharing } = context;
    return ownDatasetScope(scope, dataset, { themes: sharing.policy().themes, bodies: sharing.bodies() });
  }
  return givenDatasetScope(scope, id, async (selected) => {
    const ids: string[] = [];
    for await (const point of pointsOf(context, selected)) ids.push(point.id);
    return ids;
  });
};

async function* pointsOf({ views }: HttpContext, scope: Scope): AsyncGenerator<PointRow> {
  for (let after = ''; ;) {
    const points = await views.points(scope, { after, limit: POINTS });
    yield* points;
    after = points.at(-1)?.id ?? '';
    if (after === '') return;
  }
}

interface Period {
  readonly from: number;
  readonly to: number;
  readonly resolution: Query['resolution'];
}

const periodOf = (context: HttpContext, query: Query): Period => {
  const to = query.to === undefined ? context.now() : parseTime('to', query.to);
  const from = query.from === undefined ? to - DAY : parseTime('from', query.from);
  if (from >= to) throw new HttpError('bad-request', 'from: must be earlier than to.');
  if (to - from > MAX_PERIOD_MS) throw new HttpError('bad-request', 'from: at most a year before to.');
  return { from, to, resolution: query.resolution };
};

const POINT_COLUMNS = ['pointId', 'pointName', 'property', 'unit', 'locationId'] as const;
const RAW_COLUMNS = [...POINT_COLUMNS, 'time', 'value', 'flag', 'reason'] as const;
const CELL_COLUMNS = [...POINT_COLUMNS, 'start', 'end', 'value', 'min', 'max', 'count', 'expected'] as const;

const pointCells = ({ id, name, property, unit, locationId }: PointRow) => ({
  pointId: id,
  pointName: name,
  property,
  unit,
  locationId,
});

async function* csvOf(
  context: HttpContext,
  scope: Scope,
  note: NoteRead,
  { from, to, resolution = 'raw' }: Period,
): AsyncGenerator<string> {
  yield csvHeader(resolution === 'raw' ? RAW_COLUMNS : CELL_COLUMNS);
  for await (const point of pointsOf(context, scope)) {
    const chunks =
      resolution === 'raw'
        ? rawChunks(context, scope, point, { from, to })
        : cellChunks(context, scope, point, { from, to }, resolution);
    for await (const { times, lines } of chunks) {
      note({ pointId: point.id, times, resolutionMs: FINEST[resolution] });
      yield lines;
      await setImmediate();
    }
  }
}

interface Chunk {
  readonly times: readonly number[];
  readonly lines: string;
}

type Span = Pick<Period, 'from' | 'to'>;

async function* rawChunks(
  { views, now }: HttpContext,
  scope: Scope,
  point: PointRow,
  span: Span,
): AsyncGenerator<Chunk> {
  for (let after: ReadingKey | undefined; ;) {
    const place = after === undefined ? {} : { after };
    const rows = await views.readings(scope, now(), { pointId: point.id, ...span, limit: ROWS, ...place });
    after = rows.at(-1)?.key;
    if (after === undefined) return;
    const lines = rows.map((row) => csvLine({ ...pointCells(point), ...presentReading(row) }, RAW_COLUMNS));
    yield { times: rows.map(({ time }) => time), lines: lines.join('') };
  }
}

async function* cellChunks(
  { views, now }: HttpContext,
  scope: Scope,
  point: PointRow,
  span: Span,
  resolution: Resolution,
): AsyncGenerator<Chunk> {
  for (let after: number | undefined; ;) {
    const place = after === undefined ? {} : { after };
    const query = { pointId: point.id, resolution, ...span, limit: ROWS, ...place };
    const rows = await views.rollups(scope, now(), query);
    after = rows.at(-1)?.start;
    if (after === undefined) return;
    const lines = rows.map((row) => csvLine({ ...pointCells(point), ...presentRollup(row) }, CELL_COLUMNS));
    yield { times: rows.map(({ start }) => start), lines: lines.join('') };
  }
}
