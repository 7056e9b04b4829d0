import type { FastifyRequest } from 'fastify';
import type { AuditObject } from '../access/audit/content.js';
import { AccessError } from '../access/errors.js';
import type { FoundSession } from '../access/sessions.js';
import { personSubject } from '../access/subject.js';
import type { SessionNeed } from '../store/people-store.js';
import { attemptOf, recordRefusal } from './authorise.js';
import { tokenOf } from './caller.js';
import type { HttpContext } from './context.js';

/** Somebody at their own account. */
export interface Own extends FoundSession {
  readonly token: string;
}

/**
 * The caller, by a session. Throws `AccessError` `unauthenticated` without one, and `forbidden` where the session
 * still needs something that is not among `despite`.
 */
export const ownOf = (
  { people }: Pick<HttpContext, 'people'>,
  request: FastifyRequest,
  despite: readonly SessionNeed[] = [],
): Own => {
  const token = tokenOf(request) ?? '';
  const found = people.sessions.find(token);
  if (found === undefined) {
    throw new AccessError('unauthenticated', 'Log in first: POST /api/v1/login.');
  }
  const { needs } = found.session;
  if (needs !== null && !despite.includes(needs)) {
    throw new AccessError('forbidden', `This session first needs: ${needs}.`);
  }
  return { ...found, token };
};

/** Makes a change to the caller's own account and records it, both or neither. */
export const changeOwn = <Result>(
  { audit }: HttpContext,
  request: FastifyRequest,
  own: Pick<Own, 'person'>,
  change: { readonly act: () => Result; readonly before?: AuditObject; readonly after?: AuditObject },
): Result => {
  const { act, ...known } = change;
  return audit.change(act, () => ({
    ...attemptOf(request),
    ...known,
    subject: personSubject(own.person),
    resource: { type: 'person', id: own.person.id, organisationId: own.person.organisationId },
    outcome: 'done',
  }));
};

/** Records that somebody was refused at their own account, and goes on with the refusal. */
export const refusedOwn = (
  context: HttpContext,
  request: FastifyRequest,
  { person }: Pick<Own, 'person'>,
): ((error: unknown) => never) => {
  return (error) => {
    recordRefusal(context, request, {
      subject: personSubject(person),
      resource: { type: 'person', id: person.id, organisationId: person.organisationId },
      reason: error instanceof AccessError ? error.code : 'failed',
    });
    throw error;
  };
};
