import type { PeopleStore } from '../store/people-store.js';
import type { Organisation } from '../store/registry-store.js';
import { createAccounts, type Accounts } from './accounts.js';
import { createInvitations, type Invitations } from './invitations.js';
import { createApiKeys, type ApiKeys } from './keys/api-keys.js';
import { createKnownDevices } from './known-devices.js';
import { createLoginLimit } from './login-limit.js';
import { createLogins, type Logins } from './logins.js';
import type { Sealing } from './sealing.js';
import { createSecondFactors, type SecondFactors } from './second-factor/second-factors.js';
import { createSessionNeeds, type SessionNeeds } from './session-needs.js';
import { createSessions, type Sessions } from './sessions.js';
import { createOpenid } from './sign-on/openid.js';
import { createSignOn, type SignOn } from './sign-on/sign-on.js';

export interface PeopleDeps {
  readonly store: PeopleStore;
  readonly organisations: () => readonly Organisation[];
  /** `id` is `rootId` or below it. */
  readonly within: (rootId: string, id: string) => boolean;
  /** Who holds a site now. */
  readonly siteHolder: (siteId: string) => string | undefined;
  readonly sealing: Sealing;
  /** UTC ms. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

/** People and programs: how they prove who they are, and what they were given for it. */
export interface People {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  readonly logins: Logins;
  readonly needs: SessionNeeds;
  readonly secondFactors: SecondFactors;
  readonly invitations: Invitations;
  readonly keys: ApiKeys;
  readonly signOn: SignOn;
}

export const createPeople = (deps: PeopleDeps): People => {
  const { store, organisations, sealing, now, newId, random } = deps;
  const accounts = createAccounts({ store, organisations, limits: deps, now, newId });
  const sessions = createSessions({ store, now, newId, random });
  const needs = createSessionNeeds({ store, organisations });
  const secondFactors = createSecondFactors({ store, sealing, now, random });
  const invitations = createInvitations({ store, organisations, limits: deps, now, newId, random });
  const limit = createLoginLimit(now);
  const devices = createKnownDevices({ sealing, now, random });
  return {
    accounts,
    sessions,
    needs,
    secondFactors,
    invitations,
    logins: createLogins({ people: store, sessions, secondFactors, needs, limit, devices, random }),
    keys: createApiKeys({ store, now, random }),
    signOn: createSignOn({
      store,
      accounts,
      invitations,
      within: deps.within,
      endSessions: (personId) => sessions.endAll(personId),
      openid: createOpenid(now),
      sealing,
      now,
      newId,
      random,
    }),
  };
};
