import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { treeOf } from '../access/organisation-tree.js';
import { isPurpose, PURPOSES } from '../access/keys/purposes.js';
import { AccessError } from '../access/errors.js';
import { siteOf } from '../access/subject.js';
import { compileOwnScope, compileScope } from '../sharing/compile-scope.js';
import type { Scope } from '../sharing/scope.js';
import type { NoteRead } from '../sharing/usage/usage-ledger.js';
import type { Reach } from '../store/reach.js';
import type { HttpContext } from './context.js';
import { PAGING } from './paging.js';
import { sessionCookieOf } from './session-cookie.js';

/** The session token of a request: bearer header for programs, cookie for browsers. */
export const tokenOf = (request: FastifyRequest): string | undefined => {
  const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
  if (scheme?.toLowerCase() === 'bearer' && token !== undefined) return token;
  return sessionCookieOf(request);
};

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);
/** What a proxy adds. */
const FORWARDED = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-real-ip',
  'via',
] as const;

export const fromLoopback = (request: FastifyRequest): boolean =>
  LOOPBACK.has(request.socket.remoteAddress ?? '');

/** Some proxy passed this request on, or its sender says so. */
export const isForwarded = (request: FastifyRequest): boolean =>
  FORWARDED.some((name) => request.headers[name] !== undefined);

/** Where a request comes from; of a trusted proxy, where it says. */
export const addressOf = (request: FastifyRequest): string => request.ip;

/** The address under which the caller reached this fleet, for links; a trusted proxy is believed about it. */
export const originOf = (request: FastifyRequest): string => `${request.protocol}://${request.host}`;

const OWN_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * A request that came through a proxy on this machine is not from this machine; nor is one for another name, which
 * such a proxy passed on silently or a browser was tricked into (DNS rebinding).
 */
export const fromHere = (request: FastifyRequest): boolean =>
  fromLoopback(request) && !isForwarded(request) && OWN_NAMES.has(request.hostname);

/** Whose records the caller may see now: what stores are asked for, rather than all of them. */
export const reachOf = (context: HttpContext, request: FastifyRequest): Reach => ({
  organisations: new Set(ownScopeOf(context, request).grants.map(({ organisationId }) => organisationId)),
  ...siteOf(request.subject),
});

/** What the caller may read of their own. */
export const ownScopeOf = ({ registry, now }: HttpContext, request: FastifyRequest): Scope =>
  compileOwnScope(request.subject, treeOf(registry.organisations()), now());

/** What the caller may read now: their own, and what others give them for the purpose that they state. */
export const scopeOf = ({ registry, sharing, now }: HttpContext, request: FastifyRequest): Scope =>
  compileScope(request.subject, treeOf(registry.organisations()), now(), {
    policy: sharing.policy(),
    bodies: sharing.bodies(),
    purpose: purposeOf(request),
  });

/** Begins an answer of what a scope gives; what is noted then stands in the usage ledger. */
export const noteReads = (context: HttpContext, request: FastifyRequest, scope: Scope): NoteRead =>
  context.usage.answer({ subject: request.subject, purpose: purposeOf(request), scope });

/**
 * What the caller reads for: the header `Terroir-Purpose`, else `?purpose=`. A key has one of its own, and reads for no
 * other. `null`: none was stated.
 */
export const purposeOf = (request: FastifyRequest): string | null => {
  const header = request.headers['terroir-purpose'];
  const stated = header ?? Reflect.get(Object(request.query), 'purpose');
  if (stated !== undefined && (typeof stated !== 'string' || !isPurpose(stated))) {
    throw new AccessError('bad-request', `purpose: one of ${PURPOSES.join(', ')}.`);
  }
  const { subject } = request;
  if (subject.type !== 'key') return stated ?? null;
  if (stated !== undefined && stated !== subject.purpose) {
    throw new AccessError('forbidden', `This key reads for ${subject.purpose}: make one for ${stated}.`);
  }
  return subject.purpose;
};

/** What a query may state beside its own parameters. */
export const PURPOSE_QUERY = {
  purpose: Type.Optional(
    Type.Enum([...PURPOSES], {
      description: 'What it is read for; also as header `Terroir-Purpose`. A key has its own.',
    }),
  ),
};

/** The query of a listing of what others may give too. */
export const SHARED_QUERY = Type.Object({ ...PAGING, ...PURPOSE_QUERY }, { additionalProperties: false });
