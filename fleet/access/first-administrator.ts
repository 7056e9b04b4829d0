import type { RegistryStore } from '../store/registry-store.js';
import { hashPassword, randomPassword } from './passwords.js';

export interface FirstAdministratorDeps {
  readonly registry: Pick<RegistryStore, 'people' | 'addPerson' | 'organisations' | 'addOrganisation'>;
  /** What the organisation on top is called. */
  readonly organisationName: string;
  readonly newId: () => string;
  readonly random: (bytes: number) => Uint8Array;
}

/**
 * On a fleet without people: makes the top organisation and its owner `admin` with a random password, and gives
 * the password, which is stored nowhere. `undefined` where somebody is there already.
 */
export const makeFirstAdministrator = async (
  deps: FirstAdministratorDeps,
): Promise<{ login: string; password: string } | undefined> => {
  const { registry, newId, random } = deps;
  if (registry.people().length > 0) return undefined;
  const top = registry.organisations().find(({ parentId }) => parentId === null);
  const organisationId = top?.id ?? newId();
  if (top === undefined) {
    registry.addOrganisation({
      id: organisationId,
      parentId: null,
      name: deps.organisationName,
      type: 'intercommunality',
      code: null,
      timeZone: 'Europe/Paris',
    });
  }
  const password = randomPassword(random);
  const login = 'admin';
  registry.addPerson({
    id: newId(),
    login,
    name: 'Administrateur',
    passwordHash: await hashPassword(password),
    organisationId,
    role: 'owner',
  });
  return { login, password };
};
