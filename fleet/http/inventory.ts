import { Type, type TSchema } from 'typebox';
import type { Action } from '../access/actions.js';
import type { Scope } from '../sharing/scope.js';
import type { LatestRow, Page, ViewsReader } from '../store/views-store.js';
import { noteReads, scopeOf, SHARED_QUERY } from './caller.js';
import type { HttpContext, Routes, Server } from './context.js';
import { csvOfLatest } from './csv.js';
import { pageOf, readPage } from './paging.js';
import { presentLatest } from './present-series.js';
import { DEVICE, POINT } from './resources/inventory.js';
import { DEVICE_COUNT, LATEST } from './resources/readings.js';
import { sendFile } from './send-file.js';
import { isoTime } from './time.js';

interface Listing<Row> {
  readonly path: string;
  readonly action: Action;
  readonly summary: string;
  readonly item: TSchema;
  readonly read: (views: ViewsReader, scope: Scope, page: Page) => Promise<readonly Row[]>;
  readonly present: (row: Row) => unknown;
}

const LATEST_QUERY = Type.Object(
  {
    ...SHARED_QUERY.properties,
    format: Type.Optional(Type.Enum(['json', 'csv'], { description: 'csv gives all points as one stream.' })),
  },
  { additionalProperties: false },
);

/** Devices, points and their latest readings: listings by id. */
export const inventoryRoutes: Routes = (server, context) => {
  list(server, context, {
    path: '/api/v1/devices',
    action: 'read-inventory',
    summary: 'Devices',
    item: DEVICE,
    read: (views, scope, page) => views.devices(scope, page),
    present: (row) => row,
  });
  list(server, context, {
    path: '/api/v1/points',
    action: 'read-inventory',
    summary: 'Points: the measured quantities',
    item: POINT,
    read: (views, scope, page) => views.points(scope, page),
    present: (row) => row,
  });
  list(server, context, {
    path: '/api/v1/device-counts',
    action: 'read-data',
    summary: 'How many readings are stored of each device, and the time of the newest',
    item: DEVICE_COUNT,
    read: (views, scope, page) => views.deviceCounts(scope, context.now(), page),
    present: (row) => ({ ...row, time: isoTime(row.time) }),
  });
  addLatest(server, context);
};

const list = <Row extends { readonly id: string }>(
  server: Server,
  context: HttpContext,
  { path, action, summary, item, read, present }: Listing<Row>,
): void => {
  server.get(
    path,
    {
      config: { action },
      schema: { summary, tags: ['data'], querystring: SHARED_QUERY, response: { 200: pageOf(item) } },
    },
    async (request) => {
      const scope = scopeOf(context, request);
      const page = await readPage(
        context,
        request,
        (wanted) => read(context.views, scope, wanted),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map(present) };
    },
  );
};

const addLatest: Routes = (server, context) => {
  server.get(
    '/api/v1/latest',
    {
      config: { action: 'read-data' },
      schema: {
        summary: 'The newest reading of each point',
        description: 'Device by device.',
        tags: ['data'],
        querystring: LATEST_QUERY,
        response: {
          200: {
            description: 'A page of points with their newest readings; or, as CSV, all of them.',
            content: {
              'application/json': { schema: pageOf(LATEST) },
              'text/csv': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const scope = scopeOf(context, request);
      const note = noteReads(context, request, scope);
      const read = (page: Page): Promise<readonly LatestRow[]> =>
        context.views.latest(scope, context.now(), page);
      const given = (rows: readonly LatestRow[]): void => {
        for (const { id, time } of rows) note({ pointId: id, times: [time], resolutionMs: 0 });
      };
      if (request.query.format === 'csv') {
        const lines = csvOfLatest(read, given);
        return sendFile(context, request, reply, {
          name: 'latest.csv',
          type: 'text/csv; charset=utf-8',
          lines,
          scope,
        });
      }
      const page = await readPage(context, request, read, ({ id }) => id);
      given(page.items);
      const answer = { ...page, items: page.items.map(presentLatest) };
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(answer);
    },
  );
};
