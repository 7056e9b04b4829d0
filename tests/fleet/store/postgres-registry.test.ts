import { describe } from 'vitest';
import { newId } from '../../../fleet/registry/new-id.js';
import { openRegistryStore } from '../../../fleet/store/postgres/registry-store.js';
import { postgresAvailable, usePostgres } from '../../support/postgres.js';
import { registryStoreSuite } from '../../suites/registry-store.js';
import { registryTransactionsSuite } from '../../suites/registry-transactions.js';

describe.skipIf(!postgresAvailable())('PostgreSQL', { timeout: 300_000 }, () => {
  const server = usePostgres();
  const open = async () => openRegistryStore({ url: await server().database(), connections: 4, newId });

  registryTransactionsSuite('PostgreSQL', open);
  registryStoreSuite('PostgreSQL', open);
});
