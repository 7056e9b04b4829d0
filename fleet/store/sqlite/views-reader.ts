import type { ViewsReader } from '../views-store.js';
import { openDatabase, SMALL_CACHE_KIB } from './database.js';
import { createOperationsQueries } from './views-operations.js';
import { createDataQueries } from './views-data.js';
import { createFeedQueries } from './views-feed.js';
import { createInventory } from './views-inventory.js';
import { createLedgerDetail } from './views-ledger-detail.js';
import { createPlacedQuery } from './views-placed.js';
import { createProvenanceQueries } from './views-provenance.js';
import { createLedgerQuery } from './views-ledger-query.js';

/** Interior and hot pages of the views, KiB. */
const CACHE_KIB = 32_768;
/** A page of points looks each up by an id that says nothing of its place: all of 100,000 fit. */
const REGISTRY_CACHE_KIB = 32_768;

/** Files to read; all must exist. */
export interface ViewsPaths {
  readonly views: string;
  readonly registry: string;
  readonly log: string;
}

/**
 * Opens the views for reading, with the registry attached. Each query filters by its scope inside SQL: by who
 * held the device when, and by each grant's period, delay and resolution.
 */
export const openViewsReader = (paths: ViewsPaths, now: () => number = Date.now): ViewsReader => {
  const database = openDatabase(paths.views, { readonly: true, cacheKib: CACHE_KIB });
  database.prepare('attach database ? as registry').run(paths.registry);
  database.prepare('attach database ? as log').run(paths.log);
  database.pragma(`registry.cache_size = -${REGISTRY_CACHE_KIB}`);
  database.pragma(`log.cache_size = -${SMALL_CACHE_KIB}`);
  return {
    ...createInventory(database, now),
    ...createDataQueries(database),
    placed: createPlacedQuery(database),
    ...createProvenanceQueries(database),
    ...createLedgerQuery(database),
    ledgerDetail: createLedgerDetail(database),
    ...createFeedQueries(database, now),
    ...createOperationsQueries(database),
    close: () => {
      database.close();
    },
  };
};
