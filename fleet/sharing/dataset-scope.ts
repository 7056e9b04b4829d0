import { sharedGrant } from './compile-scope.js';
import type { Dataset } from './dataset.js';
import { datasetFlow } from './flows.js';
import type { LegalBodies } from './legal-bodies.js';
import type { Scope, SharedGrant } from './scope.js';
import type { Themes } from './selection.js';

/**
 * What a caller reads of another's dataset: what of their scope comes by it. Other clauses of the same agreement limit
 * it, on its own points alone: `pointsOf` says which a scope selects.
 */
export const givenDatasetScope = async (
  scope: Scope,
  datasetId: string,
  pointsOf: (scope: Scope) => Promise<readonly string[]>,
): Promise<Scope> => {
  const named = scope.shared.filter(({ credit }) => credit.datasetId === datasetId);
  const groups = new Set(named.map(({ group }) => group));
  const limiting = scope.shared.filter(({ group }) => groups.has(group));
  const selected = { ...scope, grants: [], shared: named };
  if (limiting.length === named.length) return selected;
  const points = await pointsOf(selected);
  return { ...selected, shared: limiting.map((grant) => within(grant, points)) };
};

const within = (grant: SharedGrant, selected: readonly string[]): SharedGrant => {
  const { points } = grant.matching;
  const both = points === null ? selected : selected.filter((id) => points.includes(id));
  return { ...grant, matching: { ...grant.matching, points: both } };
};

/** What one's own dataset gives to others by its own conditions. */
export const ownDatasetScope = (
  scope: Scope,
  dataset: Dataset,
  { themes, bodies }: { readonly themes: Themes; readonly bodies: LegalBodies },
): Scope => ({ ...scope, grants: [], shared: [sharedGrant(datasetFlow(dataset, themes), bodies)] });
