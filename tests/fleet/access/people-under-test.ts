import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { treeOf } from '../../../fleet/access/organisation-tree.js';
import { siteHolderIn } from '../../../fleet/access/limits.js';
import { hashPassword } from '../../../fleet/access/passwords.js';
import { createPeople, type People } from '../../../fleet/access/people.js';
import { createSealing, type Sealing } from '../../../fleet/access/sealing.js';
import { newId } from '../../../fleet/registry/new-id.js';
import type { Role } from '../../../fleet/store/people-store.js';
import type { RegistryStore } from '../../../fleet/store/registry-store.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

export const PASSWORD = 'quatre saisons bleues';
const hashed = hashPassword(PASSWORD);

export const HERE = { address: '10.0.0.1', client: 'test' };

export interface PeopleUnderTest {
  readonly registry: RegistryStore;
  readonly people: People;
  readonly sealing: Sealing;
  readonly clock: { now: number };
  /** Adds a person with the password of all of them; gives the id. */
  readonly add: (login: string, role: Role, organisationId?: string) => Promise<string>;
}

/** People over a real registry: `top` with the municipalities `a` and `b`. */
export const openPeople = (): PeopleUnderTest => {
  const registry = openRegistryStore(join(temporaryFolder(), 'registry.db'), { newId });
  onTestFinished(() => registry.close());
  for (const [id, parentId] of [
    ['top', null],
    ['a', 'top'],
    ['b', 'top'],
  ] as const) {
    registry.addOrganisation({
      id,
      parentId,
      name: `Organisation ${id}`,
      type: 'service',
      code: null,
      timeZone: 'UTC',
    });
  }
  const clock = { now: Date.UTC(2026, 2, 1) };
  const sealing = createSealing(randomBytes(32), randomBytes);
  const people = createPeople({
    store: registry,
    organisations: () => registry.organisations(),
    within: (rootId, id) => treeOf(registry.organisations()).within(rootId, id),
    siteHolder: siteHolderIn(registry),
    sealing,
    now: () => clock.now,
    newId,
    random: randomBytes,
  });
  return {
    registry,
    people,
    sealing,
    clock,
    add: async (login, role, organisationId = 'top') => {
      const passwordHash = await hashed;
      return people.accounts.add({ login, name: login, role, organisationId, passwordHash }).id;
    },
  };
};
