import type { PersonState, Session, SessionTable } from '../store/people-store.js';
import { hashOfSecret } from './secret-hash.js';

/** A session ends this long after its login, ms. */
export const SESSION_MS = 12 * 3600 * 1000;
/** One that still needs something ends after this long. */
export const PENDING_MS = 10 * 60 * 1000;
/** How exactly it is noted when a session was last used. */
const USE_MS = 60_000;
const MAX_CLIENT_CHARACTERS = 200;

export interface SessionsDeps {
  readonly store: SessionTable;
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

/** How somebody came in. */
export interface Entry extends Pick<
  Session,
  'personId' | 'address' | 'client' | 'method' | 'secondFactor' | 'needs'
> {}

export interface OpenedSession {
  /** Shown only now; 256 random bits. */
  readonly token: string;
  readonly expires: number;
  readonly needs: Session['needs'];
}

export interface FoundSession {
  readonly session: Session;
  readonly person: PersonState;
}

/** Who is there. Only hashes of session tokens are stored. */
export interface Sessions {
  open(entry: Entry): OpenedSession;
  /** A session that has not ended and whose person is not disabled, whatever it still needs. */
  find(token: string): FoundSession | undefined;
  /** Puts a session with a new token in its place, since what it may do changed; `undefined` where it is gone. */
  advance(token: string, change: Pick<Entry, 'secondFactor' | 'needs'>): OpenedSession | undefined;
  list(personId: string): readonly Session[];
  end(token: string): void;
  /** `false` where this person has no such session. */
  endById(personId: string, id: string): boolean;
  /** Ends all of a person's but, where given, that of this token. */
  endAll(personId: string, keepToken?: string): void;
}

export const createSessions = ({ store, now, newId, random }: SessionsDeps): Sessions => {
  const make = (entry: Entry, created: number): { opened: OpenedSession; session: Session } => {
    const token = Buffer.from(random(32)).toString('base64url');
    const expires = created + (entry.needs === null ? SESSION_MS : PENDING_MS);
    const { personId, address, client, method, secondFactor, needs } = entry;
    const session = {
      id: newId(),
      tokenHash: hashOfSecret(token),
      personId,
      created,
      expires,
      lastUsed: created,
      address,
      client: client.slice(0, MAX_CLIENT_CHARACTERS),
      method,
      secondFactor,
      needs,
    };
    return { opened: { token, expires, needs }, session };
  };
  return {
    open: (entry) => {
      const { opened, session } = make(entry, now());
      store.addSession(session);
      return opened;
    },
    find: (token) => {
      const found = store.openSession(hashOfSecret(token), now());
      if (found !== undefined && found.session.lastUsed + USE_MS <= now()) {
        store.noteSessionUse(found.session.tokenHash, now());
      }
      return found;
    },
    advance: (token, change) => {
      const found = store.openSession(hashOfSecret(token), now());
      if (found === undefined) return undefined;
      const { opened, session } = make({ ...found.session, ...change }, now());
      return store.replaceSession(found.session.tokenHash, session) ? opened : undefined;
    },
    list: (personId) => store.sessionsOf(personId, now()),
    end: (token) => store.removeSession(hashOfSecret(token)),
    endById: (personId, id) => store.removeSessionById(personId, id),
    endAll: (personId, keepToken) =>
      store.removeSessionsOf(personId, keepToken === undefined ? undefined : hashOfSecret(keepToken)),
  };
};
