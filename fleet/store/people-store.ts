import type { Reach } from './reach.js';
import type { Page } from './views-store.js';

/** People and programs: who they are, how they prove it, what they were given. Times are UTC ms. */
export interface PeopleStore
  extends PersonTable, SessionTable, SecondFactorTable, InvitationTable, KeyTable, ProviderTable {}

export const ROLES = ['owner', 'operator', 'technician', 'analyst', 'viewer', 'auditor'] as const;
export type Role = (typeof ROLES)[number];

/** A role that holds at one site, or for a time, only. Times UTC ms, `to` not included. */
export interface Limit {
  readonly siteId?: string;
  readonly from?: number;
  readonly to?: number;
}

/** A limit, or none where it limits nothing. */
export const limitOf = ({
  siteId,
  from,
  to,
}: {
  readonly siteId?: string | null | undefined;
  readonly from?: number | null | undefined;
  readonly to?: number | null | undefined;
}): { readonly limit?: Limit } => {
  const limit: Limit = {
    ...(typeof siteId === 'string' ? { siteId } : {}),
    ...(typeof from === 'number' ? { from } : {}),
    ...(typeof to === 'number' ? { to } : {}),
  };
  return Object.keys(limit).length === 0 ? {} : { limit };
};

export interface Person {
  readonly id: string;
  /** Lower case, unique. */
  readonly login: string;
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  /** Absent: the role holds everywhere below, at all times. */
  readonly limit?: Limit;
}

export interface NewPerson extends Person {
  /** argon2id, PHC string; `null`: signs in elsewhere. */
  readonly passwordHash: string | null;
  /** Somebody else knows the password: the next login must choose another. */
  readonly mustChangePassword?: boolean;
}

export interface PersonState extends Person {
  readonly disabledAt: number | null;
  readonly hasPassword: boolean;
  readonly mustChangePassword: boolean;
  readonly secondFactorSince: number | null;
}

export interface PersonTable {
  person(id: string): PersonState | undefined;
  personByLogin(login: string): PersonState | undefined;
  /** All: for whoever has a shell on the machine, and for what holds of everybody. */
  people(): readonly PersonState[];
  /** Those within reach, by id; none for whom is limited to a site. */
  peopleIn(reach: Reach, page: Page): readonly PersonState[];
  personIn(reach: Reach, id: string): PersonState | undefined;
  /** `false` where the login is taken. */
  addPerson(person: NewPerson): boolean;
  passwordHash(personId: string): string | null;
  /** Ends the person's sessions but for `keep`, the hash of a token. */
  setPassword(
    personId: string,
    password: { readonly hash: string; readonly mustChange: boolean },
    keep?: string,
  ): void;
  /** Ends the person's sessions and keys of their own. */
  setRole(
    personId: string,
    place: { readonly organisationId: string; readonly role: Role; readonly limit?: Limit },
    at: number,
  ): void;
  /** Ends the person's sessions and keys of their own, and revokes what they invited and nobody accepted yet. */
  disablePerson(personId: string, at: number): void;
  enablePerson(personId: string): void;
  /** Removes the person with all that is theirs; `false` where there is none. Their keys are revoked. */
  erasePerson(personId: string, at: number): boolean;
}

/** What a session still needs before its person may act. */
export const SESSION_NEEDS = ['second-factor', 'second-factor-enrolment', 'new-password'] as const;
export type SessionNeed = (typeof SESSION_NEEDS)[number];

export interface Session {
  /** What people call it by; opens nothing. */
  readonly id: string;
  readonly tokenHash: string;
  readonly personId: string;
  readonly created: number;
  readonly expires: number;
  readonly lastUsed: number;
  readonly address: string;
  /** What the browser or program calls itself. */
  readonly client: string;
  readonly method: 'password' | 'sign-on' | 'invitation';
  readonly secondFactor: boolean;
  readonly needs: SessionNeed | null;
}

export interface SessionTable {
  addSession(session: Session): void;
  /** A session that has not ended, with its person, unless disabled. */
  openSession(
    tokenHash: string,
    now: number,
  ): { readonly session: Session; readonly person: PersonState } | undefined;
  sessionsOf(personId: string, now: number): readonly Session[];
  removeSession(tokenHash: string): void;
  /** `false` where this person has no such session. */
  removeSessionById(personId: string, id: string): boolean;
  /** Ends the person's sessions but for `keep`, the hash of a token. */
  removeSessionsOf(personId: string, keep?: string): void;
  /** Puts `session` in the place of another; `false` where that is gone. */
  replaceSession(tokenHash: string, session: Session): boolean;
  noteSessionUse(tokenHash: string, at: number): void;
  /** Removes sessions that ended before `now`; gives the count. */
  purge(now: number): number;
}

export interface SecondFactor {
  readonly sealedSecret: Uint8Array | null;
  readonly since: number | null;
  /** Enrolled but not yet confirmed by a code. */
  readonly sealedPending: Uint8Array | null;
  /** Last time step of which a code was taken. */
  readonly lastStep: number;
}

export interface SecondFactorTable {
  secondFactor(personId: string): SecondFactor | undefined;
  beginSecondFactor(personId: string, sealedSecret: Uint8Array): void;
  /** Puts the pending secret in force with new recovery codes; `false` where it is not this one any more. */
  confirmSecondFactor(
    personId: string,
    confirmed: {
      readonly sealedSecret: Uint8Array;
      readonly step: number;
      readonly at: number;
      readonly codeHashes: readonly string[];
    },
  ): boolean;
  /** `false` where a code of this step or a later one was taken already. */
  useStep(personId: string, step: number): boolean;
  /** `false` where there is no such code or it was used. */
  useRecoveryCode(personId: string, codeHash: string): boolean;
  recoveryCodesLeft(personId: string): number;
  replaceRecoveryCodes(personId: string, codeHashes: readonly string[]): void;
  removeSecondFactor(personId: string): void;
  /** Roles that need a second factor, as this organisation itself decided. */
  secondFactorRoles(organisationId: string): readonly Role[];
  setSecondFactorRoles(organisationId: string, roles: readonly Role[]): void;
  /** Sessions of these people that came in with one factor need this from now on. */
  requireOfSessions(personIds: readonly string[], need: SessionNeed): void;
}

export interface Invitation {
  readonly id: string;
  readonly tokenHash: string;
  readonly organisationId: string;
  readonly role: Role;
  /** Of the role that it gives. */
  readonly limit?: Limit;
  /** Set where it is for a person who is there already: a new password. */
  readonly personId: string | null;
  /** What the inviter proposes. */
  readonly login: string | null;
  readonly name: string | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expires: number;
  readonly usedAt: number | null;
  readonly revokedAt: number | null;
}

export interface InvitationTable {
  addInvitation(invitation: Invitation): void;
  invitationByToken(tokenHash: string): Invitation | undefined;
  /** Newest first: for whoever has a shell on the machine. */
  invitations(): readonly Invitation[];
  /** Those to join within reach, by id; none for whom is limited to a site. */
  invitationsIn(reach: Reach, page: Page): readonly Invitation[];
  invitationIn(reach: Reach, id: string): Invitation | undefined;
  /** `false` where it was used or revoked already, or never was. */
  revokeInvitation(id: string, at: number): boolean;
  /** Uses it once: adds the person, with an identity where they signed on elsewhere. */
  acceptInvitation(
    tokenHash: string,
    at: number,
    person: NewPerson,
    identity?: Identity,
  ): 'accepted' | 'gone' | 'login-taken' | 'identity-taken';
  /** Uses once what was made for a new password, and ends the person's sessions; `false` where it is gone. */
  acceptReset(tokenHash: string, at: number, passwordHash: string): boolean;
}

export interface ApiKey {
  /** Public part, which the key begins with. */
  readonly id: string;
  readonly secretHash: string;
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  /** Narrower than the role; `null`: all that the role may. */
  readonly actions: readonly string[] | null;
  readonly purpose: string;
  /** Whose own key it is; `null`: the organisation's. */
  readonly personId: string | null;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expires: number;
  readonly lastUsedAt: number | null;
  readonly lastUsedFrom: string | null;
  readonly revokedAt: number | null;
  /** The key that took its place. */
  readonly replacedBy: string | null;
}

export interface KeyTable {
  addKey(key: ApiKey): void;
  key(id: string): ApiKey | undefined;
  /** All, newest first: for whoever has a shell on the machine. */
  keys(): readonly ApiKey[];
  /** Those within reach, by id; none for whom is limited to a site. */
  keysIn(reach: Reach, page: Page): readonly ApiKey[];
  keyIn(reach: Reach, id: string): ApiKey | undefined;
  /** A person's own, newest first. */
  keysOf(personId: string): readonly ApiKey[];
  /** `false` where there is none or it was revoked already. */
  revokeKey(id: string, at: number): boolean;
  noteKeyUse(id: string, at: number, address: string): void;
  /** Adds `successor`; the old key ends at `oldExpires` at the latest. `false` where it is revoked or replaced. */
  rotateKey(id: string, oldExpires: number, successor: ApiKey): boolean;
}

/** Somebody as an identity provider knows them. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  /** Their place follows the provider's groups. */
  readonly managed: boolean;
}

export interface IdentityProvider {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  /** Shown on the login page to everybody. */
  readonly listed: boolean;
  /** The rest of its settings, as JSON. */
  readonly settings: string;
  readonly sealedSecret: Uint8Array | null;
}

export interface ProviderTable {
  /** Adds it, or puts it in the place of the one with this id. */
  putProvider(provider: IdentityProvider): void;
  provider(id: string): IdentityProvider | undefined;
  providers(): readonly IdentityProvider[];
  removeProvider(id: string): boolean;
  personByIdentity(
    identity: Pick<Identity, 'issuer' | 'subject'>,
  ): (PersonState & Pick<Identity, 'managed'>) | undefined;
  identitiesOf(personId: string): readonly Identity[];
  /** `false` where it belongs to somebody already. */
  addIdentity(personId: string, identity: Identity): boolean;
  removeIdentity(personId: string, identity: Pick<Identity, 'issuer' | 'subject'>): boolean;
  /** Adds a person together with their identity. */
  addPersonWithIdentity(person: NewPerson, identity: Identity): 'added' | 'login-taken' | 'identity-taken';
}
