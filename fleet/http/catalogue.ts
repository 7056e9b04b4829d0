import type { FastifyRequest } from 'fastify';
import { catalogueNodes } from '../sharing/linked-data/dcat.js';
import type { HttpContext, Routes } from './context.js';
import { seenDatasets } from './datasets.js';
import { iriOriginOf, LINKED_CONTENT, sendLinked } from './linked-answer.js';
import { PAGING_QUERY, readPage, type Paging } from './paging.js';

const PATH = '/api/v1/catalogue';

/** The catalogue, for portals: of the datasets that its reader may know of, of open ones for anybody. */
export const catalogueRoutes: Routes = (server, context) => {
  server.get(
    PATH,
    {
      config: { action: 'read-catalogue' },
      schema: {
        summary: 'The catalogue of datasets, in DCAT-AP 3',
        description: 'As JSON-LD or as Turtle, by `Accept`; paged, `hydra:next` leads to the following page.',
        tags: ['sharing'],
        querystring: PAGING_QUERY,
        response: { 200: { description: 'A page of the catalogue.', content: LINKED_CONTENT } },
      },
    },
    async (request, reply) => sendLinked(request, reply, await pageOf(context, request)),
  );
};

const pageOf = async (context: HttpContext, request: FastifyRequest<{ Querystring: Paging }>) => {
  const seen = seenDatasets(context, request).toSorted((one, other) => (one.id < other.id ? -1 : 1));
  const { items, next } = await readPage(
    context,
    request,
    ({ after = '', limit }) => seen.filter(({ id }) => id > after).slice(0, limit),
    ({ id }) => id,
  );
  const organisations = context.registry.organisations();
  const top = organisations.find(({ parentId }) => parentId === null) ?? { id: '', name: '' };
  const { limit, cursor } = request.query;
  const address = (place: string | undefined): string => {
    const query = new URLSearchParams({
      ...(limit === undefined ? {} : { limit: String(limit) }),
      ...(place === undefined ? {} : { cursor: place }),
    }).toString();
    return query === '' ? PATH : `${PATH}?${query}`;
  };
  return catalogueNodes({
    origin: iriOriginOf(request),
    datasets: items,
    total: seen.length,
    pages: { self: address(cursor), first: address(undefined), next: next === null ? null : address(next) },
    top,
    organisations: new Map(organisations.map((organisation) => [organisation.id, organisation])),
    themes: context.themes,
  });
};
