import type { OrganisationTree } from '../access/organisation-tree.js';
import { isMember, siteOf, type Subject } from '../access/subject.js';
import type { LegalBodies } from './legal-bodies.js';
import { flowsFor, type Flow, type Policy } from './flows.js';
import { NOTHING, type Scope, type SharedGrant } from './scope.js';

/**
 * Everything that the organisations at and below the subject's own held, raw and without delay; at one site alone for
 * whom a role is limited to it. Nothing for whom belongs to none, and outside the time that a role is limited to. With
 * nothing of others: what may be acted on.
 */
export const compileOwnScope = (subject: Subject, tree: OrganisationTree, now: number): Scope => {
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
    shared: [],
  };
};

export interface SharedReading {
  readonly policy: Policy;
  readonly bodies: LegalBodies;
  /** What the caller reads for; `null`: not stated. */
  readonly purpose: string | null;
}

/** What anybody reads who has not said who they are: what is open. */
const compileOpenScope = (now: number, { policy, bodies, purpose }: SharedReading): Scope => ({
  grants: [],
  shared: flowsFor(policy, { organisationId: null, purpose, now }).map((flow) => sharedGrant(flow, bodies)),
});

/** The same with what others give the subject's organisation for this purpose; nothing of it within a limited role. */
export const compileScope = (
  subject: Subject,
  tree: OrganisationTree,
  now: number,
  shared: SharedReading,
): Scope => {
  if (subject.type === 'anonymous' || subject.type === 'local') return compileOpenScope(now, shared);
  const { policy, bodies, purpose } = shared;
  const own = compileOwnScope(subject, tree, now);
  const limited = subject.type === 'person' && subject.limit !== undefined;
  if (own.grants.length === 0 || !isMember(subject) || limited) return own;
  const organisationId = bodies.bodyOf(subject.organisationId);
  const flows = flowsFor(policy, { organisationId, purpose, now });
  return { ...own, shared: flows.map((flow) => sharedGrant(flow, bodies)) };
};

/** What a flow gives, as scopes say it. */
export const sharedGrant = (flow: Flow, bodies: LegalBodies): SharedGrant => {
  const { giver, agreementId, version, clause, datasetId } = flow;
  const { finestMs, delayMs, areas, aggregation, from, to } = flow.effective;
  return {
    group: flow.group,
    credit: { giver, agreementId, version, clause, datasetId },
    organisations: bodies.servicesOf(giver),
    matching: flow.matching,
    areas,
    finestMs,
    delayMs,
    from: Number.isFinite(from) ? from : null,
    to: Number.isFinite(to) ? to : null,
    aggregateOnly: aggregation !== null,
    since: flow.since,
  };
};
