import type {
  Identity,
  Invitation,
  InvitationTable,
  Limit,
  PersonState,
  PersonTable,
  Role,
} from '../store/people-store.js';
import type { Reach } from '../store/reach.js';
import type { Organisation } from '../store/registry-store.js';
import type { Page } from '../store/views-store.js';
import { checkedLogin } from './accounts.js';
import { AccessError } from './errors.js';
import { requireLimit, type LimitDeps } from './limits.js';
import { makeLogin } from './made-login.js';
import { encodeBase32 } from './second-factor/base32.js';
import { hashOfSecret } from './secret-hash.js';
import { makeSingleUse, singleUseState } from './single-use.js';

export const INVITATION_HOURS = 7 * 24;
export const RESET_HOURS = 24;
export const MAX_HOURS = 30 * 24;

export interface InvitationsDeps {
  readonly store: InvitationTable & Pick<PersonTable, 'personByLogin'>;
  readonly organisations: () => readonly Organisation[];
  readonly limits: LimitDeps;
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

export interface InvitationOrder {
  readonly organisationId: string;
  readonly role: Role;
  /** Of the role that is given. */
  readonly limit?: Limit;
  /** What the invited need not type: how their login begins. */
  readonly login?: string | undefined;
  readonly name?: string | undefined;
  readonly hours?: number | undefined;
  readonly createdBy: string;
}

export interface IssuedInvitation {
  readonly id: string;
  /** Shown only now; a hash is stored. */
  readonly token: string;
  readonly expires: number;
}

/** What the invited see before they accept. */
export interface InvitationView {
  readonly organisationName: string;
  readonly role: Role;
  readonly limit?: Limit;
  readonly login: string | null;
  readonly name: string | null;
  readonly expires: number;
  /** For a person who is there already: a new password. */
  readonly reset: boolean;
}

/** Links that work once: to become somebody at an organisation, or to choose a new password. */
export interface Invitations {
  invite(order: InvitationOrder): IssuedInvitation;
  /** A link for a new password; until it is used, the old one stays. */
  inviteToReset(
    person: PersonState,
    order: { readonly hours?: number | undefined; readonly createdBy: string },
  ): IssuedInvitation;
  /** Throws `AccessError` `gone` on anything but a live invitation. */
  look(token: string): InvitationView;
  /** The person whom a link for a new password is for; `undefined` for one to join. Throws `gone`. */
  personOf(token: string): string | undefined;
  organisationOf(token: string): string;
  /**
   * Uses it, once, whoever tries meanwhile; gives the new person's id. Their login is the one given and four random
   * characters. Throws `gone`, `bad-request`, and `conflict` on an identity that somebody has.
   */
  accept(
    token: string,
    person: { readonly login: string; readonly name: string; readonly passwordHash: string | null },
    identity?: Identity,
  ): string;
  /** Uses a link for a new password. Throws `gone`. */
  reset(token: string, passwordHash: string): void;
  /** Those within reach, by id; without those for passwords. */
  listIn(reach: Reach, page: Page): readonly Invitation[];
  findIn(reach: Reach, id: string): Invitation | undefined;
  /** `false` where it was used or revoked already. */
  revoke(id: string): boolean;
}

export const createInvitations = (deps: InvitationsDeps): Invitations => {
  const { store, now, newId } = deps;
  const live = (token: string): Invitation => {
    const found = store.invitationByToken(hashOfSecret(token));
    if (found === undefined || singleUseState(found, now()) !== 'open') throw gone();
    return found;
  };
  return {
    ...createIssuers(deps),
    look: (token) => {
      const { organisationId, login, name, expires, personId, ...found } = live(token);
      const organisation = deps.organisations().find(({ id }) => id === organisationId);
      if (organisation === undefined) throw gone();
      return {
        organisationName: organisation.name,
        ...placeOf(found),
        login,
        name,
        expires,
        reset: personId !== null,
      };
    },
    personOf: (token) => live(token).personId ?? undefined,
    organisationOf: (token) => live(token).organisationId,
    accept: (token, { passwordHash, ...proposed }, identity) => {
      const { organisationId, tokenHash, ...found } = live(token);
      const isTaken = (login: string): boolean => store.personByLogin(login) !== undefined;
      const login = makeLogin({ random: deps.random, isTaken }, proposed.login);
      const person = {
        id: newId(),
        login,
        name: proposed.name.trim(),
        passwordHash,
        organisationId,
        ...placeOf(found),
      };
      const outcome = store.acceptInvitation(tokenHash, now(), person, identity);
      if (outcome === 'login-taken') throw cameAtOnce();
      if (outcome === 'identity-taken') {
        throw new AccessError('conflict', 'You are somebody here already: sign in instead.');
      }
      if (outcome === 'gone') throw gone();
      return person.id;
    },
    reset: (token, passwordHash) => {
      if (!store.acceptReset(hashOfSecret(token), now(), passwordHash)) throw gone();
    },
    listIn: (reach, page) => store.invitationsIn(reach, page),
    findIn: (reach, id) => store.invitationIn(reach, id),
    revoke: (id) => store.revokeInvitation(id, now()),
  };
};

const createIssuers = (deps: InvitationsDeps): Pick<Invitations, 'invite' | 'inviteToReset'> => {
  const issue = (
    made: Pick<Invitation, 'organisationId' | 'role' | 'limit' | 'personId' | 'login' | 'name' | 'createdBy'>,
    hours: number,
  ): IssuedInvitation => {
    const { text, hash, createdAt, expires } = makeSingleUse(deps, {
      hours,
      atMostHours: MAX_HOURS,
      write: (secret) => `ti1_${encodeBase32(secret).toLowerCase()}`,
      refused: (detail) => new AccessError('bad-request', `hours: ${detail}`),
    });
    const id = deps.newId();
    const life = { createdAt, expires, usedAt: null, revokedAt: null };
    deps.store.addInvitation({ ...made, id, tokenHash: hash, ...life });
    return { id, token: text, expires };
  };
  return {
    invite: (order) => {
      const { organisationId, login, name, hours = INVITATION_HOURS, createdBy } = order;
      if (!deps.organisations().some(({ id }) => id === organisationId)) {
        throw new AccessError('not-found', 'There is no such organisation.');
      }
      requireLimit(deps.limits, order);
      const proposed = { login: login === undefined ? null : checkedLogin(login), name: name ?? null };
      const made = { organisationId, ...placeOf(order), ...proposed, personId: null, createdBy };
      return issue(made, hours);
    },
    inviteToReset: ({ id, organisationId, role, login, name }, { hours = RESET_HOURS, createdBy }) =>
      issue({ organisationId, role, login, name, personId: id, createdBy }, hours),
  };
};

const placeOf = ({
  role,
  limit,
}: Pick<Invitation, 'role' | 'limit'>): Pick<Invitation, 'role' | 'limit'> => ({
  role,
  ...(limit === undefined ? {} : { limit }),
});

/** Another process took the login between the look and the taking: one in a million, twice. */
export const cameAtOnce = (): AccessError =>
  new AccessError('conflict', 'Somebody came in at the same moment: begin again.');

const gone = (): AccessError =>
  new AccessError('gone', 'This link was used or revoked, or has ended: ask for a new one.');

/** The link that people open: what follows `#` is sent to no server and written into no log. */
export const invitationLink = (consoleUrl: string, token: string): string =>
  `${consoleUrl.replace(/\/+$/, '')}/#invitation=${token}`;
