import type {
  Identity,
  IdentityProvider,
  NewPerson,
  PersonState,
  PersonTable,
  ProviderTable,
} from '../../store/people-store.js';
import type { Accounts, Place } from '../accounts.js';
import { AccessError } from '../errors.js';
import { cameAtOnce, type Invitations } from '../invitations.js';
import { makeLogin } from '../made-login.js';
import type { Sealing } from '../sealing.js';
import { loginOf, nameOf, placeOf, provesSecondFactor, type Claims } from './claims.js';
import type { Checks, Openid, Provider } from './openid.js';
import { parseProviderSettings } from './provider-settings.js';
import { secretOf } from './provider-secret.js';

/** A browser that was sent to a provider must be back within this, ms. */
export const SIGN_ON_MS = 10 * 60 * 1000;
const LABEL = 'sign-on under way';
const CALLBACK_PATH = '/api/v1/sign-on/callback';

export interface SignOnDeps {
  readonly store: ProviderTable & Pick<PersonTable, 'personByLogin'>;
  readonly accounts: Pick<Accounts, 'place' | 'person'>;
  readonly invitations: Pick<Invitations, 'accept' | 'organisationOf'>;
  /** `id` is `rootId` or below it. */
  readonly within: (rootId: string, id: string) => boolean;
  readonly endSessions: (personId: string) => void;
  readonly openid: Openid;
  readonly sealing: Sealing;
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

export interface SignOnOrder {
  readonly providerId: string;
  /** Token of an invitation to accept with this identity. */
  readonly invitation?: string | undefined;
  /** Somebody signed in who wants to be known by this identity too. */
  readonly linkTo?: string | undefined;
}

/** What somebody who came back from a provider is. */
export interface SignedOn {
  readonly person: PersonState;
  readonly secondFactor: boolean;
  readonly did: 'signed-in' | 'joined' | 'accepted' | 'linked' | 'moved';
}

/** Signing in at an organisation's own identity provider (OpenID Connect). */
export interface SignOn {
  /** Those that everybody may see. */
  listed(): readonly { readonly id: string; readonly name: string }[];
  /** Where to send the browser, and the sealed text that it brings back. Rejects with `not-found`, `provider`. */
  begin(
    order: SignOnOrder,
  ): Promise<{ readonly url: string; readonly state: string; readonly secure: boolean }>;
  /**
   * Asks the provider who came back; `commit` then does what follows from it, synchronously. Rejects with
   * `gone` where this browser was not sent, or too long ago, and with `provider`.
   */
  finish(state: string | undefined, search: string): Promise<{ commit(): SignedOn }>;
}

interface UnderWay extends SignOnOrder {
  readonly checks: Checks;
  readonly expires: number;
}

export const createSignOn = (deps: SignOnDeps): SignOn => {
  const { store, sealing, openid, now } = deps;
  const find = (id: string): { provider: Provider; row: IdentityProvider } => {
    const row = store.provider(id);
    if (row === undefined) throw new AccessError('not-found', 'There is no such identity provider.');
    const settings = parseProviderSettings(JSON.parse(row.settings));
    return { row, provider: { settings, secret: secretOf(row, settings, sealing) } };
  };
  return {
    listed: () => store.providers().flatMap(({ id, name, listed }) => (listed ? [{ id, name }] : [])),
    begin: async (order) => {
      const { provider } = find(order.providerId);
      const fleet = new URL(provider.settings.fleetUrl);
      const { url, checks } = await openid.begin(provider, new URL(CALLBACK_PATH, fleet).href);
      const underWay: UnderWay = { ...order, checks, expires: now() + SIGN_ON_MS };
      const sealed = sealing.seal(Buffer.from(JSON.stringify(underWay)), LABEL);
      const state = Buffer.from(sealed).toString('base64url');
      return { url, state, secure: fleet.protocol === 'https:' };
    },
    finish: async (state, search) => {
      const underWay = readState(sealing, state);
      if (underWay === undefined || underWay.expires <= now()) {
        throw new AccessError('gone', 'This sign-in was not begun here, or too long ago: begin again.');
      }
      const { provider, row } = find(underWay.providerId);
      const callback = new URL(`${CALLBACK_PATH}${search}`, provider.settings.fleetUrl);
      const claims = await openid.finish(provider, callback, underWay.checks);
      const arrival = { row, provider, claims, underWay };
      requirePlace(deps, arrival);
      return { commit: () => settle(deps, arrival) };
    },
  };
};

const readState = (sealing: Sealing, state: string | undefined): UnderWay | undefined => {
  if (state === undefined) return undefined;
  try {
    const bytes = Buffer.from(state, 'base64url');
    if (bytes.toString('base64url') !== state) return undefined;
    const plain = sealing.open(bytes, LABEL);
    return JSON.parse(Buffer.from(plain).toString('utf8')) as UnderWay;
  } catch {
    return undefined;
  }
};

interface Arrival {
  readonly row: IdentityProvider;
  readonly provider: Provider;
  readonly claims: Claims;
  readonly underWay: UnderWay;
}

/** Who has lost the place that a mapping gave loses the sessions too, whether or not a transaction goes back. */
const requirePlace = (deps: SignOnDeps, { provider, claims }: Arrival): void => {
  const known = deps.store.personByIdentity({ issuer: provider.settings.issuer, subject: claims.sub });
  if (known?.managed !== true || placeOf(claims, provider.settings) !== undefined) return;
  deps.endSessions(known.id);
  throw noPlace();
};

const settle = (deps: SignOnDeps, arrival: Arrival): SignedOn => {
  const { row, provider, claims, underWay } = arrival;
  const identity = { issuer: provider.settings.issuer, subject: claims.sub };
  const secondFactor = provesSecondFactor(claims, provider.settings);
  const requireReach = (organisationId: string): void => {
    if (!deps.within(row.organisationId, organisationId)) throw noPlace();
  };
  if (underWay.linkTo !== undefined) {
    const person = deps.accounts.person(underWay.linkTo);
    requireReach(person.organisationId);
    if (!deps.store.addIdentity(person.id, { ...identity, managed: false })) throw identityTaken();
    return { person, secondFactor, did: 'linked' };
  }
  if (underWay.invitation !== undefined) {
    requireReach(deps.invitations.organisationOf(underWay.invitation));
    const proposed = { login: loginOf(claims, provider.settings), name: nameOf(claims), passwordHash: null };
    const id = deps.invitations.accept(underWay.invitation, proposed, { ...identity, managed: false });
    return { person: deps.accounts.person(id), secondFactor, did: 'accepted' };
  }
  const known = deps.store.personByIdentity(identity);
  const place = placeOf(claims, provider.settings);
  if (place !== undefined) requireReach(place.organisationId);
  if (known === undefined) return { ...join(deps, arrival, identity, place), secondFactor };
  const came = comeAgain(deps, known, place);
  requireReach(came.person.organisationId);
  return { ...came, secondFactor };
};

/** Somebody whom nobody knows yet gets the place that the mapping gives them. */
const join = (
  deps: SignOnDeps,
  arrival: Arrival,
  identity: Pick<Identity, 'issuer' | 'subject'>,
  place: Place | undefined,
): Pick<SignedOn, 'person' | 'did'> => {
  if (place === undefined) throw noPlace();
  const login = loginFor(deps, arrival);
  const person: NewPerson = {
    id: deps.newId(),
    login,
    name: nameOf(arrival.claims) || login,
    passwordHash: null,
    ...place,
  };
  const outcome = deps.store.addPersonWithIdentity(person, { ...identity, managed: true });
  if (outcome !== 'added') throw cameAtOnce();
  return { person: deps.accounts.person(person.id), did: 'joined' };
};

/** Those whom a mapping made follow it; those who were linked or invited keep their place. */
const comeAgain = (
  deps: SignOnDeps,
  { managed, ...person }: PersonState & { readonly managed: boolean },
  place: Place | undefined,
): Pick<SignedOn, 'person' | 'did'> => {
  if (person.disabledAt !== null) throw noPlace();
  if (!managed) return { person, did: 'signed-in' };
  if (place === undefined) throw noPlace();
  if (place.organisationId === person.organisationId && place.role === person.role) {
    return { person, did: 'signed-in' };
  }
  deps.accounts.place(person.id, place);
  return { person: deps.accounts.person(person.id), did: 'moved' };
};

/** A login is only a name here: nobody is known by it, nor by an address. */
const loginFor = ({ store, random }: SignOnDeps, { claims, provider }: Arrival): string =>
  makeLogin(
    { random, isTaken: (login) => store.personByLogin(login) !== undefined },
    loginOf(claims, provider.settings),
  );

const noPlace = (): AccessError =>
  new AccessError('forbidden', 'Your identity provider knows you, but nothing there gives you a place here.');

const identityTaken = (): AccessError =>
  new AccessError('conflict', 'This identity belongs to another account.');
