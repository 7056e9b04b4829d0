import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { PURPOSES } from '../access/keys/purposes.js';
import { isMember } from '../access/subject.js';
import { FINEST, FINEST_NAMES } from '../sharing/conditions.js';
import { decide, type Asked, type Decision } from '../sharing/decide.js';
import { giversTo, type Reading } from '../sharing/flows.js';
import { DAY } from '../store/periods.js';
import { reachOf } from './caller.js';
import type { HttpContext, Routes } from './context.js';
import { HttpError } from './problem.js';
import { isoTime, parseTime } from './time.js';

const nullable = Type.Union([Type.String(), Type.Null()]);
const BODY = Type.Object(
  {
    organisationId: Type.Optional(
      Type.String({ maxLength: 64, description: 'Who would read; of another, about one’s own data alone.' }),
    ),
    purpose: Type.Optional(Type.Enum([...PURPOSES])),
    point: Type.Optional(Type.String({ maxLength: 64 })),
    dataset: Type.Optional(Type.String({ maxLength: 64 })),
    resolution: Type.Optional(Type.Enum([...FINEST_NAMES])),
    from: Type.Optional(Type.String({ maxLength: 40 })),
    to: Type.Optional(Type.String({ maxLength: 40 })),
  },
  { additionalProperties: false, description: 'Of either a point or a dataset.' },
);

const DECISION = Type.Object({
  outcome: Type.Enum(['permit', 'permit-reduced', 'deny']),
  own: Type.Boolean(),
  given: Type.Array(
    Type.Object({ from: Type.String(), to: Type.String(), finest: Type.Enum([...FINEST_NAMES]) }),
  ),
  aggregation: Type.Union([
    Type.Object({ contributors: Type.Integer(), maxShare: Type.Number() }),
    Type.Null(),
  ]),
  onwardSharing: Type.Boolean(),
  clauses: Type.Array(
    Type.Object({
      agreementId: nullable,
      version: Type.Union([Type.Integer(), Type.Null()]),
      clause: nullable,
      datasetId: Type.String(),
      gives: Type.Boolean(),
      limits: Type.Array(Type.String()),
    }),
    { description: 'What led to it.' },
  ),
});

/** Why something may be read, or not. */
export const decisionRoutes: Routes = (server, context) => {
  server.post(
    '/api/v1/decisions/explain',
    {
      config: { action: 'explain-decision' },
      schema: {
        summary: 'Who may read what for what, and the clauses that say so',
        tags: ['sharing'],
        body: BODY,
        response: { 200: DECISION },
      },
    },
    async (request) => {
      const { purpose, point, dataset, resolution = 'raw', from, to } = request.body;
      if ((point === undefined) === (dataset === undefined)) {
        throw new HttpError('bad-request', 'Name a point or a dataset.');
      }
      const now = context.now();
      const end = to === undefined ? now : parseTime('to', to);
      const start = from === undefined ? end - DAY : parseTime('from', from);
      if (start >= end) throw new HttpError('bad-request', 'from: must be earlier than to.');
      const reading = {
        ...readerOf(context, request, request.body.organisationId),
        purpose: purpose ?? null,
        now,
      };
      const asked: Asked = {
        ...reading,
        bodyOf: (id) => context.sharing.bodies().bodyOf(id),
        target: targetOf(context, request, request.body, reading),
        resolutionMs: FINEST[resolution],
        from: start,
        to: end,
      };
      return present(decide(context.sharing.policy(), asked));
    },
  );
};

const ownOf = (context: HttpContext, request: FastifyRequest): string =>
  context.sharing.bodies().bodyOf(isMember(request.subject) ? request.subject.organisationId : '');

/** Of another reader nothing is its own: what its agreements with the caller give is what is asked. */
const readerOf = (
  context: HttpContext,
  request: FastifyRequest,
  organisationId: string | undefined,
): Pick<Asked, 'organisationId' | 'own'> => {
  const own = ownOf(context, request);
  const reader = organisationId ?? own;
  const { organisations, siteId } = reachOf(context, request);
  if (reader === own) return { organisationId: siteId === undefined ? reader : null, own: organisations };
  return { organisationId: reader, own: new Set() };
};

/** About another reader only what is one's own can be asked; anything else is as if it were not there. */
const targetOf = (
  context: HttpContext,
  request: FastifyRequest,
  {
    organisationId,
    point,
    dataset: datasetId,
  }: { organisationId?: string; point?: string; dataset?: string },
  reading: Reading,
): Asked['target'] => {
  const { organisations, siteId } = reachOf(context, request);
  const ofOthers = organisationId !== undefined && organisationId !== ownOf(context, request);
  if (datasetId !== undefined) {
    const owner = context.sharing.policy().datasets.get(datasetId)?.organisationId ?? '';
    return ofOthers && !organisations.has(owner) ? { placed: [], held: [] } : { datasetId };
  }
  const { registry } = context;
  if (ofOthers) return { placed: registry.placements(point ?? '', organisations), held: [] };
  // what is in store stands at no site: whoever is limited to one sees nothing of it
  const held = siteId === undefined ? registry.heldBy(point ?? '', organisations) : [];
  return { placed: registry.placements(point ?? '', thoseOf(context, reading)), held };
};

/** The organisations whose data the reader is given by somebody, with the services of each. */
const thoseOf = (context: HttpContext, reading: Reading): ReadonlySet<string> => {
  const bodies = context.sharing.bodies();
  const givers = [...giversTo(context.sharing.policy(), reading)];
  return new Set(givers.flatMap((giver) => bodies.servicesOf(giver)));
};

const MAX_TIME = 8_640_000_000_000_000;

const present = ({ outcome, own, given, aggregation, onwardSharing, grounds }: Decision) => ({
  outcome,
  own,
  given: given.map(({ from, to, finestMs }) => ({
    from: isoTime(from),
    to: isoTime(Math.min(to, MAX_TIME)),
    finest: FINEST_NAMES.find((name) => FINEST[name] === finestMs) ?? 'raw',
  })),
  aggregation: aggregation === null ? null : { ...aggregation },
  onwardSharing,
  clauses: grounds.map((ground) => ({ ...ground, limits: [...ground.limits] })),
});
