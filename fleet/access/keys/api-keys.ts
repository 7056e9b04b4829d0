import type { ApiKey, KeyTable, Role } from '../../store/people-store.js';
import type { Reach } from '../../store/reach.js';
import type { Page } from '../../store/views-store.js';
import { AccessError } from '../errors.js';
import { isSame } from '../is-same.js';
import { hashOfSecret } from '../secret-hash.js';
import { formatKey, newKeyText, parseKey } from './key-text.js';
import type { Purpose } from './purposes.js';

export const KEY_DAYS = 90;
export const MAX_KEY_DAYS = 366;
/** A rotated key goes on this long, so that programs can be changed over. */
export const OVERLAP_HOURS = 24;
export const MAX_OVERLAP_HOURS = 30 * 24;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How exactly it is noted when a key was last used. */
const USE_MS = 60_000;

export interface ApiKeysDeps {
  readonly store: KeyTable;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}

export interface KeyOrder {
  readonly name: string;
  readonly organisationId: string;
  readonly role: Role;
  /** Narrower than the role. */
  readonly actions?: readonly string[] | undefined;
  readonly purpose: Purpose;
  readonly days?: number | undefined;
  readonly createdBy: string;
  /** A person's own key: it ends with their rights. */
  readonly personId?: string | undefined;
}

export interface IssuedKey {
  /** Shown only now; a hash is stored. */
  readonly text: string;
  readonly key: ApiKey;
}

/** Keys that programs sign in with. Each names its purpose and ends by itself. */
export interface ApiKeys {
  /** Throws `AccessError` `bad-request` on a time that a key cannot be valid for. */
  create(order: KeyOrder): IssuedKey;
  /** The key of this text, if it holds now; notes when and from where it was used. */
  identify(text: string, address: string): ApiKey | undefined;
  /** All: for whoever has a shell on the machine. */
  list(): readonly ApiKey[];
  /** Those within reach, by id. */
  listIn(reach: Reach, page: Page): readonly ApiKey[];
  /** A person's own. */
  listOf(personId: string): readonly ApiKey[];
  find(id: string): ApiKey | undefined;
  findIn(reach: Reach, id: string): ApiKey | undefined;
  /** `false` where there is none or it was revoked already. */
  revoke(id: string): boolean;
  /** A new key with the same rights; the old one goes on for a while. Throws `conflict` where it holds no more. */
  rotate(
    id: string,
    order: { readonly overlapHours?: number | undefined; readonly createdBy: string },
  ): IssuedKey;
}

export const createApiKeys = ({ store, now, random }: ApiKeysDeps): ApiKeys => {
  const issue = (order: Omit<KeyOrder, 'days'>, createdAt: number, expires: number): IssuedKey => {
    const { id, secret } = newKeyText(random);
    const { actions = null, personId = null, ...named } = order;
    const unused = { lastUsedAt: null, lastUsedFrom: null, revokedAt: null, replacedBy: null };
    const secretHash = hashOfSecret(secret);
    return {
      text: formatKey({ id, secret }),
      key: { ...named, id, secretHash, actions, personId, createdAt, expires, ...unused },
    };
  };
  return {
    create: ({ days = KEY_DAYS, ...order }) => {
      const createdAt = now();
      const issued = issue(order, createdAt, createdAt + daysMs(days));
      store.addKey(issued.key);
      return issued;
    },
    identify: (text, address) => {
      const parsed = parseKey(text);
      const key = parsed === undefined ? undefined : store.key(parsed.id);
      if (parsed === undefined || key === undefined || !isSame(key.secretHash, hashOfSecret(parsed.secret))) {
        return undefined;
      }
      const at = now();
      if (key.revokedAt !== null || key.expires <= at) return undefined;
      const noted = key.lastUsedAt !== null && key.lastUsedAt + USE_MS > at && key.lastUsedFrom === address;
      if (!noted) store.noteKeyUse(key.id, at, address);
      return key;
    },
    list: () => store.keys(),
    listIn: (reach, page) => store.keysIn(reach, page),
    listOf: (personId) => store.keysOf(personId),
    find: (id) => store.key(id),
    findIn: (reach, id) => store.keyIn(reach, id),
    revoke: (id) => store.revokeKey(id, now()),
    rotate: (id, { overlapHours = OVERLAP_HOURS, createdBy }) => {
      const old = store.key(id);
      const at = now();
      if (old === undefined || old.expires <= at) throw holdsNoMore();
      if (!(overlapHours >= 0 && overlapHours <= MAX_OVERLAP_HOURS)) {
        throw new AccessError('bad-request', `The old key goes on for 0 to ${MAX_OVERLAP_HOURS} hours.`);
      }
      const order = { ...old, actions: old.actions ?? undefined, personId: old.personId ?? undefined };
      const { name, organisationId, actions, personId, purpose, role } = order;
      const same = { name, organisationId, actions, personId, purpose: purpose as Purpose, role, createdBy };
      const issued = issue(same, at, at + (old.expires - old.createdAt));
      if (!store.rotateKey(id, at + Math.round(overlapHours * HOUR_MS), issued.key)) throw holdsNoMore();
      return issued;
    },
  };
};

const daysMs = (days: number): number => {
  if (days > 0 && days <= MAX_KEY_DAYS) return Math.round(days * DAY_MS);
  throw new AccessError('bad-request', `A key is valid for more than 0 and at most ${MAX_KEY_DAYS} days.`);
};

const holdsNoMore = (): AccessError =>
  new AccessError('conflict', 'This key has ended, or was revoked or replaced: create a new one.');
