import { Type } from 'typebox';
import { NEW_COMPETENCE, Time } from '../registry/organisations/deeds.js';
import type { CompetenceRecord } from '../store/organisations-store.js';
import type { Rows } from '../registry/organisations/draft.js';
import type { Routes } from './context.js';
import { BY_ID, doDeed, readableRows } from './deeds.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';
import { COMPETENCE } from './resources/organisations.js';
import { isoTime } from './time.js';

/** Who holds which legal competence for whom. */
export const competenceRoutes: Routes = (server, context) => {
  server.get(
    '/api/v1/competences',
    {
      config: { action: 'read-organisations' },
      schema: {
        summary: 'Legal competences: who holds which for whom, from when to when',
        tags: ['organisations'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(COMPETENCE) },
      },
    },
    async (request) => {
      const rows = readableRows(context, request);
      const page = await readPage(
        context,
        request,
        ({ after, limit }) =>
          rows
            .records('competence')
            .filter(({ id }) => after === undefined || id > after)
            .slice(0, limit),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map((row) => present(row, rows)) };
    },
  );
  server.post(
    '/api/v1/competences',
    {
      config: { action: 'change-competences' },
      schema: {
        summary: 'Say who holds a competence for whom',
        tags: ['organisations'],
        body: NEW_COMPETENCE,
        response: { 201: COMPETENCE },
      },
    },
    async (request, reply) => {
      const act = doDeed(context, request, { deed: 'add-competence', asked: request.body });
      const rows = readableRows(context, request);
      return reply.status(201).send(one(rows, act.changes[0]?.after?.id ?? ''));
    },
  );
  addEnding(server, context);
};

const addEnding: Routes = (server, context) => {
  server.patch(
    '/api/v1/competences/:id',
    {
      config: { action: 'change-competences' },
      schema: {
        summary: 'End a competence',
        tags: ['organisations'],
        params: BY_ID,
        body: Type.Object({ to: Time }, { additionalProperties: false }),
        response: { 200: COMPETENCE },
      },
    },
    async (request) => {
      const { id } = request.params;
      doDeed(context, request, { deed: 'end-competence', id, to: request.body.to });
      return one(readableRows(context, request), id);
    },
  );
};

const one = (rows: Rows, id: string) => {
  const row = rows.record('competence', id);
  if (row === undefined) throw new HttpError('not-found', 'There is no such competence.');
  return present(row, rows);
};

const present = ({ holderId, forId, from, to, ...row }: CompetenceRecord, rows: Rows) => {
  const seen = (id: string): string | null => (rows.record('organisation', id) === undefined ? null : id);
  return {
    ...row,
    holderId: seen(holderId),
    forId: seen(forId),
    from: isoTime(from),
    to: to === null ? null : isoTime(to),
  };
};
