import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openRegistryStore } from '../store/sqlite/registry-store.js';
import type { RegistryStore } from '../store/registry-store.js';
import { newId } from './new-id.js';

/** Who acts where a command of this machine does: whoever has a shell here reads the fleet's files anyway. */
export const COMMAND_LINE = 'terroir-fleet';

/** Works on the registry of a data folder, also beside a running service. Throws where there is none yet. */
export const withRegistry = <Result>(data: string, work: (registry: RegistryStore) => Result): Result => {
  const path = join(resolve(data), 'registry.db');
  if (!existsSync(path)) throw new Error(`There is no fleet in ${data} yet: start it once (serve).`);
  const registry = openRegistryStore(path, { newId });
  try {
    return work(registry);
  } finally {
    registry.close();
  }
};

/** The certificate authority's folder in a data folder. */
export const authorityFolder = (data: string): string => join(resolve(data), 'authority');
