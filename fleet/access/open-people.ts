import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { newId } from '../registry/new-id.js';
import type { Organisation, RegistryStore } from '../store/registry-store.js';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import { openAccessKey } from './access-key.js';
import { AccessError } from './errors.js';
import { siteHolderIn } from './limits.js';
import { treeOf } from './organisation-tree.js';
import { createPeople, type People } from './people.js';
import { createSealing, type Sealing } from './sealing.js';

/** People and programs from the command line, beside a service that runs or not. */
export interface OperatorPeople {
  readonly registry: RegistryStore;
  readonly people: People;
  readonly sealing: Sealing;
}

/** Opens the data folder for one command. */
export const withPeople = async (
  options: { readonly data: string; readonly accessKeyFile?: string },
  work: (opened: OperatorPeople) => void | Promise<void>,
): Promise<void> => {
  const folder = resolve(options.data);
  const registry = openRegistryStore(join(folder, 'registry.db'), { newId });
  try {
    const sealing = createSealing(openAccessKey(folder, randomBytes, options.accessKeyFile), randomBytes);
    const organisations = () => registry.organisations();
    const people = createPeople({
      store: registry,
      organisations,
      within: (rootId, id) => treeOf(organisations()).within(rootId, id),
      siteHolder: siteHolderIn(registry),
      sealing,
      now: Date.now,
      newId,
      random: randomBytes,
    });
    await work({ registry, people, sealing });
  } finally {
    registry.close();
  }
};

/** The organisation that a text means: its id, official code or name; without one, that on top. */
export const organisationOf = (organisations: readonly Organisation[], text?: string): Organisation => {
  const found = organisations.filter(({ id, code, name, parentId }) =>
    text === undefined ? parentId === null : id === text || code === text || name === text,
  );
  const [only] = found;
  if (only === undefined) {
    throw new AccessError('not-found', `There is no organisation ${text ?? 'yet: start the service once'}.`);
  }
  if (found.length > 1) {
    throw new AccessError('conflict', `Several organisations are called ${text ?? ''}: give the id of one.`);
  }
  return only;
};
