import type { PersonState, PersonTable, Session } from '../store/people-store.js';
import { AccessError } from './errors.js';
import type { KnownDevices } from './known-devices.js';
import type { Attempt, LoginLimit } from './login-limit.js';
import { hashPassword, normaliseLogin, verifyPassword } from './passwords.js';
import { wrongCode, type SecondFactors } from './second-factor/second-factors.js';
import type { SessionNeeds } from './session-needs.js';
import type { OpenedSession, Sessions } from './sessions.js';

/** Passwords that are checked or wait at the same time; each check takes 19 MiB while it runs. */
const MAX_CHECKS = 64;

export interface LoginsDeps {
  readonly people: Pick<PersonTable, 'person' | 'personByLogin' | 'passwordHash'>;
  readonly sessions: Sessions;
  readonly secondFactors: SecondFactors;
  readonly needs: SessionNeeds;
  readonly limit: LoginLimit;
  readonly devices: KnownDevices;
  readonly random: (bytes: number) => Uint8Array;
}

export interface Origin {
  readonly address: string;
  /** What the browser or program calls itself. */
  readonly client: string;
  /** Cookie of a known device. */
  readonly device?: string | undefined;
}

export interface Credentials extends Origin {
  readonly login: string;
  readonly password: string;
  /** Second factor, where it is given at once. */
  readonly code?: string | undefined;
}

export interface LoggedIn extends OpenedSession {
  readonly person: PersonState;
  /** Cookie for the device, once nothing more is needed. */
  readonly device: string | undefined;
}

export interface Logins {
  /**
   * Opens a session. Throws `AccessError` `bad-credentials`, the same for an unknown login, a disabled person, a
   * wrong password and a wrong code, and `too-many-attempts`.
   */
  login(credentials: Credentials): Promise<LoggedIn>;
  /** Goes on with a session that needs a second factor. Throws `bad-credentials`, `too-many-attempts`, `unauthenticated`. */
  giveCode(token: string, code: string, origin: Origin): LoggedIn;
  /** Opens a session for somebody who proved in another way who they are. */
  comeIn(
    person: PersonState,
    method: Session['method'],
    proof: { readonly secondFactor: boolean },
    origin: Origin,
  ): LoggedIn;
  /** Takes one attempt of somebody signed in who is asked for a secret again. Throws `too-many-attempts`. */
  takeAttempt(person: PersonState, origin: Origin): void;
  /** Gives a session what it now needs, with a new token, after something about its person changed. */
  renew(token: string, proof: { readonly secondFactor: boolean }, origin: Origin): LoggedIn;
}

export const createLogins = (deps: LoginsDeps): Logins => {
  const { people, sessions, secondFactors, limit } = deps;
  const entrance = createEntrance(deps);
  const { attemptOf, comeIn, renew } = entrance;
  return {
    login: createPasswordLogin(deps, entrance),
    giveCode: (token, code, origin) => {
      const found = sessions.find(token);
      const person = people.person(found?.person.id ?? '');
      if (person === undefined) throw loginAgain();
      if (found?.session.needs !== 'second-factor') {
        throw new AccessError('conflict', 'This session needs no code.');
      }
      limit.takeCode(attemptOf(person, person.login, origin));
      if (!secondFactors.use(person.id, code)) throw wrongCode();
      return renew(token, { secondFactor: true }, origin);
    },
    comeIn,
    takeAttempt: (person, origin) => limit.takeAgain(attemptOf(person, person.login, origin)),
    renew,
  };
};

interface Entrance extends Pick<Logins, 'comeIn' | 'renew'> {
  readonly attemptOf: (person: PersonState | undefined, login: string, origin: Origin) => Attempt;
}

/** Opens sessions of people who have proved who they are, and takes them on. */
const createEntrance = ({ people, sessions, needs, limit, devices }: LoginsDeps): Entrance => {
  const attemptOf: Entrance['attemptOf'] = (person, login, { address, device }) => ({
    login,
    address,
    device: devices.check(device, person?.id),
    exists: person !== undefined,
  });
  const cameIn = (opened: OpenedSession, person: PersonState, origin: Origin): LoggedIn => {
    if (opened.needs === 'second-factor') return { ...opened, person, device: undefined };
    limit.succeeded(attemptOf(person, person.login, origin));
    return { ...opened, person, device: devices.issue(person.id) };
  };
  return {
    attemptOf,
    comeIn: (person, method, { secondFactor }, origin) => {
      const { address, client } = origin;
      const needed = needs.of(person, { secondFactor });
      const entry = { personId: person.id, address, client, method, secondFactor, needs: needed };
      return cameIn(sessions.open(entry), person, origin);
    },
    renew: (token, { secondFactor }, origin) => {
      const person = people.person(sessions.find(token)?.person.id ?? '');
      if (person === undefined) throw loginAgain();
      const needed = needs.of(person, { secondFactor });
      const opened = sessions.advance(token, { secondFactor, needs: needed });
      if (opened === undefined) throw loginAgain();
      return cameIn(opened, person, origin);
    },
  };
};

const createPasswordLogin = (
  deps: LoginsDeps,
  { attemptOf, comeIn }: Pick<Entrance, 'attemptOf' | 'comeIn'>,
): Logins['login'] => {
  const { people, secondFactors, limit } = deps;
  const isRight = createPasswordCheck(deps);
  return async (credentials) => {
    const login = normaliseLogin(credentials.login);
    const known = people.personByLogin(login);
    const attempt = attemptOf(known, login, credentials);
    const guarded = limit.take(attempt) === 'guarded';
    const right = await isRight(known, credentials.password);
    // asked again: much may have happened while the password was checked
    const person = people.person(known?.id ?? '');
    if (person === undefined || !right || person.disabledAt !== null) throw wrongPassword(guarded);
    let secondFactor = false;
    if (credentials.code !== undefined || guarded) {
      limit.takeCode(attempt);
      secondFactor = secondFactors.use(person.id, credentials.code ?? '');
      if (!secondFactor) throw wrongPassword(guarded);
    }
    return comeIn(person, 'password', { secondFactor }, credentials);
  };
};

/** Takes the same time whether or not there is such a person. */
const createPasswordCheck = ({ people, random }: LoginsDeps) => {
  const nobody = hashPassword(Buffer.from(random(16)).toString('hex'));
  let checks = 0;
  return async (person: PersonState | undefined, password: string): Promise<boolean> => {
    if (checks >= MAX_CHECKS) {
      throw new AccessError('too-many-attempts', 'Many log in right now: try again in a moment.', 2000);
    }
    checks += 1;
    try {
      const known = person === undefined ? null : people.passwordHash(person.id);
      const right = await verifyPassword(known ?? (await nobody), password);
      return right && known !== null;
    } finally {
      checks -= 1;
    }
  };
};

const wrongPassword = (guarded: boolean): AccessError =>
  new AccessError(
    'bad-credentials',
    guarded
      ? 'Many logins have failed here: give the code of your second factor together with the password, or use a device or network from which you signed in before.'
      : 'This login and password do not go together.',
  );

const loginAgain = (): AccessError =>
  new AccessError('unauthenticated', 'This session has ended: log in again.');
