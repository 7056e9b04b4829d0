import type { OrganisationTree } from '../access/organisation-tree.js';
import { isMember, siteOf, type Subject } from '../access/subject.js';
import { NOTHING, type Scope } from './scope.js';

/**
 * Everything that the organisations at and below the subject's own held, raw and without delay; at one site alone for
 * whom a role is limited to it. Nothing for whom belongs to none, and outside the time that a role is limited to.
 */
export const compileScope = (subject: Subject, tree: OrganisationTree, now: number): Scope => {
  if (!isMember(subject)) return NOTHING;
  const limit = subject.type === 'person' ? subject.limit : undefined;
  if (now < (limit?.from ?? -Infinity) || now >= (limit?.to ?? Infinity)) return NOTHING;
  return {
    grants: tree.below(subject.organisationId).map((organisationId) => ({
      organisationId,
      ...siteOf(subject),
      finestMs: 0,
      delayMs: 0,
    })),
    policyVersion: 1,
  };
};
