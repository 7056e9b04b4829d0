import type { AsynchronousRegistry } from '../asynchronous.js';
import type { PeopleStore } from '../people-store.js';
import type { RegistryStore } from '../registry-store.js';
import { createAgreementTable } from './registry-agreements.js';
import { createPlacements } from './registry-placements.js';
import { createDatasetTable } from './registry-datasets.js';
import { createAuditTables } from './audit-tables.js';
import type { Database } from './database.js';
import { createCertificateTables } from './registry-certificate.js';
import { createClaimTables } from './registry-claim.js';
import { createOrganisationTables } from './registry-acts.js';
import { createGatewayTables } from './registry-gateways.js';
import { createOperationsTables } from './registry-operations.js';
import { openMigrated } from './migrate.js';
import { createInvitationTable } from './registry-invitations.js';
import { createKeyTable } from './registry-keys.js';
import { createOrganisationTable } from './registry-organisations.js';
import { createPersonTable } from './registry-people.js';
import { createProviderTable } from './registry-providers.js';
import { REGISTRY_MIGRATIONS } from './registry-migrations.js';
import { createResolver } from './registry-resolve.js';
import { createSecondFactorTable } from './registry-second-factors.js';
import { createSessionTable } from './registry-sessions.js';
import { createTokenTables } from './registry-tokens.js';
import { createTransactions } from './transactions.js';
import { createUsageTables } from './usage-tables.js';

/** Gateways, devices and points are looked up at random; KiB. */
const CACHE_KIB = 8_192;

/**
 * Opens registry.db at `path`, making it where it is missing. `newId` makes ids of devices, locations and points.
 * Throws `StoreError` `newer-schema` on a file of a later release.
 */
export const openRegistryStore = (path: string, deps: { readonly newId: () => string }): RegistryStore => {
  const database = openMigrated(path, REGISTRY_MIGRATIONS, { cacheKib: CACHE_KIB });
  return {
    ...createTables(database, deps.newId),
    audit: createAuditTables(database),
    usage: createUsageTables(database),
    close: () => {
      database.close();
    },
  };
};

/** The same with answers that come later: calls and transactions on the one connection, each in its turn. */
export const openRegistryInTurn = (
  path: string,
  deps: { readonly newId: () => string },
): AsynchronousRegistry => {
  const database = openMigrated(path, REGISTRY_MIGRATIONS, { cacheKib: CACHE_KIB });
  const transactions = createTransactions(database);
  return {
    ...(transactions.inTurn(createTables(database, deps.newId)) as Omit<
      AsynchronousRegistry,
      'audit' | 'usage' | 'close'
    >),
    audit: {
      ...transactions.inTurn(createAuditTables(database)),
      together: (work) => transactions.together(work),
    },
    usage: transactions.inTurn(createUsageTables(database)),
    close: async () => {
      database.close();
    },
  };
};

/** All but what is a store by itself. */
const createTables = (
  database: Database,
  newId: () => string,
): Omit<RegistryStore, 'audit' | 'usage' | 'close'> => {
  const secretRow = database.prepare<[string], { value: Buffer }>('select value from secret where name = ?');
  const addSecret = database.prepare('insert or ignore into secret (name, value) values (?, ?)');
  const secret = (name: string, make: () => Uint8Array): Uint8Array => {
    const known = secretRow.get(name);
    if (known !== undefined) return known.value;
    addSecret.run(name, make());
    return secret(name, make);
  };

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
    resolve: createResolver(database, newId),
    secret,
  };
};

const createPeopleTables = (database: Database): PeopleStore => ({
  ...createPersonTable(database),
  ...createSessionTable(database),
  ...createSecondFactorTable(database),
  ...createInvitationTable(database),
  ...createKeyTable(database),
  ...createProviderTable(database),
});
