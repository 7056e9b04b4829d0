import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AuditObject } from '../access/audit/content.js';
import { inOrganisation } from '../access/decide.js';
import { subjectId, type Subject } from '../access/subject.js';
import { endOfClaim, waitingClaimsIn } from '../registry/held-claims.js';
import type { HeldClaim } from '../store/identity-store.js';
import { attemptOf, authorise } from './authorise.js';
import { reachOf, ownScopeOf } from './caller.js';
import { CLAIM_TOKEN, issueRecorded, presentToken, TOKEN_BOUNDS } from './claim-token.js';
import type { HttpContext, Routes } from './context.js';
import { PAGING_QUERY, pageOf, readPage } from './paging.js';
import { HttpError } from './problem.js';
import { ENROLMENT_CLAIM } from './resources/enrolment.js';
import { isoTime } from './time.js';

const PARAMS = Type.Object({ id: Type.String({ maxLength: 64 }) });
const REASON = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 300, description: 'Kept with the decision.' }) },
  { additionalProperties: false },
);

/** What operators decide of gateways: claims, revocation, replacement. */
export const gatewayControlRoutes: Routes = (server, context) => {
  addClaims(server, context);
  addApprove(server, context);
  addReject(server, context);
  addRevoke(server, context);
  addReplace(server, context);
};

const addClaims: Routes = (server, context) => {
  server.get(
    '/api/v1/enrolment-claims',
    {
      config: { action: 'read-enrolment-claims' },
      schema: {
        summary: 'Claims that wait for an operator',
        tags: ['enrolment'],
        querystring: PAGING_QUERY,
        response: { 200: pageOf(ENROLMENT_CLAIM) },
      },
    },
    async (request) => {
      const reach = reachOf(context, request);
      const page = await readPage(
        context,
        request,
        (wanted) => waitingClaimsIn(context.registry, reach, context.now(), wanted),
        ({ gatewayId }) => gatewayId,
      );
      return {
        ...page,
        items: page.items.map((claim) => ({
          gatewayId: claim.gatewayId,
          organisationId: claim.organisationId,
          name: claim.name,
          serial: claim.serial ?? null,
          replaces: claim.replaces ?? null,
          siteId: claim.siteId ?? null,
          asked: isoTime(claim.askedAt),
          expires: isoTime(endOfClaim(claim)),
        })),
      };
    },
  );
};

type Asked = FastifyRequest<{ Params: { id: string } }>;

/** The claim that the caller may decide. */
const claimOf = (context: HttpContext, request: Asked): HeldClaim => {
  const claim = context.registry.heldClaimIn(reachOf(context, request), request.params.id);
  if (claim === undefined) throw new HttpError('not-found', 'No claim waits under this id.');
  authorise(context, request, inOrganisation(claim.organisationId, claim.siteId));
  return claim;
};

/** The holder of a gateway that the caller sees. */
const holderOf = async (context: HttpContext, request: Asked): Promise<string> => {
  const gateway = await context.views.gateway(ownScopeOf(context, request), request.params.id);
  if (gateway === undefined) throw new HttpError('not-found', 'There is no such gateway.');
  return gateway.organisationId;
};

/** Decides, and records it. */
const change = (
  context: HttpContext,
  request: Asked,
  organisationId: string,
  act: () => void,
  after: AuditObject,
): void =>
  context.audit.change(act, () => ({
    ...attemptOf(request),
    resource: { type: 'gateway', id: request.params.id, organisationId },
    after,
    outcome: 'done',
  }));

/** Who decides, for people. */
const nameOf = (subject: Subject): string => ('name' in subject ? subject.name : subjectId(subject));

const addApprove: Routes = (server, context) => {
  server.post(
    '/api/v1/gateways/:id/approve',
    {
      config: { action: 'decide-enrolment-claim' },
      schema: {
        summary: 'Let the claim that waits under this id have its certificate when it asks next',
        tags: ['enrolment'],
        params: PARAMS,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { gatewayId, organisationId } = claimOf(context, request);
      const approve = () => context.gatewayControl.approve(gatewayId, nameOf(request.subject));
      change(context, request, organisationId, approve, { approved: true });
      return reply.status(204).send(null);
    },
  );
};

const addReject: Routes = (server, context) => {
  server.post(
    '/api/v1/gateways/:id/reject',
    {
      config: { action: 'decide-enrolment-claim' },
      schema: {
        summary: 'Refuse the claim that waits under this id for good; the gateway is told why',
        tags: ['enrolment'],
        params: PARAMS,
        body: REASON,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const { gatewayId, organisationId } = claimOf(context, request);
      const decision = { by: nameOf(request.subject), reason: request.body.reason };
      const reject = () => context.gatewayControl.reject(gatewayId, decision);
      change(context, request, organisationId, reject, { approved: false, reason: decision.reason });
      return reply.status(204).send(null);
    },
  );
};

const addRevoke: Routes = (server, context) => {
  server.post(
    '/api/v1/gateways/:id/revoke',
    {
      config: { action: 'revoke-gateway' },
      schema: {
        summary: 'Refuse a gateway for good: its session ends now, the next one and any renewal are refused',
        tags: ['gateways'],
        params: PARAMS,
        body: REASON,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const organisationId = await holderOf(context, request);
      authorise(context, request, inOrganisation(organisationId));
      const { reason } = request.body;
      const by = nameOf(request.subject);
      const revoke = () => context.gatewayControl.revoke(request.params.id, { by, reason });
      change(context, request, organisationId, revoke, { revoked: reason });
      context.gatewayRevoked();
      return reply.status(204).send(null);
    },
  );
};

const addReplace: Routes = (server, context) => {
  server.post(
    '/api/v1/gateways/:id/replace',
    {
      config: { action: 'replace-gateway' },
      schema: {
        summary: 'Issue a claim token for the box that takes over from this one',
        description:
          'When it is used, the devices go on under the new gateway with their points, and the old gateway is revoked.',
        tags: ['enrolment'],
        params: PARAMS,
        body: Type.Object(TOKEN_BOUNDS, { additionalProperties: false }),
        response: { 201: CLAIM_TOKEN },
      },
    },
    async (request, reply) => {
      const organisationId = await holderOf(context, request);
      authorise(context, request, inOrganisation(organisationId));
      const { qr, ...bounds } = request.body;
      const createdBy = subjectId(request.subject);
      const order = { ...bounds, organisationId, createdBy, replaces: request.params.id };
      return reply.status(201).send(presentToken(request, issueRecorded(context, request, order), qr));
    },
  );
};
