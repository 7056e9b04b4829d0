import type { ViewsReader } from '../views-store.js';
import { SMALL_CACHE_KIB, type Database } from './database.js';
import { openToRead } from './migrate.js';
import { createOperationsQueries } from './views-operations.js';
import { createCountsQuery } from './views-counts.js';
import { createDataQueries } from './views-data.js';
import { createFeedQueries } from './views-feed.js';
import { createInventory } from './views-inventory.js';
import { createLatestQuery } from './views-latest.js';
import { createLedgerDetail } from './views-ledger-detail.js';
import { createPlacedQuery } from './views-placed.js';
import { createProvenanceQueries } from './views-provenance.js';
import { VIEWS_MIGRATIONS } from './views-schema.js';
import { createLedgerQuery } from './views-ledger-query.js';
import type { ViewsQueries } from './views-queries.js';

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
  const database = openToRead(paths.views, VIEWS_MIGRATIONS, { cacheKib: CACHE_KIB });
  database.prepare('attach database ? as registry').run(paths.registry);
  database.prepare('attach database ? as log').run(paths.log);
  database.pragma(`registry.cache_size = -${REGISTRY_CACHE_KIB}`);
  database.pragma(`log.cache_size = -${SMALL_CACHE_KIB}`);
  return {
    ...promised(queriesOf(database, now)),
    latest: createLatestQuery(database),
    deviceCounts: createCountsQuery(database),
    close: async () => {
      database.close();
    },
  };
};

const queriesOf = (database: Database, now: () => number): ViewsQueries => ({
  ...createInventory(database, now),
  ...createDataQueries(database),
  placed: createPlacedQuery(database),
  ...createProvenanceQueries(database),
  ...createLedgerQuery(database),
  ledgerDetail: createLedgerDetail(database),
  ...createFeedQueries(database, now),
  ...createOperationsQueries(database),
});

/** The same answers, as promises that are kept already. */
const promised = (queries: ViewsQueries): Omit<ViewsReader, 'latest' | 'deviceCounts' | 'close'> => ({
  organisations: async (scope) => queries.organisations(scope),
  gateways: async (scope, page) => queries.gateways(scope, page),
  gateway: async (scope, id) => queries.gateway(scope, id),
  ledger: async (scope, gatewayId) => queries.ledger(scope, gatewayId),
  holes: async (scope, gatewayIds) => queries.holes(scope, gatewayIds),
  ledgerDetail: async (scope, gatewayId) => queries.ledgerDetail(scope, gatewayId),
  events: async (scope, gatewayId) => queries.events(scope, gatewayId),
  commands: async (scope, gatewayId) => queries.commands(scope, gatewayId),
  declaredLost: async (source, epoch) => queries.declaredLost(source, epoch),
  devices: async (scope, page) => queries.devices(scope, page),
  locations: async (scope, page) => queries.locations(scope, page),
  location: async (scope, id) => queries.location(scope, id),
  points: async (scope, page) => queries.points(scope, page),
  point: async (scope, id) => queries.point(scope, id),
  rolloverOf: async (scope, pointId) => queries.rolloverOf(scope, pointId),
  placed: async (scope, now, query) => queries.placed(scope, now, query),
  readings: async (scope, now, query) => queries.readings(scope, now, query),
  readingAt: async (scope, now, query) => queries.readingAt(scope, now, query),
  gives: async (scope, now, query) => queries.gives(scope, now, query),
  batchesOf: async (source, epoch, ordinal) => queries.batchesOf(source, epoch, ordinal),
  windowBatchesOf: async (pointId, periodMs, start) => queries.windowBatchesOf(pointId, periodMs, start),
  numberIn: async (source, directory, pointId) => queries.numberIn(source, directory, pointId),
  rollups: async (scope, now, query) => queries.rollups(scope, now, query),
  feedEnd: async (scope, since) => queries.feedEnd(scope, since),
  feedBatches: async (scope, range) => queries.feedBatches(scope, range),
  heldUntil: async (pointId, time) => queries.heldUntil(pointId, time),
  pointsIn: async (source, directory) => queries.pointsIn(source, directory),
  readingsOf: async (scope, now, asked) => queries.readingsOf(scope, now, asked),
});
