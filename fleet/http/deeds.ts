import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AuditObject } from '../access/audit/content.js';
import { inOrganisation } from '../access/decide.js';
import { treeOf } from '../access/organisation-tree.js';
import { isMember, siteOf, subjectId } from '../access/subject.js';
import { concernedBy } from '../registry/organisations/concerned.js';
import type { Deed } from '../registry/organisations/deeds.js';
import type { Actor, Plan } from '../registry/organisations/organisations.js';
import { withinReach } from '../registry/organisations/within-reach.js';
import type { Rows } from '../registry/organisations/draft.js';
import { ACT_KINDS, type Act, type Change } from '../store/organisations-store.js';
import { attemptOf } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext } from './context.js';
import { HttpError } from './problem.js';
import { isoTime } from './time.js';
import { actionOf } from './route-actions.js';

/** Acts on organisations and what they hold, as HTTP asks for them. */

export const DRY_RUN = Type.Object(
  {
    dryRun: Type.Optional(
      Type.Enum(['true', 'false'], { description: 'true: shows the plan, changes nothing.' }),
    ),
  },
  { additionalProperties: false },
);
export const BY_ID = Type.Object({ id: Type.String({ maxLength: 64 }) });
export const IF_MATCH = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 64, description: 'The ETag of what was read, or *.' })),
});

const Row = Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()]);
const nullableText = Type.Union([Type.String(), Type.Null()]);

export const ACT = Type.Object({
  id: Type.Union([Type.String(), Type.Null()], { description: 'null: a plan, nothing was done.' }),
  kind: Type.Enum([...ACT_KINDS]),
  at: nullableText,
  by: nullableText,
  effective: Type.Union([Type.String(), Type.Null()], { description: 'From when on it holds.' }),
  undoneBy: nullableText,
  summary: Type.Record(Type.String(), Type.Unknown()),
  changes: Type.Array(
    Type.Object({
      record: Type.String(),
      before: Row,
      after: Row,
    }),
    { description: 'Row by row; null: it was not, or is no longer.' },
  ),
});

/** What the caller may do the route's action to. */
export const actorOf = (context: HttpContext, request: FastifyRequest): Actor => {
  const { subject } = request;
  const below = isMember(subject)
    ? treeOf(context.registry.organisations()).below(subject.organisationId)
    : [];
  const action = actionOf(request);
  const site = siteOf(subject);
  const reach = below.filter((id) => context.decide(subject, action, inOrganisation(id, site.siteId)).permit);
  return { by: subjectId(subject), reach: { organisations: new Set(reach), ...site } };
};

/** Rows as far as the caller may read them. */
export const readableRows = (context: HttpContext, request: FastifyRequest): Rows =>
  withinReach(context.registry, reachOf(context, request));

/** Performs a deed; what it changed goes into the trail of whom it concerns. */
export const doDeed = (context: HttpContext, request: FastifyRequest, deed: Deed): Act =>
  recorded(context, request, () => context.organisations.perform(deed, actorOf(context, request)));

/** The same, or with `?dryRun=true` its plan alone. */
export const planOrDo = (
  context: HttpContext,
  request: FastifyRequest,
  dryRun: string | undefined,
  deed: Deed,
) =>
  dryRun === 'true'
    ? presentPlan(context.organisations.plan(deed, actorOf(context, request)))
    : presentAct(doDeed(context, request, deed));

/** Runs `act` and records it, each organisation's part in its own trail, all in one transaction. */
export const recorded = (context: HttpContext, request: FastifyRequest, act: () => Act): Act => {
  const parts = (made: Act) =>
    concernedBy(context.registry, made.changes).map(({ organisationId, changes }) => ({
      ...attemptOf(request),
      resource: { type: 'act', id: made.id, organisationId },
      ...auditOf(made, changes),
      outcome: 'done' as const,
    }));
  return context.audit.change(
    () => {
      const made = act();
      for (const part of parts(made).slice(1)) context.audit.record(part);
      return made;
    },
    (made) =>
      parts(made)[0] ?? {
        ...attemptOf(request),
        resource: { type: 'act', id: made.id, organisationId: null },
        after: { kind: made.kind },
        outcome: 'done',
      },
  );
};

/** Rows before and after, by record and id. */
export const auditOf = (
  act: Pick<Act, 'kind'>,
  changes: readonly Change[],
): { readonly before: AuditObject; readonly after: AuditObject } => {
  const side = (name: 'before' | 'after'): AuditObject => {
    const rows = changes.flatMap((change) => {
      const row = change[name];
      return row === null ? [] : [[`${change.record} ${row.id}`, row] as const];
    });
    return JSON.parse(JSON.stringify({ kind: act.kind, ...Object.fromEntries(rows) })) as AuditObject;
  };
  return { before: side('before'), after: side('after') };
};

export const presentPlan = ({ kind, effective, summary, changes }: Plan) => ({
  id: null,
  kind,
  at: null,
  by: null,
  effective: effective === null ? null : isoTime(effective),
  undoneBy: null,
  summary: { ...summary },
  changes: changes.map(presentChange),
});

export const presentAct = (act: Act) => ({
  ...presentPlan(act),
  id: act.id,
  at: isoTime(act.at),
  by: act.by,
  undoneBy: act.undoneBy,
});

const presentChange = ({ record, before, after }: Change) => ({
  record,
  before: before === null ? null : { ...before },
  after: after === null ? null : { ...after },
});

/** Version of a row (RFC 9110 entity tag). */
export const etagOf = (row: object): string =>
  `"${createHash('sha256').update(JSON.stringify(row)).digest('base64url').slice(0, 22)}"`;

/** Answers a row with its version. */
export const withEtag = <Row extends object>(reply: FastifyReply, row: Row): Row => {
  void reply.header('etag', etagOf(row));
  return row;
};

/** Whoever changes something must have seen what it is: else two people undo each other's work unawares. */
export const requireMatch = (request: FastifyRequest, row: object): void => {
  const wanted = request.headers['if-match'];
  if (wanted === undefined) {
    throw new HttpError(
      'precondition-required',
      'Send If-Match with the ETag of what you read, or * for any.',
    );
  }
  if (wanted !== '*' && wanted !== etagOf(row)) {
    throw new HttpError('precondition-failed', 'It was changed meanwhile: read it again, then change it.');
  }
};

/** A row without the pointer that only `GET` of a merged one shows. */
export const unmerged = <Row extends { readonly mergedInto: unknown }>(row: Row): Omit<Row, 'mergedInto'> => {
  const { mergedInto: _, ...rest } = row;
  return rest;
};
