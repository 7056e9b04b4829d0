import { StoreError } from '../errors.js';
import type { PeopleStore } from '../people-store.js';
import type { RegistryStore } from '../registry-store.js';
import { AGREEMENTS_SCHEMA } from './agreements-schema.js';
import { createAgreementTable } from './registry-agreements.js';
import { createPlacements } from './registry-placements.js';
import { createDatasetTable } from './registry-datasets.js';
import { AUDIT_SCHEMA } from './audit-schema.js';
import { createAuditTables } from './audit-tables.js';
import { openDatabase, type Database } from './database.js';
import { createCertificateTables } from './registry-certificate.js';
import { createClaimTables } from './registry-claim.js';
import { createOrganisationTables } from './registry-acts.js';
import { createGatewayTables } from './registry-gateways.js';
import { createOperationsTables } from './registry-operations.js';
import { PEOPLE_SCHEMA, STEPS } from './people-schema.js';
import { createInvitationTable } from './registry-invitations.js';
import { createKeyTable } from './registry-keys.js';
import { createOrganisationTable } from './registry-organisations.js';
import { createPersonTable } from './registry-people.js';
import { createProviderTable } from './registry-providers.js';
import { createResolver } from './registry-resolve.js';
import { REGISTRY_SCHEMA } from './registry-schema.js';
import { createSecondFactorTable } from './registry-second-factors.js';
import { createSessionTable } from './registry-sessions.js';
import { createTokenTables } from './registry-tokens.js';
import { USAGE_SCHEMA } from './usage-schema.js';
import { createUsageTables } from './usage-tables.js';

const SCHEMA_VERSION = 6;
/** Gateways, devices and points are looked up at random; KiB. */
const CACHE_KIB = 8_192;

/**
 * Opens registry.db at `path`, making it where it is missing. `newId` makes ids of devices, locations and points.
 * Throws `StoreError` `newer-schema` on a file of a later release.
 */
export const openRegistryStore = (path: string, deps: { readonly newId: () => string }): RegistryStore => {
  const database = openDatabase(path, { cacheKib: CACHE_KIB });
  try {
    // one at a time: a command may open it beside the service
    database.transaction(() => bringUp(database, path)).immediate();
  } catch (error) {
    database.close();
    throw error;
  }

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
    ...createClaimTables(database, deps.newId),
    ...createCertificateTables(database),
    ...createOrganisationTables(database),
    ...createOperationsTables(database),
    ...createAgreementTable(database),
    ...createDatasetTable(database),
    ...createPlacements(database),
    audit: createAuditTables(database),
    usage: createUsageTables(database),
    resolve: createResolver(database, deps.newId),
    secret,
    close: () => {
      database.close();
    },
  };
};

/** Makes what the file lacks. */
const bringUp = (database: Database, path: string): void => {
  const version = Number(database.pragma('user_version', { simple: true }));
  if (version > SCHEMA_VERSION) {
    throw new StoreError(
      'newer-schema',
      `${path} was written by a newer release (schema ${version}, this one reads up to ${SCHEMA_VERSION}).`,
    );
  }
  database.exec(REGISTRY_SCHEMA);
  database.exec(AUDIT_SCHEMA);
  database.exec(PEOPLE_SCHEMA);
  database.exec(AGREEMENTS_SCHEMA);
  database.exec(USAGE_SCHEMA);
  // a new file, version 0, has all of it; schemas 4 to 6 added tables alone, which are made above
  for (let from = version; from > 0 && from < SCHEMA_VERSION; from += 1) database.exec(STEPS.get(from) ?? '');
  database.pragma(`user_version = ${SCHEMA_VERSION}`);
};

const createPeopleTables = (database: Database): PeopleStore => ({
  ...createPersonTable(database),
  ...createSessionTable(database),
  ...createSecondFactorTable(database),
  ...createInvitationTable(database),
  ...createKeyTable(database),
  ...createProviderTable(database),
});
