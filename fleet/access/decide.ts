import { ruleOf, type Action, type ActionRule } from './actions.js';
import type { OrganisationTree } from './organisation-tree.js';
import type { Limit } from '../store/people-store.js';
import type { KeySubject, Member, Subject } from './subject.js';

/** On what something is to be done. */
export type Resource =
  /** Anything at all within the subject's reach: what a route asks before it knows more. */
  | { readonly type: 'any' }
  /** All of the fleet. */
  | { readonly type: 'fleet' }
  | { readonly type: 'organisation'; readonly organisationId: string; readonly siteId?: string }
  | { readonly type: 'gateway'; readonly gatewayId: string };

export const ANY: Resource = { type: 'any' };
export const FLEET: Resource = { type: 'fleet' };

/** Something of an organisation; at a site, where it is said to be. */
export const inOrganisation = (organisationId: string, siteId?: string | null): Resource => ({
  type: 'organisation',
  organisationId,
  ...(typeof siteId === 'string' ? { siteId } : {}),
});

export type Reason =
  | 'everyone'
  | 'public'
  | 'operator'
  | 'local'
  | 'own'
  | 'role'
  | 'key'
  | 'no-such-action'
  | 'not-signed-in'
  | 'not-for-gateways'
  | 'not-own'
  | 'role-lacks-it'
  | 'key-lacks-it'
  | 'outside-organisation'
  | 'outside-site'
  | 'outside-period';

export interface Decision {
  readonly permit: boolean;
  readonly reason: Reason;
}

const permit = (reason: Reason): Decision => ({ permit: true, reason });
const deny = (reason: Reason): Decision => ({ permit: false, reason });

export interface DecideDeps {
  readonly tree: () => OrganisationTree;
  /** UTC ms. */
  readonly now: () => number;
}

/** May this subject do this to that? The one place that says so; what nothing permits is denied. */
export type Decide = (subject: Subject, action: Action, resource: Resource) => Decision;

export const createDecide =
  ({ tree, now }: DecideDeps): Decide =>
  (subject, action, resource) => {
    const rule = ruleOf(action);
    if (rule === undefined) return deny('no-such-action');
    if (rule.to === 'everyone') return permit('everyone');
    switch (subject.type) {
      case 'operator':
        return permit('operator');
      case 'gateway':
        return decideForGateway(subject.id, action, resource);
      case 'local':
        return rule.local === true ? permit('local') : openly(rule);
      case 'anonymous':
        return openly(rule);
      case 'person':
      case 'key':
        return decideForMember(subject, action, rule, resource, tree, now);
    }
  };

const openly = (rule: ActionRule): Decision =>
  rule.public === true ? permit('public') : deny('not-signed-in');

/** A gateway may speak for itself alone. The broker asks this for each topic. */
export const decideForGateway = (id: string, action: Action, resource: Resource): Decision => {
  if (ruleOf(action)?.to !== 'gateway') return deny('not-for-gateways');
  return resource.type === 'gateway' && resource.gatewayId === id ? permit('own') : deny('not-own');
};

const decideForMember = (
  subject: Member,
  action: Action,
  { to }: ActionRule,
  resource: Resource,
  tree: () => OrganisationTree,
  now: () => number,
): Decision => {
  if (subject.type === 'key') {
    if (!keyHolds(subject, action, to)) return deny('key-lacks-it');
  } else if (!Array.isArray(to) || !to.includes(subject.role)) {
    return deny('role-lacks-it');
  }
  const limit = subject.type === 'person' ? subject.limit : undefined;
  if (limit !== undefined && !inPeriod(limit, now())) return deny('outside-period');
  const outside = outsideOf(subject.organisationId, limit, resource, tree);
  return outside === undefined ? permit(subject.type === 'key' ? 'key' : 'role') : deny(outside);
};

const keyHolds = ({ role, actions }: KeySubject, action: Action, to: ActionRule['to']): boolean => {
  if (!Array.isArray(to) || (role === undefined && actions === undefined)) return false;
  return (role === undefined || to.includes(role)) && (actions === undefined || actions.has(action));
};

const inPeriod = ({ from, to }: Limit, now: number): boolean =>
  (from === undefined || from <= now) && (to === undefined || now < to);

/** Why a resource is out of reach: roles reach downward from their own organisation, never up or sideways. */
const outsideOf = (
  organisationId: string,
  limit: Limit | undefined,
  resource: Resource,
  tree: () => OrganisationTree,
): Reason | undefined => {
  switch (resource.type) {
    case 'any':
      return undefined;
    case 'fleet':
      return tree().top === organisationId && limit?.siteId === undefined
        ? undefined
        : 'outside-organisation';
    case 'gateway':
      return 'not-own';
    case 'organisation':
      if (!tree().within(organisationId, resource.organisationId)) return 'outside-organisation';
      return limit?.siteId === undefined || limit.siteId === resource.siteId ? undefined : 'outside-site';
  }
};
