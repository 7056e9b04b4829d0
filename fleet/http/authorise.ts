import { isDeepStrictEqual } from 'node:util';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { ruleOf } from '../access/actions.js';
import type { AuditRecord } from '../access/audit/content.js';
import { ANY, type Decision, type Resource } from '../access/decide.js';
import { AccessError } from '../access/errors.js';
import type { RateLimit } from '../access/rate-limit.js';
import { ANONYMOUS, isMember, LOCAL, type Subject } from '../access/subject.js';
import { addressOf, fromHere, tokenOf } from './caller.js';
import type { HttpContext, Server } from './context.js';
import { actionOf } from './route-actions.js';
import { isFromElsewhere } from './same-origin.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; known before anything of the request is read. */
    subject: Subject;
    /** The audit trail says already that, and why, it was refused. */
    refusalKept: boolean;
  }
}

/** Asks of every request, before its body is read, whether whoever sends it may do the route's action at all. */
export const checkEveryRequest = (server: Server, context: HttpContext, limit: RateLimit): void => {
  server.decorateRequest('subject');
  server.decorateRequest('refusalKept', false);
  server.addHook('onRequest', async (request) => {
    request.subject = identify(context, request);
    limit.take(request.subject, addressOf(request));
    if (request.is404) return;
    authorise(context, request, ANY);
    requireTrueToken(request);
    requireSameOrigin(context, request);
  });
};

const identify = ({ identify }: HttpContext, request: FastifyRequest): Subject => {
  const token = tokenOf(request);
  const known = token === undefined ? ANONYMOUS : identify(token, addressOf(request));
  return known.type === 'anonymous' && fromHere(request) ? LOCAL : known;
};

/**
 * Throws `AccessError` unless the caller may do the route's action to this resource; the attempt is written into the
 * audit trail. The same answer for what is out of reach and for what does not exist.
 */
export const authorise = (context: HttpContext, request: FastifyRequest, resource: Resource): void => {
  const decision = context.decide(request.subject, actionOf(request), resource);
  if (decision.permit) return;
  recordRefusal(context, request, {
    resource: { type: resource.type, id: idOf(resource), organisationId: null },
    reason: decision.reason,
  });
  throw refusalOf(decision);
};

const idOf = (resource: Resource): string | null => {
  if (resource.type === 'organisation') return resource.organisationId;
  return resource.type === 'gateway' ? resource.gatewayId : null;
};

/** Writes into the audit trail that a request was refused, and why: once. */
export const recordRefusal = (
  { audit }: HttpContext,
  request: FastifyRequest,
  refused: Pick<AuditRecord, 'resource'> & { readonly reason: string; readonly subject?: Subject },
): void => {
  request.refusalKept = true;
  audit.record({ ...attemptOf(request), ...refused, outcome: 'refused' });
};

/** Who may not, is not let in, does not see it, comes too late or too often. Faults of a request are not attempts. */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 409, 410, 429]);

/**
 * The same of whatever a route threw that nobody recorded where it knew more. What somebody does not see and what is
 * not there are the same to their trail too, which is that of their own organisation.
 */
export const recordRefused = (
  context: HttpContext,
  request: FastifyRequest,
  { status, code }: { readonly status: number; readonly code: string | undefined },
): void => {
  if (!REFUSALS.has(status) || request.is404 || request.refusalKept) return;
  const resource = { type: 'any', id: namedIn(request), organisationId: null };
  recordRefusal(context, request, { resource, reason: status === 404 ? 'not-found' : (code ?? 'refused') });
};

/** What the address of a request names. */
const namedIn = ({ params, query }: FastifyRequest): string | null => {
  const named = [params, query].map((part) => {
    const { id, point } = Value.Check(NAMED, part) ? part : {};
    return id ?? point;
  });
  return named.find((name) => name !== undefined) ?? null;
};

const NAMED = Type.Object({ id: Type.Optional(Type.String()), point: Type.Optional(Type.String()) });

/**
 * Throws `AccessError` `unauthenticated` where somebody gave a session or a key that is none: a program whose key ended
 * must not take the little that is open for all there is.
 */
const requireTrueToken = (request: FastifyRequest): void => {
  const named = isMember(request.subject) || tokenOf(request) === undefined;
  if (named || ruleOf(actionOf(request))?.to === 'everyone') return;
  throw refusalOf({ permit: false, reason: 'not-signed-in' });
};

/** Throws `AccessError` `forbidden` on a change that another site makes a browser ask for, and records it. */
const requireSameOrigin = (context: HttpContext, request: FastifyRequest): void => {
  if (!isFromElsewhere(request)) return;
  const resource = { type: 'any', id: null, organisationId: null };
  recordRefusal(context, request, { resource, reason: 'from-another-site' });
  throw new AccessError(
    'forbidden',
    'This change was asked for from another site: make it from the console.',
  );
};

/** Who, what and from where, as the audit trail records it. */
export const attemptOf = (request: FastifyRequest): Pick<AuditRecord, 'subject' | 'action' | 'from'> => ({
  subject: request.subject,
  action: actionOf(request),
  from: addressOf(request),
});

/**
 * Whether the caller is who they were when they asked, and may do so still. Streams ask it before each part: who lost a
 * role, or whose session ended, hears nothing more.
 */
export const stillMay = (context: HttpContext, request: FastifyRequest): boolean =>
  context.decide(request.subject, actionOf(request), ANY).permit &&
  isDeepStrictEqual(identify(context, request), request.subject);

const refusalOf = ({ reason }: Decision): AccessError =>
  reason === 'not-signed-in'
    ? new AccessError('unauthenticated', 'Log in first: POST /api/v1/login.')
    : new AccessError('forbidden', 'This is not among what your role gives you.');
