import type { Asynchronous, AsynchronousRegistry } from '../asynchronous.js';
import type { PeopleStore } from '../people-store.js';
import { createAuditTables } from './audit-tables.js';
import { openPool } from './database.js';
import { createOrganisationTables } from './registry-acts.js';
import { createAgreementTable } from './registry-agreements.js';
import { createCertificateTables } from './registry-certificate.js';
import { createClaimTables } from './registry-claim.js';
import { createRegistryDatabase, type RegistryDatabase } from './registry-database.js';
import { createDatasetTable } from './registry-datasets.js';
import { createGatewayTables } from './registry-gateways.js';
import { createInvitationTable } from './registry-invitations.js';
import { createKeyTable } from './registry-keys.js';
import { createOperationsTables } from './registry-operations.js';
import { createOrganisationTable } from './registry-organisations.js';
import { createPersonTable } from './registry-people.js';
import { createPlacements } from './registry-placements.js';
import { createProviderTable } from './registry-providers.js';
import { createResolver } from './registry-resolve.js';
import { migrateRegistry } from './registry-schema.js';
import { createSecondFactorTable } from './registry-second-factors.js';
import { createSessionTable } from './registry-sessions.js';
import { createTokenTables } from './registry-tokens.js';
import { createUsageTables } from './usage-tables.js';

export interface RegistryOptions {
  /** `postgres://user@host:port/database`, as libpq reads it. */
  readonly url: string;
  /** Connections at most; a transaction holds one. */
  readonly connections: number;
  /** Makes ids of devices, locations and points. */
  readonly newId: () => string;
}

/**
 * Opens the registry in the schema `registry`, making it where it is missing. Rejects with `StoreError`, `newer-schema` on
 * that of a later release.
 */
export const openRegistryStore = async ({
  url,
  connections,
  newId,
}: RegistryOptions): Promise<AsynchronousRegistry> => {
  const pool = openPool({ url, connections, schema: 'registry' });
  try {
    await migrateRegistry(pool);
  } catch (error) {
    await pool.end();
    throw error;
  }
  const database = createRegistryDatabase(pool);
  return {
    ...createOrganisationTable(database),
    ...createPeopleTables(database),
    ...createGatewayTables(database),
    ...createTokenTables(database),
    ...createClaimTables(database, newId),
    ...createCertificateTables(database),
    ...createOrganisationTables(database),
    ...createOperationsTables(database),
    ...createAgreementTable(database),
    ...createDatasetTable(database),
    ...createPlacements(database),
    audit: createAuditTables(database),
    usage: createUsageTables(database),
    resolve: createResolver(database, newId),
    secret: createSecrets(database),
    close: () => pool.end(),
  };
};

const createPeopleTables = (database: RegistryDatabase): Asynchronous<PeopleStore> => ({
  ...createPersonTable(database),
  ...createSessionTable(database),
  ...createSecondFactorTable(database),
  ...createInvitationTable(database),
  ...createKeyTable(database),
  ...createProviderTable(database),
});

const createSecrets = (database: RegistryDatabase): AsynchronousRegistry['secret'] => {
  const find = database.prepare<[string], { value: Uint8Array }>('select value from secret where name = ?');
  const add = database.prepare<[string, Uint8Array]>(
    'insert into secret (name, value) values (?, ?) on conflict do nothing',
  );
  const secret: AsynchronousRegistry['secret'] = async (name, make) => {
    const known = await find.get(name);
    if (known !== undefined) return known.value;
    await add.run(name, make());
    return secret(name, make);
  };
  return secret;
};
