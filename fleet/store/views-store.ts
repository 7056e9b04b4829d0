import type { Aggregate } from '#wire/aggregate/aggregate.js';
import type { Kind, Value, ValueType } from '#wire/terms.js';
import type { Scope } from '../sharing/scope.js';
import type { GatewayCommand, GatewayEvent } from './operations-store.js';
import type { JsonObject, PartnerKind } from './organisations-store.js';
import type { Gateway, Organisation } from './registry-store.js';

/** What faces read. Every method takes a scope; what lies outside it does not exist. Times are UTC ms. */
export interface ViewsReader {
  organisations(scope: Scope): Promise<readonly OrganisationRow[]>;
  gateways(scope: Scope, page: Page): Promise<readonly Gateway[]>;
  gateway(scope: Scope, id: string): Promise<Gateway | undefined>;
  ledger(scope: Scope, gatewayId: string): Promise<readonly LedgerRow[]>;
  /** Batches that the ledgers of these gateways lack, by gateway; a gateway without any is absent. */
  holes(scope: Scope, gatewayIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The same with its days, losses by cause, gaps, and whether it adds up to the last reading. */
  ledgerDetail(scope: Scope, gatewayId: string): Promise<LedgerDetail>;
  /** What happened to a gateway, newest first. */
  events(scope: Scope, gatewayId: string): Promise<readonly GatewayEvent[]>;
  /** What a gateway was asked to do, newest first, at most 1,000. */
  commands(scope: Scope, gatewayId: string): Promise<readonly GatewayCommand[]>;
  /** Batches of a source that loss records give up. No face reads this: the service itself needs it. */
  declaredLost(source: string, epoch: string): Promise<readonly (readonly [number, number])[]>;
  devices(scope: Scope, page: Page): Promise<readonly DeviceRow[]>;
  locations(scope: Scope, page: Page): Promise<readonly LocationRow[]>;
  /** Also one that was merged into another. */
  location(scope: Scope, id: string): Promise<LocationRow | undefined>;
  points(scope: Scope, page: PointsPage): Promise<readonly PointRow[]>;
  point(scope: Scope, id: string): Promise<PointRow | undefined>;
  /** Value at which a counter wraps to 0, by its newest configuration. */
  rolloverOf(scope: Scope, pointId: string): Promise<number | undefined>;
  /** Device by device, behind the point `after`. */
  latest(scope: Scope, now: number, page: Page): Promise<readonly LatestRow[]>;
  /** Own devices of which a reading may be read, by id: what is stored of each. */
  deviceCounts(scope: Scope, now: number, page: Page): Promise<readonly DeviceCountRow[]>;
  /** The newest reading of each point of a property at a location with a GeoJSON Point: by id, or the nearest first. */
  placed(scope: Scope, now: number, query: PlacedQuery): Promise<readonly PlacedRow[]>;
  /** Raw readings of one point in [from, to), after `cursor`, by (time, source, epoch, ordinal). */
  readings(scope: Scope, now: number, query: ReadingsQuery): Promise<readonly ReadingRow[]>;
  /** The newest raw reading of one point at or before `at`; with `entering`, of those that enter an aggregate. */
  readingAt(scope: Scope, now: number, query: ReadingAtQuery): Promise<ReadingRow | undefined>;
  /** Whether all that the point may have in [from, to] may be read at a resolution of so many ms; 0: raw. */
  gives(scope: Scope, now: number, query: GivesQuery): Promise<boolean>;
  /**
   * Positions in the log of batches that may carry an ordinal, likeliest first. No face reads this and the next two:
   * they are asked for readings that a scope has given.
   */
  batchesOf(source: string, epoch: string, ordinal: number): Promise<readonly number[]>;
  /** Likewise, of batches that may carry the gateway's window which a rollup cell is. */
  windowBatchesOf(pointId: string, periodMs: number, start: number): Promise<readonly number[]>;
  /** Number of a point in a directory of a source. */
  numberIn(source: string, directory: Uint8Array, pointId: string): Promise<number | undefined>;
  /** Rollup cells of one point whose start lies in [from, to), by start. */
  rollups(scope: Scope, now: number, query: RollupQuery): Promise<readonly RollupRow[]>;
  /**
   * Last position of the log that a feed of this scope may tell: before the first batch of its sources that came since
   * `since` and waits for its directory; 0 while one of them is made anew.
   */
  feedEnd(scope: Scope, since: number): Promise<number>;
  /** Positions in (after, to] of batches of sources that ever sent of what the scope gives, ascending. */
  feedBatches(scope: Scope, range: FeedRange): Promise<readonly number[]>;
  /** Up to when a reading of a point goes into cells: its value is held, or the next of a counter counts from it. */
  heldUntil(pointId: string, time: number): Promise<number>;
  /** Ids of the points of a directory, by their number in it. */
  pointsIn(source: string, directory: Uint8Array): Promise<ReadonlyMap<number, string>>;
  /** Of these raw readings those that may be read, by time and ordinal. */
  readingsOf(scope: Scope, now: number, asked: PlacedReadings): Promise<readonly ReadingRow[]>;
  close(): Promise<void>;
}

export interface FeedRange {
  readonly after: number;
  readonly to: number;
  readonly limit: number;
  /** Also those of windows. */
  readonly windows: boolean;
}

/** Readings of one point that one epoch of a source sent. */
export interface PlacedReadings {
  readonly pointId: string;
  readonly source: string;
  readonly epoch: string;
  readonly places: readonly (readonly [time: number, ordinal: number])[];
}

/** Rows after `after` (exclusive, in the order of the rows' ids), at most `limit`. */
export interface Page {
  readonly after?: string;
  readonly limit: number;
}

export interface PointsPage extends Page {
  /** Only of this observed property. */
  readonly property?: string;
}

export interface PlacedQuery extends Page {
  readonly property: string;
  /** West, south, east, north, degrees of WGS 84. */
  readonly box?: readonly [number, number, number, number];
  /** Only of these organisations. */
  readonly organisations?: readonly string[];
  /** Longitude, latitude: the nearest first, rather than by id; without `after`. */
  readonly near?: readonly [number, number];
}

export interface ReadingsQuery {
  readonly pointId: string;
  readonly from: number;
  readonly to: number;
  readonly after?: ReadingKey;
  readonly limit: number;
}

export interface ReadingAtQuery {
  readonly pointId: string;
  readonly at: number;
  readonly entering: boolean;
}

export interface GivesQuery {
  readonly pointId: string;
  readonly resolutionMs: number;
  readonly from: number;
  readonly to: number;
}

/** Place of a reading in its series. */
export interface ReadingKey {
  readonly time: number;
  /** Number of the (source, epoch). */
  readonly origin: number;
  readonly ordinal: number;
}

export interface RollupQuery {
  readonly pointId: string;
  readonly resolution: Resolution;
  readonly from: number;
  readonly to: number;
  readonly after?: number;
  readonly limit: number;
}

export const RESOLUTIONS = ['1m', '15m', '1h', '1d'] as const;
export type Resolution = (typeof RESOLUTIONS)[number];

export interface LedgerRow {
  readonly epoch: string;
  /** Highest batch number the gateway said it sealed, or that was stored. */
  readonly sealed: number;
  readonly stored: number;
  readonly readings: number;
  readonly duplicates: number;
  readonly late: number;
  /** Batches that were refused, by the door or for their content. */
  readonly quarantined: number;
  /** Batches that loss records give up. */
  readonly lostBatches: number;
  /** Readings that loss records give up, in batches or before they were sealed. */
  readonly declaredLost: number;
  /** Some of them state an upper bound only: the store itself was destroyed. */
  readonly declaredLostIsBound: boolean;
  /** Ranges neither stored, quarantined nor declared lost. */
  readonly missing: readonly (readonly [number, number])[];
}

export interface LedgerDetail {
  readonly epochs: readonly LedgerEpoch[];
  readonly days: readonly LedgerDay[];
  /** Messages that are kept apart without even a number. */
  readonly unreadable: number;
}

/** One epoch down to the last row. */
export interface LedgerEpoch extends LedgerRow {
  /** Batches under a number of which other bytes are stored; kept apart. */
  readonly clones: number;
  readonly rows: LedgerRows;
  readonly losses: readonly LedgerLoss[];
  readonly gaps: readonly LedgerGap[];
  /** No batch is missing and every row is accounted for. */
  readonly addsUp: boolean;
}

/** Every ordinal of an epoch is one row: a reading, a window or a loss record. */
export interface LedgerRows {
  /** Highest ordinal that the gateway told of, or that a batch carried. */
  readonly lastOrdinal: number;
  readonly readings: number;
  readonly windows: number;
  readonly lossRecords: number;
  /** Readings and windows that came and were erased since. */
  readonly erased: number;
  /** Stored on the gateway, and by report-by-exception not sent. */
  readonly heldBack: number;
  readonly quarantined: number;
  /** Rows that loss records give up, less those of batches that arrived all the same. */
  readonly declaredLost: number;
  /** Not in a batch yet when the gateway last said hello; `null`: it did not say. */
  readonly unsealed: number | null;
  /** Rows that nothing above explains; negative: more than there can be. */
  readonly unaccounted: number;
}

export interface LedgerLoss {
  readonly cause: string;
  readonly records: number;
  readonly batches: number;
  readonly readings: number;
  readonly windows: number;
  readonly heldBack: number;
  /** `false`: some of it is an upper bound. */
  readonly exact: boolean;
}

/** Batches that are missing, and the times of their neighbours. */
export interface LedgerGap {
  readonly first: number;
  readonly last: number;
  readonly after: number | null;
  readonly before: number | null;
}

/** One UTC day of an epoch. Readings count on the day of their own time, batches on that of their first row. */
export interface LedgerDay {
  readonly epoch: string;
  /** `2026-11-21` */
  readonly day: string;
  /** Batches: received, quarantined, declared lost and missing. */
  readonly sealed: number;
  readonly received: number;
  readonly quarantined: number;
  readonly lostBatches: number;
  /** Batches after the neighbour of that day. */
  readonly missing: number;
  /** Times that a batch came again. */
  readonly duplicates: number;
  readonly readings: number;
  readonly windows: number;
  readonly late: number;
  /** Readings. */
  readonly declaredLost: number;
}

export interface OrganisationRow extends Organisation {
  readonly siret: string | null;
  readonly partnerKind: PartnerKind | null;
  /** When it ceased to be, UTC ms. */
  readonly endedAt: number | null;
}

export interface DeviceRow {
  readonly id: string;
  readonly name: string;
  readonly maker: string;
  readonly model: string;
  readonly serial: string | null;
  readonly organisationId: string;
  readonly gatewayId: string;
  readonly locationId: string | null;
}

export interface LocationRow {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly organisationId: string;
  readonly siteId: string | null;
  readonly prm: string | null;
  readonly pce: string | null;
  readonly geometry: JsonObject | null;
  /** The record that this one was a duplicate of. */
  readonly mergedInto: string | null;
}

export interface PointRow {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly organisationId: string;
  readonly locationId: string | null;
  readonly kind: Kind;
  readonly valueType: ValueType;
  readonly property: string;
  readonly unit: string;
  readonly dialUnit: string | null;
}

export interface LatestRow extends PointRow {
  readonly time: number;
  readonly value: Value | null;
  readonly flag: number;
  readonly reason: string;
  /** Time of the newest reading with a value fit for use (flags 1 to 3), if it is known and in the scope. */
  readonly goodTime: number | null;
}

export interface DeviceCountRow {
  readonly id: string;
  readonly name: string;
  readonly organisationId: string;
  readonly locationId: string | null;
  /** Those of which a reading may be read. */
  readonly points: number;
  /** Raw readings stored of them; `null` where the scope gives a part only. */
  readonly readings: number | null;
  /** Newest time at which a reading may be read. */
  readonly time: number;
}

export interface PlacedRow extends LatestRow {
  readonly locationName: string | null;
  /** Longitude, latitude. */
  readonly position: readonly [number, number];
}

export interface ReadingRow {
  readonly key: ReadingKey;
  readonly time: number;
  readonly value: Value | null;
  readonly flag: number;
  readonly reason: string;
  readonly clock: string;
  readonly uncertaintyMs: number;
  /** The device's own time, UTC ms, where it gives one. */
  readonly deviceTime?: number;
  readonly deviceClock?: 'sound' | 'degraded';
  readonly source: string;
  readonly epoch: string;
  readonly ordinal: number;
}

export interface RollupRow {
  readonly start: number;
  readonly end: number;
  /** `window`: the gateway's own; `raw`: made from readings; `rollup`: merged from finer cells. */
  readonly origin: 'window' | 'raw' | 'rollup';
  readonly revision: number;
  readonly aggregate: Aggregate;
}
