import { setImmediate } from 'node:timers/promises';
import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { FINEST } from '../sharing/conditions.js';
import type { Scope } from '../sharing/scope.js';
import type { PointRow } from '../store/views-store.js';
import { noteReads, PURPOSE_QUERY, scopeOf } from './caller.js';
import { readChart, WIDTH, type Chart } from './chart-series.js';
import type { HttpContext, Routes } from './context.js';
import { HttpError } from './problem.js';
import { CHART } from './resources/readings.js';
import { sendStream } from './send-file.js';
import { PERIOD_QUERY, periodOf } from './time.js';
import { presentChart } from './present-series.js';

/** Series of one request. */
const MAX_CHARTS = 50;

const QUERY = Type.Object(
  {
    points: Type.String({
      maxLength: 65 * MAX_CHARTS,
      description: `Ids of at most ${MAX_CHARTS} points, with commas between.`,
    }),
    ...PERIOD_QUERY,
    width: Type.Optional({ ...WIDTH, default: 1000, description: 'Values a series at most.' }),
    ...PURPOSE_QUERY,
  },
  { additionalProperties: false },
);

/** All curves of a dashboard in one request. */
export const chartRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/charts',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'Several points over a period, each as few values as a chart can show',
        description:
          'Each series comes in the finest resolution that fits the width and that the caller may read, in the order asked.',
        tags: ['data'],
        querystring: QUERY,
        response: { 200: Type.Object({ items: Type.Array(CHART) }) },
      },
    },
    async (request, reply) => {
      const scope = scopeOf(context, request);
      const points = await pointsAsked(context, scope, request.query.points);
      const lines = chartsOf(context, request, scope, points);
      return sendStream(context, request, reply.type('application/json; charset=utf-8'), { lines, scope });
    },
  );
};

type ChartsRequest = FastifyRequest<{ Querystring: Static<typeof QUERY> }>;

/** Looks for one at a time, giving the loop back in between; each as a single one is looked for, so that none can be told. */
const pointsAsked = async (
  context: HttpContext,
  scope: Scope,
  list: string,
): Promise<readonly PointRow[]> => {
  const ids = [...new Set(list.split(',').filter((id) => id !== ''))];
  if (ids.length === 0 || ids.length > MAX_CHARTS) {
    throw new HttpError('bad-request', `points: name 1 to ${MAX_CHARTS}, with commas between.`);
  }
  const points: PointRow[] = [];
  for (const id of ids) {
    const point = await context.views.point(scope, id);
    if (point === undefined) throw new HttpError('not-found', 'There is no such point.');
    points.push(point);
    await setImmediate();
  }
  return points;
};

/** One series read and written at a time: the loop is given back in between. */
const chartsOf = (
  context: HttpContext,
  request: ChartsRequest,
  scope: Scope,
  points: readonly PointRow[],
): AsyncIterable<string> => {
  const { width = 1000 } = request.query;
  const now = context.now();
  const period = periodOf(request.query, now);
  const note = noteReads(context, request, scope);
  const chartOf = async (point: PointRow): Promise<Chart> => {
    const chart = await readChart(context.views, scope, now, { pointId: point.id, ...period, width });
    note({ pointId: point.id, times: chart.times, resolutionMs: FINEST[chart.resolution] });
    return chart;
  };
  return written(points, chartOf);
};

async function* written(
  points: readonly PointRow[],
  chartOf: (point: PointRow) => Promise<Chart>,
): AsyncGenerator<string> {
  let before = '{"items":[';
  for (const point of points) {
    yield before + JSON.stringify(presentChart(point, await chartOf(point)));
    before = ',';
    await setImmediate();
  }
  yield ']}';
}
