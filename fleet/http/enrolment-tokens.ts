import { Type } from 'typebox';
import { inOrganisation } from '../access/decide.js';
import { siteOf, subjectId } from '../access/subject.js';
import { stateOfToken } from '../registry/tokens.js';
import type { EnrolmentToken } from '../store/identity-store.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf } from './caller.js';
import { CLAIM_TOKEN, issueRecorded, presentToken, TOKEN_BOUNDS } from './claim-token.js';
import type { Routes } from './context.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';
import { ENROLMENT_TOKEN } from './resources/enrolment.js';
import { isoTime } from './time.js';

/** Claim tokens: issued, listed without their secrets, revoked. */
export const enrolmentTokenRoutes: Routes = (server, context) => {
  addIssue(server, context);
  addListing(server, context);
  addRevoke(server, context);
};

const addIssue: Routes = (server, context) => {
  server.post(
    '/api/v1/enrolment-tokens',
    {
      config: { action: 'issue-enrolment-token' },
      schema: {
        summary: 'Issue a claim token for one gateway: single use, shown once',
        tags: ['enrolment'],
        body: Type.Object(
          {
            organisationId: Type.String({ maxLength: 64, description: 'Who will hold the gateway.' }),
            ...TOKEN_BOUNDS,
          },
          { additionalProperties: false },
        ),
        response: { 201: CLAIM_TOKEN },
      },
    },
    async (request, reply) => {
      const { qr, ...asked } = request.body;
      // who is limited to a site need not name it
      const order = { ...siteOf(request.subject), ...asked };
      authorise(context, request, inOrganisation(order.organisationId, order.siteId));
      const issued = issueRecorded(context, request, { ...order, createdBy: subjectId(request.subject) });
      return reply.status(201).send(presentToken(request, issued, qr));
    },
  );
};

const addListing: Routes = (server, context) => {
  server.get(
    '/api/v1/enrolment-tokens',
    {
      config: { action: 'read-enrolment-tokens' },
      schema: {
        summary: 'Claim tokens and what became of them, without their secrets',
        tags: ['enrolment'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(ENROLMENT_TOKEN) },
      },
    },
    async (request) => {
      const reach = reachOf(context, request);
      const page = await readPage(
        context,
        request,
        (wanted) => context.registry.enrolmentTokensIn(reach, wanted),
        ({ id }) => id,
      );
      return { ...page, items: page.items.map((token) => present(token, context.now())) };
    },
  );
};

const addRevoke: Routes = (server, context) => {
  server.delete(
    '/api/v1/enrolment-tokens/:id',
    {
      config: { action: 'revoke-enrolment-token' },
      schema: {
        summary: 'Revoke a claim token that was not used yet',
        tags: ['enrolment'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const token = context.registry.enrolmentTokenIn(reachOf(context, request), id);
      if (token === undefined) throw new HttpError('not-found', 'There is no such token.');
      const { organisationId } = token;
      authorise(context, request, inOrganisation(organisationId, token.siteId));
      context.audit.change(
        () => {
          if (context.registry.revokeEnrolmentToken(id, context.now())) return;
          throw new HttpError('conflict', 'This token was used or revoked already.');
        },
        () => ({
          ...attemptOf(request),
          resource: { type: 'enrolment-token', id, organisationId },
          outcome: 'done',
        }),
      );
      return reply.status(204).send(null);
    },
  );
};

const present = (token: EnrolmentToken, now: number) => ({
  id: token.id,
  organisationId: token.organisationId,
  createdBy: token.createdBy,
  expires: isoTime(token.expires),
  serial: token.serial ?? null,
  approval: token.approval ?? false,
  replaces: token.replaces ?? null,
  siteId: token.siteId ?? null,
  state: stateOfToken(token, now),
  gatewayId: token.used?.gatewayId ?? null,
  used: token.used === undefined ? null : isoTime(token.used.at),
});
