import type { TSchema } from 'typebox';
import type { Action } from '../access/actions.js';
import type { Scope } from '../sharing/scope.js';
import type { Page, ViewsReader } from '../store/views-store.js';
import { noteReads, scopeOf, SHARED_QUERY } from './caller.js';
import type { HttpContext, Routes, Server } from './context.js';
import { pageOf, readPage } from './paging.js';
import { presentLatest } from './present-series.js';
import { DEVICE, LATEST, POINT } from './resources.js';

interface Listing<Row> {
  readonly path: string;
  readonly action: Action;
  readonly summary: string;
  readonly item: TSchema;
  readonly read: (views: ViewsReader, scope: Scope, now: number, page: Page) => readonly Row[];
  readonly present: (row: Row) => unknown;
  /** When that of which it shows a reading was measured; absent: it shows none. */
  readonly timeOf?: (row: Row) => number;
}

/** Devices, points and their latest readings: listings by id. */
export const inventoryRoutes: Routes = (server, context) => {
  list(server, context, {
    path: '/api/v1/devices',
    action: 'read-inventory',
    summary: 'Devices',
    item: DEVICE,
    read: (views, scope, _now, page) => views.devices(scope, page),
    present: (row) => row,
  });
  list(server, context, {
    path: '/api/v1/points',
    action: 'read-inventory',
    summary: 'Points: the measured quantities',
    item: POINT,
    read: (views, scope, _now, page) => views.points(scope, page),
    present: (row) => row,
  });
  list(server, context, {
    path: '/api/v1/latest',
    action: 'read-data',
    summary: 'The newest reading of each point',
    item: LATEST,
    read: (views, scope, now, page) => views.latest(scope, now, page),
    present: presentLatest,
    timeOf: ({ time }) => time,
  });
};

const list = <Row extends { readonly id: string }>(
  server: Server,
  context: HttpContext,
  { path, action, summary, item, read, present, timeOf }: Listing<Row>,
): void => {
  server.get(
    path,
    {
      config: { action },
      schema: { summary, tags: ['data'], querystring: SHARED_QUERY, response: { 200: pageOf(item) } },
    },
    async (request) => {
      const scope = scopeOf(context, request);
      const page = readPage(
        context,
        request,
        (wanted) => read(context.views, scope, context.now(), wanted),
        ({ id }) => id,
      );
      if (timeOf !== undefined) {
        const note = noteReads(context, request, scope);
        for (const row of page.items) note({ pointId: row.id, times: [timeOf(row)], resolutionMs: 0 });
      }
      return { ...page, items: page.items.map(present) };
    },
  );
};
