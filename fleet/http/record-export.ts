import type { FastifyRequest } from 'fastify';
import type { AuditObject } from '../access/audit/content.js';
import { isMember } from '../access/subject.js';
import { attemptOf } from './authorise.js';
import { reachOf } from './caller.js';
import type { HttpContext } from './context.js';

export interface Exported {
  /** Of the file that leaves. */
  readonly name: string;
  /** Whose data it is: their trail tells of it, where the caller is one of theirs; else that of the caller. */
  readonly organisationId?: string;
}

/**
 * Writes into the audit trail that somebody took data away as a file: what was asked for, before the first line goes.
 * Strangers, who take what is open to everybody, are counted by the usage ledger alone.
 */
export const recordExport = (
  context: HttpContext,
  request: FastifyRequest,
  { name, organisationId }: Exported,
): void => {
  if (!isMember(request.subject)) return;
  const own = organisationId !== undefined && reachOf(context, request).organisations.has(organisationId);
  context.audit.record({
    ...attemptOf(request),
    resource: { type: 'export', id: name, organisationId: own ? organisationId : null },
    after: { asked: { ...(request.query as AuditObject) } },
    outcome: 'done',
  });
};
