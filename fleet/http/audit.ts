import { setImmediate } from 'node:timers/promises';
import { Type, type Static } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { auditCsvHeader, auditCsvLine } from '../access/audit/csv-entry.js';
import { AUDIT_ENTRY, exportEntry, presentEntry } from '../access/audit/present-entry.js';
import { chunksOf, searchAll } from '../access/audit/read-entries.js';
import { HEADS } from '../access/audit/signed-head.js';
import { OUTCOMES } from '../access/audit/content.js';
import { isMember } from '../access/subject.js';
import { treeOf } from '../access/organisation-tree.js';
import type { AuditPlace, AuditSearch } from '../store/audit-store.js';
import { usageTrail } from '../store/usage-store.js';
import type { HttpContext, Routes } from './context.js';
import { PAGING, pageOf, readPage } from './paging.js';
import { sendFile } from './send-file.js';
import { parseTime } from './time.js';

const Id = Type.Optional(Type.String({ maxLength: 100 }));
const QUERY = Type.Object(
  {
    organisation: Id,
    subject: Type.Optional(Type.String({ maxLength: 100, description: 'Id of who acted.' })),
    action: Id,
    resource: Type.Optional(Type.String({ maxLength: 100, description: 'Id of what was acted on.' })),
    outcome: Type.Optional(Type.Enum([...OUTCOMES])),
    from: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, inclusive.' })),
    to: Type.Optional(Type.String({ maxLength: 40, description: 'ISO 8601, exclusive.' })),
    format: Type.Optional(
      Type.Enum(['json', 'csv', 'proof'], {
        description:
          'csv: all that match. proof: whole trails with their hashes, for `terroir-fleet audit verify --entries`.',
      }),
    ),
    ...PAGING,
  },
  { additionalProperties: false },
);
type Query = Static<typeof QUERY>;

/** The audit trails of the caller's organisation and of those below it. */
export const auditRoutes: Routes = (server, context) => {
  addSearch(server, context);
  addHead(server, context);
};

const addSearch: Routes = (server, context) => {
  server.get(
    '/api/v1/audit',
    {
      config: { action: 'read-audit' },
      schema: {
        summary: 'Who did what, and what was refused to whom, newest first',
        tags: ['audit'],
        querystring: QUERY,
        response: {
          200: {
            description: 'A page of entries; or all of them as CSV, or with their proof.',
            content: {
              'application/json': { schema: pageOf(AUDIT_ENTRY) },
              'text/csv': { schema: Type.String() },
              'application/x-ndjson': { schema: Type.String() },
            },
          },
        },
      },
    },
    async (request, reply) => {
      const { format } = request.query;
      const trails = trailsOf(context, request, request.query.organisation);
      const search = searchOf(request.query);
      if (format === 'csv') {
        const lines = csvOf(context, trails, search);
        return sendFile(context, request, reply, {
          name: 'audit.csv',
          type: 'text/csv; charset=utf-8',
          lines,
        });
      }
      if (format === 'proof') {
        const lines = proofOf(context, trails);
        return sendFile(context, request, reply, {
          name: 'audit.ndjson',
          type: 'application/x-ndjson',
          lines,
        });
      }
      const page = await readPage(
        context,
        request,
        ({ after, limit }) =>
          context.registry.audit.find(trails, {
            ...search,
            limit,
            ...(after === undefined ? {} : { before: JSON.parse(after) as AuditPlace }),
          }),
        ({ at, trail, number }) => JSON.stringify({ at, trail, number }),
      );
      const shown = { ...page, items: page.items.map(presentEntry) };
      return reply.serializer(JSON.stringify).type('application/json; charset=utf-8').send(shown);
    },
  );
};

const addHead: Routes = (server, context) => {
  server.get(
    '/api/v1/audit/head',
    {
      config: { action: 'read-audit' },
      schema: {
        summary: 'How the audit trails stand now, signed: keep it, it proves later what was there',
        tags: ['audit'],
        querystring: Type.Object({ organisation: Id }, { additionalProperties: false }),
        response: { 200: HEADS },
      },
    },
    async (request) => ({
      heads: [...context.auditHeads(withUsage(trailsOf(context, request, request.query.organisation)))],
    }),
  );
};

/** With the trails of what was used of theirs. */
const withUsage = (trails: readonly string[]): readonly string[] => [...trails, ...trails.map(usageTrail)];

/** Those that the caller may read, or of these the one that is asked for. */
const trailsOf = (
  { registry }: HttpContext,
  { subject }: FastifyRequest,
  organisation: string | undefined,
): readonly string[] => {
  const own = isMember(subject) ? treeOf(registry.organisations()).below(subject.organisationId) : [];
  return organisation === undefined ? own : own.filter((id) => id === organisation);
};

const searchOf = ({ subject, action, resource, outcome, from, to }: Query): Omit<AuditSearch, 'limit'> => ({
  ...(subject === undefined ? {} : { subject }),
  ...(action === undefined ? {} : { action }),
  ...(resource === undefined ? {} : { resource }),
  ...(outcome === undefined ? {} : { outcome }),
  ...(from === undefined ? {} : { from: parseTime('from', from) }),
  ...(to === undefined ? {} : { to: parseTime('to', to) }),
});

async function* csvOf(
  { registry }: HttpContext,
  trails: readonly string[],
  search: Omit<AuditSearch, 'limit'>,
): AsyncGenerator<string> {
  yield auditCsvHeader();
  for (const entries of searchAll(registry.audit, trails, search)) {
    yield entries.map(auditCsvLine).join('');
    await setImmediate();
  }
}

async function* proofOf({ registry }: HttpContext, trails: readonly string[]): AsyncGenerator<string> {
  for (const trail of trails) {
    for (const entries of chunksOf(registry.audit, trail)) {
      yield entries.map(exportEntry).join('');
      await setImmediate();
    }
  }
}
