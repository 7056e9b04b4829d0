import type { AuditAppended, AuditNewest, TrailStore } from './audit-store.js';

/** Trails of the usage ledger bear no name that a trail of the audit has: heads of both are told apart. */
export const usageTrail = (giver: string): string => `usage/${giver}`;
export const isUsageTrail = (trail: string): boolean => trail.startsWith(usageTrail(''));

/** Under what something was used. Ids alone, no names. */
export interface Use {
  /** Whose data it is. */
  readonly giver: string;
  /** The organisation that read; `null`: the public. */
  readonly reader: string | null;
  /** Whose session or key it was; `null`: nobody said. */
  readonly subject: { readonly type: string; readonly id: string } | null;
  /** `null`: nobody's agreement is needed, the dataset is open. */
  readonly agreementId: string | null;
  readonly version: number | null;
  readonly clause: string | null;
  /** `null`: none was stated. */
  readonly purpose: string | null;
  readonly datasetId: string;
}

/** Volume of a use within an hour. */
export interface Usage extends Use {
  /** Begin of the hour, UTC ms. */
  readonly hour: number;
  /** Answers that gave something. */
  readonly reads: number;
  /** Readings, or cells of rollups. */
  readonly readings: number;
}

export const USAGE_GROUPS = ['month', 'agreement', 'purpose', 'dataset'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

export interface UsageQuery {
  /** Uses of what these gave (`giver`), or uses that these made (`reader`). */
  readonly side: 'giver' | 'reader';
  readonly organisations: readonly string[];
  /** `month`: told apart by all of them. */
  readonly by: UsageGroup;
  /** [from, to) of hours, UTC ms, with what they are called. */
  readonly months: readonly { readonly name: string; readonly from: number; readonly to: number }[];
}

/** What one reader used of one giver; `null` also where rows are not told apart by it. */
export interface UsageSum {
  readonly month: string | null;
  readonly giver: string;
  readonly reader: string | null;
  readonly agreementId: string | null;
  readonly purpose: string | null;
  readonly datasetId: string | null;
  readonly reads: number;
  readonly readings: number;
}

/** The usage ledger as it lies on disk: hours that go on are counted up, hours that ended are entries of trails. */
export interface UsageStore extends TrailStore {
  /** Adds to the hours that go on, all or nothing. */
  count(usages: readonly Usage[]): void;
  /** Appends hours that began before this time, all or nothing: `append` makes the entry of each. */
  seal(
    before: number,
    append: (usage: Usage) => {
      readonly trail: string;
      readonly make: (newest: AuditNewest | undefined) => AuditAppended;
    },
  ): number;
  /** Sums of all hours, in the order of what tells them apart. */
  sums(query: UsageQuery): readonly UsageSum[];
}
