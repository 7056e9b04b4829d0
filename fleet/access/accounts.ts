import type {
  Limit,
  NewPerson,
  PersonState,
  PersonTable,
  Role,
  SecondFactorTable,
} from '../store/people-store.js';
import type { Organisation } from '../store/registry-store.js';
import { AccessError } from './errors.js';
import { requireLimit, type LimitDeps } from './limits.js';
import { requireGoodPassword, type PasswordContext } from './password-policy.js';
import { hashPassword, normaliseLogin, verifyPassword } from './passwords.js';
import { hashOfSecret } from './secret-hash.js';

export interface AccountsDeps {
  readonly store: PersonTable & Pick<SecondFactorTable, 'removeSecondFactor'>;
  readonly organisations: () => readonly Organisation[];
  readonly limits: LimitDeps;
  readonly now: () => number;
  readonly newId: () => string;
}

export interface Place {
  readonly organisationId: string;
  readonly role: Role;
  /** Absent: without a limit, whatever it was before. */
  readonly limit?: Limit;
}

/** People's accounts. What is synchronous can be one step of a larger change. */
export interface Accounts {
  /** Throws `conflict` where the login is taken, `bad-request` on one, or a limit, that cannot be. */
  add(person: Omit<NewPerson, 'id'>): PersonState;
  /** Throws `not-found`. */
  person(id: string): PersonState;
  /** Judges a new password, then hashes it. Throws `weak-password`. */
  hashNewPassword(
    password: string,
    context: PasswordContext & { readonly organisationId: string },
  ): Promise<string>;
  /** The same for somebody who gives the present one first. Throws `bad-credentials` where that is wrong. */
  hashChangedPassword(
    personId: string,
    change: { readonly current: string; readonly next: string },
  ): Promise<string>;
  /** Throws `bad-credentials` where this is not the person's password. */
  requirePassword(personId: string, password: string): Promise<void>;
  /** Ends the person's sessions, but for that of `keepToken`. */
  setPassword(personId: string, hash: string, keepToken?: string): void;
  /** Moves a person to a role at an organisation and ends their sessions. Throws `conflict` on the last owner. */
  place(personId: string, place: Place): void;
  /** Throws `conflict` on the last owner. */
  disable(personId: string): void;
  enable(personId: string): void;
  removeSecondFactor(personId: string): void;
}

export const createAccounts = (deps: AccountsDeps): Accounts => {
  const { store, organisations } = deps;
  const person = (id: string): PersonState => {
    const found = store.person(id);
    if (found === undefined) throw new AccessError('not-found', 'There is no such person.');
    return found;
  };
  const requirePassword = async (personId: string, password: string): Promise<void> => {
    const hash = store.passwordHash(personId);
    if (hash === null || !(await verifyPassword(hash, password))) {
      throw new AccessError('bad-credentials', 'This is not your present password.');
    }
  };
  const hashNewPassword: Accounts['hashNewPassword'] = (password, { organisationId, ...context }) => {
    const organisation = organisations().find(({ id }) => id === organisationId);
    requireGoodPassword(password, { ...context, organisationName: organisation?.name ?? '' });
    return hashPassword(password);
  };
  return {
    add: (added) => addPerson(deps, added),
    person,
    requirePassword,
    hashNewPassword,
    hashChangedPassword: async (personId, { current, next }) => {
      await requirePassword(personId, current);
      if (current.normalize('NFKC') === next.normalize('NFKC')) {
        throw new AccessError('weak-password', 'This is the password that you have.');
      }
      return hashNewPassword(next, person(personId));
    },
    setPassword: (personId, hash, keepToken) => {
      const keep = keepToken === undefined ? undefined : hashOfSecret(keepToken);
      store.setPassword(personId, { hash, mustChange: false }, keep);
    },
    place: (personId, place) => {
      requireOrganisation(deps, place.organisationId);
      requireLimit(deps.limits, place);
      if (place.role !== 'owner' || !isTop(deps, place.organisationId)) requireAnotherOwner(deps, personId);
      store.setRole(personId, place, deps.now());
    },
    disable: (personId) => {
      requireAnotherOwner(deps, personId);
      store.disablePerson(personId, deps.now());
    },
    enable: (personId) => store.enablePerson(personId),
    removeSecondFactor: (personId) => store.removeSecondFactor(personId),
  };
};

const addPerson = (deps: AccountsDeps, added: Omit<NewPerson, 'id'>): PersonState => {
  requireOrganisation(deps, added.organisationId);
  requireLimit(deps.limits, added);
  const login = checkedLogin(added.login);
  const id = deps.newId();
  if (!deps.store.addPerson({ ...added, id, login })) throw loginTaken(login);
  const person = deps.store.person(id);
  if (person === undefined) throw new AccessError('not-found', 'There is no such person.');
  return person;
};

/** A login as it is kept. Throws `AccessError` `bad-request`. */
export const checkedLogin = (text: string): string => {
  const login = normaliseLogin(text);
  if (!/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{0,99}$/u.test(login)) {
    throw new AccessError('bad-request', 'A login is 1 to 100 letters, digits and . _ @ + - without spaces.');
  }
  return login;
};

const loginTaken = (login: string): AccessError =>
  new AccessError('conflict', `The login ${login} is taken: choose another.`);

const requireOrganisation = ({ organisations }: AccountsDeps, organisationId: string): void => {
  if (organisations().some(({ id }) => id === organisationId)) return;
  throw new AccessError('not-found', 'There is no such organisation.');
};

const isTop = ({ organisations }: Pick<AccountsDeps, 'organisations'>, organisationId: string): boolean =>
  organisations().some(({ id, parentId }) => id === organisationId && parentId === null);

/** Throws `AccessError` `conflict` on the last owner on top: somebody must be left who may do everything. */
export const requireAnotherOwner = (
  deps: { readonly store: Pick<PersonTable, 'people'> } & Pick<AccountsDeps, 'organisations'>,
  personId: string,
): void => {
  const owners = deps.store
    .people()
    .filter(
      ({ role, organisationId, disabledAt }) =>
        role === 'owner' && disabledAt === null && isTop(deps, organisationId),
    );
  if (owners.length === 1 && owners[0]?.id === personId) {
    throw new AccessError(
      'conflict',
      'This is the last owner of the organisation on top: name another first.',
    );
  }
};
