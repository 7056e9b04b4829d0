import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { inOrganisation } from '../access/decide.js';
import { isMember } from '../access/subject.js';
import { isActive, versionInForce } from '../sharing/agreement.js';
import { DATASET, type Dataset } from '../sharing/dataset.js';
import { receiversOf } from '../sharing/terms.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { BY_ID, IF_MATCH, requireMatch, withEtag } from './deeds.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';

const { selection, ...DESCRIPTION } = DATASET.properties;

const SEEN_DATASET = Type.Object({
  id: Type.String(),
  organisationId: Type.String(),
  revision: Type.Integer(),
  selection: Type.Union([selection, Type.Null()], { description: 'null: it is another organisation’s.' }),
  ...DESCRIPTION,
});

/** Living selections of points: one's own, those that agreements give, and open ones. */
export const datasetRoutes: Routes = (server, context) => {
  addReads(server, context);
  addChanges(server, context);
};

const addReads: Routes = (server, context) => {
  server.get(
    '/api/v1/datasets',
    {
      config: { action: 'read-datasets' },
      schema: {
        summary: 'Datasets: one’s own, those that agreements give, and open ones',
        tags: ['sharing'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(SEEN_DATASET) },
      },
    },
    async (request) => {
      const seen = seenDatasets(context, request);
      const page = await readPage(
        context,
        request,
        ({ after = '', limit }) => seen.filter(({ id }) => id > after).slice(0, limit),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map((dataset) => present(context, request, dataset)) };
    },
  );
  server.get(
    '/api/v1/datasets/:id',
    {
      config: { action: 'read-datasets' },
      schema: { summary: 'One dataset', tags: ['sharing'], params: BY_ID, response: { 200: SEEN_DATASET } },
    },
    async (request, reply) => {
      const dataset = requireSeen(context, request, request.params.id);
      return withEtag(reply, present(context, request, dataset));
    },
  );
};

const addChanges: Routes = (server, context) => {
  server.post(
    '/api/v1/datasets',
    {
      config: { action: 'manage-datasets' },
      schema: {
        summary: 'Make a dataset of an organisation',
        tags: ['sharing'],
        body: Type.Object(
          { organisationId: Type.String({ maxLength: 64 }), ...DATASET.properties },
          { additionalProperties: false },
        ),
        response: { 200: SEEN_DATASET },
      },
    },
    async (request) => {
      const { organisationId, ...content } = request.body;
      authorise(context, request, inOrganisation(organisationId));
      const dataset = context.audit.change(
        () => context.sharing.addDataset(organisationId, content),
        (made) => recordOf(request, undefined, made),
      );
      return present(context, request, dataset);
    },
  );
  server.put(
    '/api/v1/datasets/:id',
    {
      config: { action: 'manage-datasets' },
      schema: {
        summary: 'Change a dataset: what it selects, and who gets it, at once',
        tags: ['sharing'],
        params: BY_ID,
        headers: IF_MATCH,
        body: DATASET,
        response: { 200: SEEN_DATASET },
      },
    },
    async (request, reply) => {
      const known = ownDataset(context, request, request.params.id);
      requireMatch(request, present(context, request, known));
      const dataset = context.audit.change(
        () => context.sharing.changeDataset(known, request.body),
        (made) => recordOf(request, known, made),
      );
      return withEtag(reply, present(context, request, dataset));
    },
  );
  addRemoval(server, context);
};

const addRemoval: Routes = (server, context) => {
  server.delete(
    '/api/v1/datasets/:id',
    {
      config: { action: 'manage-datasets' },
      schema: {
        summary: 'Remove a dataset: agreements that name it give nothing of it from now on',
        tags: ['sharing'],
        params: BY_ID,
        headers: IF_MATCH,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const known = ownDataset(context, request, request.params.id);
      requireMatch(request, present(context, request, known));
      context.audit.change(
        () => context.sharing.removeDataset(known),
        () => recordOf(request, known, undefined),
      );
      return reply.status(204).send(null);
    },
  );
};

const notFound = (): HttpError => new HttpError('not-found', 'There is no such dataset.');

const said = (dataset: Dataset) => ({ revision: dataset.revision, ...plain(dataset.content) });

const recordOf = (request: FastifyRequest, before: Dataset | undefined, after: Dataset | undefined) => {
  const { id = null, organisationId = null } = after ?? before ?? {};
  return {
    ...attemptOf(request),
    resource: { type: 'dataset', id, organisationId },
    ...(before === undefined ? {} : { before: said(before) }),
    ...(after === undefined ? {} : { after: said(after) }),
    outcome: 'done' as const,
  };
};

/** Without what is undefined: what a trail keeps is JSON. */
const plain = (content: object) => JSON.parse(JSON.stringify(content)) as Record<string, never>;

/** The dataset of an address. Throws `HttpError` `not-found`, also for one that the caller does not see. */
export const requireSeen = (context: HttpContext, request: FastifyRequest, id: string): Dataset => {
  const dataset = seenDatasets(context, request).find((seen) => seen.id === id);
  if (dataset === undefined) throw notFound();
  return dataset;
};

const ownDataset = (context: HttpContext, request: FastifyRequest, id: string): Dataset => {
  const dataset = context.sharing.policy().datasets.get(id);
  const reach = reachOf(context, request);
  if (dataset === undefined || !reach.organisations.has(dataset.organisationId)) throw notFound();
  authorise(context, request, inOrganisation(dataset.organisationId));
  return dataset;
};

/** Those that the caller may know of. */
export const seenDatasets = (context: HttpContext, request: FastifyRequest): readonly Dataset[] => {
  const { organisations, siteId } = reachOf(context, request);
  const { datasets } = context.sharing.policy();
  if (siteId !== undefined) return [];
  const given = givenDatasets(context, request);
  return [...datasets.values()].filter(
    ({ id, organisationId, content: { audience } }) =>
      organisations.has(organisationId) || audience === 'open' || (audience === 'agreement' && given.has(id)),
  );
};

/** Datasets that agreements in force give the caller's organisation. */
const givenDatasets = ({ sharing }: HttpContext, { subject }: FastifyRequest): ReadonlySet<string> => {
  if (!isMember(subject)) return new Set();
  const reader = sharing.bodies().bodyOf(subject.organisationId);
  const { agreements } = sharing.policy();
  return new Set(
    agreements
      .filter((agreement) => agreement.phase === 'sealed' && isActive(agreement, reader))
      .flatMap((agreement) => {
        const { parties = [], clauses = [] } = versionInForce(agreement)?.terms ?? {};
        return clauses
          .filter(
            (clause) => receiversOf(clause, parties).includes(reader) && isActive(agreement, clause.giver),
          )
          .map(({ dataset }) => dataset);
      }),
  );
};

const present = (
  context: HttpContext,
  request: FastifyRequest,
  { id, organisationId, revision, content }: Dataset,
) => ({
  id,
  organisationId,
  revision,
  ...content,
  selection: reachOf(context, request).organisations.has(organisationId) ? content.selection : null,
});
