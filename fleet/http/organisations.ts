import { inOrganisation } from '../access/decide.js';
import { NEW_ORGANISATION, ORGANISATION_PATCH } from '../registry/organisations/deeds.js';
import { ownScopeOf } from './caller.js';
import type { Routes } from './context.js';
import { unmerged } from './deeds.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { recordRoutes } from './record-routes.js';
import { ORGANISATION, ORGANISATION_DETAIL } from './resources/organisations.js';
import { isoTime } from './time.js';

/** The tenant tree. */
export const organisationRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/organisations',
    {
      config: { action: 'read-organisations' },
      schema: {
        summary: 'Organisations that you may see',
        tags: ['organisations'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(ORGANISATION) },
      },
    },
    async (request) => {
      const all = await context.views.organisations(ownScopeOf(context, request));
      const page = await readPage(
        context,
        request,
        ({ after, limit }) => all.filter(({ id }) => after === undefined || id > after).slice(0, limit),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map((row) => ({ ...row, endedAt: dayOf(row.endedAt) })) };
    },
  );

  recordRoutes(server, context, {
    record: 'organisation',
    path: '/api/v1/organisations',
    tag: 'organisations',
    read: 'read-organisations',
    add: 'add-organisation',
    change: 'change-organisation',
    detail: ORGANISATION_DETAIL,
    newRecord: NEW_ORGANISATION,
    patch: ORGANISATION_PATCH,
    belongsTo: ({ parentId }) => inOrganisation(parentId ?? ''),
    adding: (asked) => ({ deed: 'add-organisation', asked }),
    changing: (id, asked) => ({ deed: 'change-organisation', id, asked }),
    removing: (id) => ({ deed: 'remove-organisation', id }),
    present: ({ parentId, succeededBy, endedAt, ...row }, rows) => {
      const seen = (id: string | null): string | null =>
        id !== null && rows.record('organisation', id) !== undefined ? id : null;
      return {
        ...unmerged(row),
        parentId: seen(parentId),
        succeededBy: seen(succeededBy),
        endedAt: dayOf(endedAt),
      };
    },
  });
};

const dayOf = (time: number | null): string | null => (time === null ? null : isoTime(time));
