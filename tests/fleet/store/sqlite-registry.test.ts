import { join } from 'node:path';
import { newId } from '../../../fleet/registry/new-id.js';
import { openRegistryInTurn } from '../../../fleet/store/sqlite/registry-store.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { registryStoreSuite } from '../../suites/registry-store.js';
import { registryTransactionsSuite } from '../../suites/registry-transactions.js';

const open = async () => openRegistryInTurn(join(temporaryFolder(), 'registry.db'), { newId });

registryTransactionsSuite('SQLite', open);
registryStoreSuite('SQLite', open);
