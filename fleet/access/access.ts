import type { PeopleStore } from '../store/people-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { isAction } from './actions.js';
import { createAuditTrail, type AuditTrail } from './audit/audit-trail.js';
import { createDecide, type Decide } from './decide.js';
import { treeOf } from './organisation-tree.js';
import { siteHolderIn } from './limits.js';
import { createPeople, type People } from './people.js';
import type { Sealing } from './sealing.js';
import { ANONYMOUS, keySubject, personSubject, type Subject } from './subject.js';

export interface AccessDeps {
  readonly registry: Pick<RegistryStore, 'organisations' | 'audit' | 'record'> & PeopleStore;
  readonly sealing: Sealing;
  /** UTC ms. */
  readonly now: () => number;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

/** Who is there, what they may do, and what they did: everything that faces ask of access. */
export interface Access {
  readonly people: People;
  /** Whose token this is: a session's that needs nothing more, or a key's; nobody's is anonymous. */
  readonly identify: (token: string, address: string) => Subject;
  readonly decide: Decide;
  readonly audit: AuditTrail;
}

export const createAccess = ({ registry, sealing, now, newId, random }: AccessDeps): Access => {
  const organisations = () => registry.organisations();
  const tree = () => treeOf(organisations());
  const within = (rootId: string, id: string): boolean => tree().within(rootId, id);
  const siteHolder = siteHolderIn(registry);
  const people = createPeople({
    store: registry,
    organisations,
    within,
    siteHolder,
    sealing,
    now,
    newId,
    random,
  });
  return {
    people,
    identify: (token, address) => {
      const key = people.keys.identify(token, address);
      if (key !== undefined) return keySubject(key, isAction);
      const found = people.sessions.find(token);
      return found === undefined || found.session.needs !== null ? ANONYMOUS : personSubject(found.person);
    },
    decide: createDecide({ tree, now }),
    audit: createAuditTrail({ store: registry.audit, tree, now, random }),
  };
};
