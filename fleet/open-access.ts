import { randomBytes } from 'node:crypto';
import { openAccessKey } from './access/access-key.js';
import { createAccess, type Access } from './access/access.js';
import { allTrails } from './access/audit/all-trails.js';
import { createHeads } from './access/audit/heads.js';
import { createSealing, type Sealing } from './access/sealing.js';
import type { HttpContext } from './http/context.js';
import type { Authority } from './registry/authority/authority.js';
import { newId } from './registry/new-id.js';
import type { RegistryStore } from './store/registry-store.js';

/** What seals secrets at rest, with the key of the data folder or of another file. */
export const openSealing = (dataFolder: string, accessKeyFile: string | undefined): Sealing =>
  createSealing(openAccessKey(dataFolder, randomBytes, accessKeyFile), randomBytes);

/** People, their sessions and keys, and the audit trail with its signer. */
export const openAccess = async (
  registry: RegistryStore,
  authority: Authority,
  sealing: Sealing,
): Promise<Access & Pick<HttpContext, 'auditHeads'>> => {
  const signer = await authority.issueDocumentSigner({ name: 'Terroir audit' });
  return {
    ...createAccess({ registry, sealing, now: Date.now, newId, random: randomBytes }),
    auditHeads: createHeads({ store: allTrails(registry), signer, now: Date.now }),
  };
};
