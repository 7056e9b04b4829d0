/**
 * What one caller may read now: points × period × resolution × delay. Nothing in the store is read without one;
 * an empty scope reads nothing. Compiled by `compile-scope.ts`, applied by the store inside its queries.
 */
export interface Scope {
  readonly grants: readonly Grant[];
  /** Changes whenever anything that could change a scope does. */
  readonly policyVersion: number;
}

/** Data that one organisation held, as far as this grant gives it. Grants add up; within one, all conditions hold. */
export interface Grant {
  readonly organisationId: string;
  /** Only what stands at, is installed at or is read at this site, while it is; absent: everything. */
  readonly siteId?: string;
  /** Finest resolution, ms; 0 is raw. */
  readonly finestMs: number;
  /** Only what is at least this old, ms. */
  readonly delayMs: number;
  /** Only times in [from, to), UTC ms. */
  readonly from?: number;
  readonly to?: number;
}

export const NOTHING: Scope = { grants: [], policyVersion: 0 };
