import type { Action } from './actions.js';
import type { ApiKey, Limit, Person, Role } from '../store/people-store.js';

/** Who asks. */
export type Subject =
  | PersonSubject
  | KeySubject
  | GatewaySubject
  | { readonly type: 'operator'; readonly id: string }
  | { readonly type: 'local' }
  | { readonly type: 'anonymous' };

/** A person, by session. */
export interface PersonSubject {
  readonly type: 'person';
  readonly id: string;
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  readonly limit?: Limit;
}

/** A program, by API key. What it may is what its role gives and its actions name; of neither: nothing. */
export interface KeySubject {
  readonly type: 'key';
  readonly id: string;
  readonly name: string;
  readonly organisationId: string;
  readonly role?: Role;
  readonly actions?: ReadonlySet<Action>;
  /** What its data is used for; scopes are compiled for it. */
  readonly purpose: string;
}

/** A gateway, by client certificate. */
export interface GatewaySubject {
  readonly type: 'gateway';
  readonly id: string;
}

export const ANONYMOUS: Subject = { type: 'anonymous' };
/** A caller on the loopback address who has not said who they are. */
export const LOCAL: Subject = { type: 'local' };

/** Whoever has a shell on the fleet's machine, by the name of their account there. */
export const operatorSubject = (account: string): Subject => ({ type: 'operator', id: account });

export const personSubject = ({ id, name, organisationId, role, limit }: Person): PersonSubject => ({
  type: 'person',
  id,
  name,
  organisationId,
  role,
  ...(limit === undefined ? {} : { limit }),
});

/** An action that is no more has no right left. */
export const keySubject = (
  { id, name, organisationId, role, actions, purpose }: ApiKey,
  isAction: (text: string) => text is Action,
): KeySubject => ({
  type: 'key',
  id,
  name,
  organisationId,
  role,
  ...(actions === null ? {} : { actions: new Set(actions.filter(isAction)) }),
  purpose,
});

/** Subjects that belong to an organisation. */
export type Member = PersonSubject | KeySubject;

export const isMember = (subject: Subject): subject is Member =>
  subject.type === 'person' || subject.type === 'key';

/** The one site that a role is limited to; absent: none. */
export const siteOf = (subject: Subject): { readonly siteId?: string } => {
  const siteId = subject.type === 'person' ? subject.limit?.siteId : undefined;
  return siteId === undefined ? {} : { siteId };
};

/** A subject in one short text: what cursors and limits are bound to. */
export const subjectKey = (subject: Subject): string =>
  'id' in subject ? `${subject.type}:${subject.id}` : subject.type;

/** What a record names as its maker. */
export const subjectId = (subject: Subject): string => ('id' in subject ? subject.id : subject.type);
