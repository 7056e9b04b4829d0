import type { TObject, TSchema, Static } from 'typebox';
import type { Action } from '../access/actions.js';
import type { Resource } from '../access/decide.js';
import type { Deed } from '../registry/organisations/deeds.js';
import type { Rows } from '../registry/organisations/draft.js';
import type { Act, Records } from '../store/organisations-store.js';
import { authorise } from './authorise.js';
import type { HttpContext, Server } from './context.js';
import { BY_ID, doDeed, etagOf, IF_MATCH, readableRows, requireMatch } from './deeds.js';
import { HttpError } from './problem.js';
import { MERGED } from './resources/organisations.js';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Named = 'organisation' | 'site' | 'location';

/** One kind of record as a resource: read, added, changed, removed. */
export interface RecordResource<Name extends Named, New extends TObject, Patch extends TObject> {
  readonly record: Name;
  /** `/api/v1/sites` */
  readonly path: string;
  readonly tag: string;
  readonly read: Action;
  readonly add: Action;
  readonly change: Action;
  readonly detail: TSchema;
  readonly newRecord: New;
  readonly patch: Patch;
  /** Whose it becomes, and where: what the caller must be allowed to add to. */
  readonly belongsTo: (asked: Static<New>) => Resource;
  readonly adding: (asked: Static<New>) => Deed;
  readonly changing: (id: string, asked: Static<Patch>) => Deed;
  readonly removing?: (id: string) => Deed;
  /** A row as its reader sees it; `rows`: what else they see. */
  readonly present: (row: Records[Name], rows: Rows) => object;
}

export const recordRoutes = <Name extends Named, New extends TObject, Patch extends TObject>(
  server: Server,
  context: HttpContext,
  resource: RecordResource<Name, New, Patch>,
): void => {
  addDetail(server, context, resource);
  addAdding(server, context, resource);
  addChanging(server, context, resource);
  addRemoving(server, context, resource);
};

const found = <Name extends Named>(rows: Rows, record: Name, id: string): Records[Name] => {
  const row = rows.record(record, id);
  if (row === undefined) throw new HttpError('not-found', `There is no such ${record}.`);
  return row;
};

const answer = <Name extends Named>(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: Pick<RecordResource<Name, TObject, TObject>, 'record' | 'present'>,
  id: string,
): object => {
  const rows = readableRows(context, request);
  const row = found(rows, resource.record, id);
  void reply.header('etag', etagOf(row));
  return resource.present(row, rows);
};

const addDetail = <Name extends Named, New extends TObject, Patch extends TObject>(
  server: Server,
  context: HttpContext,
  resource: RecordResource<Name, New, Patch>,
): void => {
  const { record, path, tag, detail, read } = resource;
  server.get(
    `${path}/:id`,
    {
      config: { action: read },
      schema: {
        summary: `One ${record}, with its version; of one that was merged, where its survivor is`,
        tags: [tag],
        params: BY_ID,
        response: { 200: detail, 308: MERGED },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const rows = readableRows(context, request);
      const { mergedInto } = found(rows, record, id);
      if (mergedInto === null) return answer(context, request, reply, resource, id);
      found(rows, record, mergedInto);
      void reply.header('location', `${path}/${mergedInto}`);
      return reply.status(308).send({ id, mergedInto });
    },
  );
};

const addAdding = <Name extends Named, New extends TObject, Patch extends TObject>(
  server: Server,
  context: HttpContext,
  resource: RecordResource<Name, New, Patch>,
): void => {
  const { record, path, tag, detail, add, newRecord } = resource;
  server.post(
    path,
    {
      config: { action: add },
      schema: { summary: `Add a ${record}`, tags: [tag], body: newRecord, response: { 201: detail } },
    },
    async (request, reply) => {
      const asked = request.body as Static<New>;
      authorise(context, request, resource.belongsTo(asked));
      const act = doDeed(context, request, resource.adding(asked));
      return reply.status(201).send(answer(context, request, reply, resource, addedId(act, record)));
    },
  );
};

const addedId = ({ changes }: Act, record: Named): string =>
  changes.find((change) => change.record === record)?.after?.id ?? '';

const addChanging = <Name extends Named, New extends TObject, Patch extends TObject>(
  server: Server,
  context: HttpContext,
  resource: RecordResource<Name, New, Patch>,
): void => {
  const { record, path, tag, detail, change, patch } = resource;
  server.patch(
    `${path}/:id`,
    {
      config: { action: change },
      schema: {
        summary: `Change a ${record}; null takes a field away`,
        tags: [tag],
        params: BY_ID,
        headers: IF_MATCH,
        body: patch,
        response: { 200: detail },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      requireMatch(request, found(readableRows(context, request), record, id));
      doDeed(context, request, resource.changing(id, request.body as Static<Patch>));
      return answer(context, request, reply, resource, id);
    },
  );
};

const addRemoving = <Name extends Named, New extends TObject, Patch extends TObject>(
  server: Server,
  context: HttpContext,
  { record, path, tag, change, removing }: RecordResource<Name, New, Patch>,
): void => {
  if (removing === undefined) return;
  server.delete(
    `${path}/:id`,
    {
      config: { action: change },
      schema: {
        summary: `Remove a ${record} that nothing refers to`,
        tags: [tag],
        params: BY_ID,
        headers: IF_MATCH,
        response: { 204: { type: 'null', description: 'Removed.' } },
      },
    },
    async (request, reply) => {
      requireMatch(request, found(readableRows(context, request), record, request.params.id));
      doDeed(context, request, removing(request.params.id));
      return reply.status(204).send(null);
    },
  );
};
