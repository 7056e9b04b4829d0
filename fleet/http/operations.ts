import { Type } from 'typebox';
import { inOrganisation } from '../access/decide.js';
import { subjectId } from '../access/subject.js';
import { recallCommandOf } from '../operations/recall.js';
import { ALARMS, type GatewayCommand } from '../store/operations-store.js';
import { attemptOf, authorise } from './authorise.js';
import { ownScopeOf } from './caller.js';
import type { Routes } from './context.js';
import { HttpError } from './problem.js';
import { COMMAND, EVENT } from './resources/gateways.js';
import { isoTime } from './time.js';

const PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });

const RECALL = Type.Object(
  {
    from: Type.String({ format: 'date-time' }),
    to: Type.String({ format: 'date-time', description: 'Not included.' }),
    points: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 130 }), {
        maxItems: 100,
        description: 'Points as <device>/<point> of the gateway’s configuration; absent: all.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** What happened to a gateway, and what it was asked to do. */
export const operationsRoutes: Routes = (server, context) => {
  addEvents(server, context);
  addCommands(server, context);
  addRecall(server, context);
};

const addEvents: Routes = (server, context) => {
  server.get(
    '/api/v1/gateways/:id/events',
    {
      config: { action: 'read-events' },
      schema: {
        summary: 'What happened to a gateway, newest first',
        tags: ['gateways'],
        params: PARAMS,
        response: { 200: Type.Object({ items: Type.Array(EVENT) }) },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const { id } = request.params;
      if ((await context.views.gateway(scope, id)) === undefined) {
        throw new HttpError('not-found', 'There is no such gateway.');
      }
      return {
        items: (await context.views.events(scope, id)).map(({ firstAt, lastAt, ...event }) => ({
          ...event,
          alarm: ALARMS.has(event.kind),
          first: isoTime(firstAt),
          last: isoTime(lastAt),
        })),
      };
    },
  );
};

const addCommands: Routes = (server, context) => {
  server.get(
    '/api/v1/gateways/:id/commands',
    {
      config: { action: 'read-commands' },
      schema: {
        summary: 'What a gateway was asked to do, newest first, and what came of it',
        tags: ['gateways'],
        params: PARAMS,
        response: { 200: Type.Object({ items: Type.Array(COMMAND) }) },
      },
    },
    async (request) => {
      const scope = ownScopeOf(context, request);
      const { id } = request.params;
      if ((await context.views.gateway(scope, id)) === undefined) {
        throw new HttpError('not-found', 'There is no such gateway.');
      }
      return { items: (await context.views.commands(scope, id)).map(present) };
    },
  );
};

const addRecall: Routes = (server, context) => {
  server.post(
    '/api/v1/gateways/:id/recall',
    {
      config: { action: 'recall-readings' },
      schema: {
        summary: 'Ask a gateway for the raw readings of a past period again',
        tags: ['gateways'],
        params: PARAMS,
        body: RECALL,
        response: { 202: COMMAND },
      },
    },
    async (request, reply) => {
      const scope = ownScopeOf(context, request);
      const gateway = await context.views.gateway(scope, request.params.id);
      if (gateway === undefined) throw new HttpError('not-found', 'There is no such gateway.');
      authorise(context, request, inOrganisation(gateway.organisationId));
      const [from, to] = [Date.parse(request.body.from), Date.parse(request.body.to)];
      if (!(from < to)) throw new HttpError('bad-request', 'from must be before to.');
      const made = { id: context.newId(), at: context.now(), by: subjectId(request.subject) };
      const { points = [] } = request.body;
      const command = recallCommandOf({ gatewayId: gateway.id, from, to, points }, made);
      context.audit.change(
        () => {
          if (context.registry.addCommand(command)) return;
          throw new HttpError('conflict', 'Too many commands wait for this gateway.');
        },
        () => ({
          ...attemptOf(request),
          resource: { type: 'gateway', id: gateway.id, organisationId: gateway.organisationId },
          after: { command: command.id, name: command.name, arguments: command.arguments },
          outcome: 'done',
        }),
      );
      context.commandAdded();
      return reply.status(202).send(present({ ...command, answer: undefined }));
    },
  );
};

const present = ({ id, name, arguments: given, createdAt, createdBy, expires, answer }: GatewayCommand) => ({
  id,
  name,
  arguments: given,
  created: isoTime(createdAt),
  createdBy,
  expires: isoTime(expires),
  result:
    answer === undefined
      ? null
      : { outcome: answer.outcome, detail: answer.detail, time: isoTime(answer.at) },
});
