import { isDeepStrictEqual } from 'node:util';
import type { Area } from './conditions.js';
import type { Flow } from './flows.js';
import type { Matching } from './selection.js';

/**
 * What one caller may read now: points × period × resolution × delay. Nothing in the store is read without one;
 * an empty scope reads nothing. Compiled by `compile-scope.ts`, applied by the store inside its queries.
 */
export interface Scope {
  /** Of what one's own organisations held. */
  readonly grants: readonly Grant[];
  /** Of what others give, by agreement or to everybody: readings alone, nothing of gateways, people or devices. */
  readonly shared: readonly SharedGrant[];
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

/** Who gives something, and by which clause or open dataset. */
export type Credit = Pick<Flow, 'giver' | 'agreementId' | 'version' | 'clause' | 'datasetId'>;

/**
 * Points that match, while these organisations held them. Of the grants of one group that match the same point at the
 * same time the most protective of each condition holds; groups add up.
 */
export interface SharedGrant {
  readonly group: string;
  /** What the usage ledger names: who gives, and by what. */
  readonly credit: Credit;
  readonly organisations: readonly string[];
  readonly matching: Matching;
  /** All of them must contain where it is installed. */
  readonly areas: readonly Area[];
  readonly finestMs: number;
  readonly delayMs: number;
  readonly from: number | null;
  readonly to: number | null;
  /** No reading of a point by itself: only aggregates over several, by faces that make such. */
  readonly aggregateOnly: boolean;
  /** When it opened, UTC ms: a feed gives what came since. */
  readonly since: number;
}

/**
 * Whether a scope gives all that an earlier one of the same caller gave: each grant, and each agreement and open dataset
 * with the very same clauses. What it gives beside that does not matter.
 */
export const stillGives = (before: Scope, now: Scope): boolean => {
  const groups = new Set(before.shared.map(({ group }) => group));
  const same = now.shared.filter(({ group }) => groups.has(group));
  return (
    same.length === before.shared.length &&
    holdsAll(before.shared, same) &&
    holdsAll(before.grants, now.grants)
  );
};

const holdsAll = (before: readonly unknown[], now: readonly unknown[]): boolean =>
  before.every(
    // mostly in the same place: nothing was changed
    (one, index) => isDeepStrictEqual(one, now[index]) || now.some((other) => isDeepStrictEqual(one, other)),
  );

export const NOTHING: Scope = { grants: [], shared: [] };
