import type { FastifyRequest } from 'fastify';
import { Type, type TSchema } from 'typebox';
import { subjectKey } from '../access/subject.js';
import type { Page } from '../store/views-store.js';
import type { HttpContext } from './context.js';

/** Query parameters of every listing. */
export const PAGING = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Items in one page.' }),
  ),
  cursor: Type.Optional(Type.String({ maxLength: 1000, description: '`next` of the page before.' })),
};

export interface Paging {
  readonly limit?: number;
  readonly cursor?: string;
}

/** The query of a listing without parameters of its own. */
export const PAGING_QUERY = Type.Object(PAGING, { additionalProperties: false });

/** A page: `next` is the cursor of the following one, `null` after the last. */
export const pageOf = <Item extends TSchema>(item: Item) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

const DEFAULT_LIMIT = 100;

/** What a cursor is bound to: who asks, and the query without the cursor. */
export const bindingOf = (request: FastifyRequest<{ Querystring: Paging }>): string => {
  const { cursor: _cursor, limit: _limit, ...query } = request.query;
  const path = request.routeOptions.url ?? '';
  return JSON.stringify([subjectKey(request.subject), path, request.params, query]);
};

/** Reads one page with `read` and seals the place of its last item. */
export const readPage = async <Item>(
  context: HttpContext,
  request: FastifyRequest<{ Querystring: Paging }>,
  read: (page: Page) => Promise<readonly Item[]> | readonly Item[],
  placeOf: (item: Item) => string,
): Promise<{ items: Item[]; next: string | null }> => {
  const { limit = DEFAULT_LIMIT, cursor } = request.query;
  const binding = bindingOf(request);
  const after = cursor === undefined ? {} : { after: context.cursors.open(cursor, binding) };
  const found = await read({ ...after, limit: limit + 1 });
  const items = found.slice(0, limit);
  const last = items.at(-1);
  const next =
    found.length > limit && last !== undefined ? context.cursors.seal(placeOf(last), binding) : null;
  return { items, next };
};
