import type { Reach } from './reach.js';

/**
 * Organisations, what they hold, and the acts that change it. An act is a list of changes, each with the row as it
 * was and as it shall be; the store applies all of them or none, and only to rows that still are as they were.
 */
export interface OrganisationsStore {
  /** One row, or `undefined`. */
  record<Name extends RecordName>(name: Name, id: string): Records[Name] | undefined;
  /** Rows whose fields equal those given, by id. */
  records<Name extends RecordName>(name: Name, where?: Partial<Records[Name]>): readonly Records[Name][];
  /**
   * The same of what belongs to organisations within reach alone; others' rows are not read. Where
   * an `organisationId` is asked for, that one alone is looked at.
   */
  recordIn<Name extends RecordName>(name: Name, reach: Reach, id: string): Records[Name] | undefined;
  recordsIn<Name extends RecordName>(
    name: Name,
    reach: Reach,
    where?: Partial<Records[Name]>,
  ): readonly Records[Name][];
  /**
   * Applies an act in one transaction and keeps it. Throws `StoreError` `changed-since` where a row is not as its
   * change says it was, `taken` where a key is in use; nothing is changed then.
   */
  apply(act: NewAct): void;
  act(id: string): Act | undefined;
  /** Acts, newest first; of one record, where its id is given. At most `limit`, older than `before`. */
  acts(query: ActsQuery): readonly Act[];
  /** The same of those that concern organisations within reach, perhaps others too; the acts of others are not read. */
  actIn(reach: Reach, id: string): Act | undefined;
  actsIn(reach: Reach, query: ActsQuery): readonly Act[];
  /** Gives gateways, sites and locations to whom holds them at `now`: holders that were named ahead. Gives the count. */
  settleHolders(now: number): number;
}

export const ORGANISATION_TYPES = [
  'region',
  'intercommunality',
  'syndicate',
  'municipality',
  'service',
  'partner',
] as const;
export type OrganisationType = (typeof ORGANISATION_TYPES)[number];

export const PARTNER_KINDS = ['grid-operator', 'agency', 'laboratory', 'company', 'association'] as const;
export type PartnerKind = (typeof PARTNER_KINDS)[number];

export interface OrganisationRecord {
  readonly id: string;
  readonly parentId: string | null;
  readonly name: string;
  readonly type: OrganisationType;
  /** INSEE commune or SIREN. */
  readonly code: string | null;
  /** SIRET of its seat. */
  readonly siret: string | null;
  readonly partnerKind: PartnerKind | null;
  readonly timeZone: string;
  /** GeoJSON geometry of its territory. */
  readonly boundary: JsonObject | null;
  /** The record that this one was a duplicate of. */
  readonly mergedInto: string | null;
  /** When it ceased to be, UTC ms, and who came after. */
  readonly endedAt: number | null;
  readonly succeededBy: string | null;
}

export interface CompetenceRecord extends Interval {
  readonly id: string;
  readonly key: string;
  readonly holderId: string;
  readonly forId: string;
}

export interface Address {
  readonly street?: string;
  readonly postcode?: string;
  readonly city?: string;
  readonly country?: string;
}

export interface SiteRecord {
  readonly id: string;
  /** Who holds it now. */
  readonly organisationId: string;
  readonly name: string;
  readonly address: Address | null;
  readonly geometry: JsonObject | null;
  readonly mergedInto: string | null;
}

export interface LocationRecord {
  readonly id: string;
  /** Who holds it now. */
  readonly organisationId: string;
  readonly key: string;
  readonly name: string;
  readonly siteId: string | null;
  readonly prm: string | null;
  readonly pce: string | null;
  readonly geometry: JsonObject | null;
  readonly mergedInto: string | null;
}

/** What the configuration of a gateway calls a location. */
export interface LocationAliasRecord {
  readonly id: string;
  readonly gatewayId: string;
  readonly key: string;
  readonly locationId: string;
}

/** What an act may change of a gateway. */
export interface GatewayPlaceRecord {
  readonly id: string;
  /** Who holds it now. */
  readonly organisationId: string;
  readonly siteId: string | null;
}

export interface DeviceRecord {
  readonly id: string;
  readonly name: string;
  readonly maker: string;
  readonly model: string;
}

export interface AssignmentRecord extends Interval {
  readonly id: string;
  readonly deviceId: string;
  readonly gatewayId: string;
  readonly key: string;
}

/** Who held a device, gateway, site or location when; or, with title `past`, who may read what others held. */
export interface HoldingRecord extends Interval {
  readonly id: string;
  /** The device, gateway, site or location. */
  readonly subjectId: string;
  readonly organisationId: string;
  readonly title: 'holder' | 'past';
}

/** By observed property: what the dial showed, in the point's unit, coefficients applied. */
export type Indexes = Readonly<Record<string, number>>;

export interface InstallationRecord extends Interval {
  readonly id: string;
  readonly deviceId: string;
  readonly locationId: string | null;
  readonly serial: string | null;
  /** Transformer ratio, as the stored values have it. */
  readonly ratio: number;
  readonly offset: number;
  readonly pulseWeight: number | null;
  /** What the ratio should have been; consumption goes by it, stored values stay. */
  readonly revisedRatio: number | null;
  readonly firstIndex: Indexes | null;
  readonly lastIndex: Indexes | null;
}

/** What of a point its device's replacement must know. */
export interface PointRecord {
  readonly id: string;
  readonly deviceId: string;
  readonly key: string;
  readonly name: string;
  readonly kind: string;
  readonly property: string;
  readonly unit: string;
  readonly current: number;
}

/** Where a program's key or an identity provider belongs. */
export interface BelongingRecord {
  readonly id: string;
  readonly organisationId: string;
}

/** The same of a person or an invitation, whose role may be limited to a site. */
export interface LimitedRecord extends BelongingRecord {
  readonly limitSite: string | null;
}

/** The same of a claim token, whose gateway may be to stand at a site. */
export interface TokenRecord extends BelongingRecord {
  readonly siteId: string | null;
}

/** [from, to), UTC ms; `to` null: open. */
export interface Interval {
  readonly from: number;
  readonly to: number | null;
}

/** The first interval of a thing reaches back without end. */
export const BEGINNING = 0;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Records {
  readonly organisation: OrganisationRecord;
  readonly competence: CompetenceRecord;
  readonly site: SiteRecord;
  readonly location: LocationRecord;
  readonly locationAlias: LocationAliasRecord;
  readonly gateway: GatewayPlaceRecord;
  readonly device: DeviceRecord;
  readonly assignment: AssignmentRecord;
  readonly holding: HoldingRecord;
  readonly gatewayHolding: HoldingRecord;
  readonly locationHolding: HoldingRecord;
  readonly siteHolding: HoldingRecord;
  readonly installation: InstallationRecord;
  readonly point: PointRecord;
  readonly person: LimitedRecord;
  readonly key: BelongingRecord;
  readonly invitation: LimitedRecord;
  readonly provider: BelongingRecord;
  readonly token: TokenRecord;
}
export type RecordName = keyof Records;

/** Records that say whose they are, and at which site. */
export const HELD_NAMES = [
  'site',
  'location',
  'gateway',
  'person',
  'key',
  'invitation',
  'provider',
  'token',
] as const satisfies readonly RecordName[];
export type HeldName = (typeof HELD_NAMES)[number];

/** One row before and after; `null`: it is not there. */
export type Change = {
  [Name in RecordName]: {
    readonly record: Name;
    readonly before: Records[Name] | null;
    readonly after: Records[Name] | null;
  };
}[RecordName];

export const ACT_KINDS = [
  'add',
  'change',
  'remove',
  'move',
  'transfer',
  'merge',
  'split',
  'unite',
  'import',
  'replace-meter',
  'revise',
  'undo',
] as const;
export type ActKind = (typeof ACT_KINDS)[number];

export interface NewAct {
  readonly id: string;
  readonly kind: ActKind;
  readonly at: number;
  /** Person, or the program that acted. */
  readonly by: string;
  /** From when on it holds, where it has such a date. */
  readonly effective: number | null;
  /** What was asked for, and how it was decided. */
  readonly summary: JsonObject;
  readonly changes: readonly Change[];
  /** Organisations that it changed something for: those among whose acts it is found. */
  readonly concerns: readonly string[];
  /** With kind `undo`: the act that this one takes back. */
  readonly undoes?: string;
}

export interface Act extends Omit<NewAct, 'concerns' | 'undoes'> {
  /** The act that took this one back. */
  readonly undoneBy: string | null;
}

export interface ActsQuery {
  readonly recordId?: string;
  /** Place of the last one that was read: (at, id). */
  readonly after?: { readonly at: number; readonly id: string };
  readonly limit: number;
}
