import type { AgreementsStore } from '../store/agreements-store.js';
import { agreementOf } from './agreement.js';
import type { Policy } from './flows.js';
import type { Themes } from './selection.js';

/** The policy as it stands, made anew when something of it changed, by whatever process. */
export const createPolicySource = (
  store: Pick<AgreementsStore, 'agreements' | 'datasets' | 'policyRevision'>,
  themes: Themes,
): (() => Policy) => {
  let known: Policy | undefined;
  return () => {
    const version = store.policyRevision();
    if (known?.version === version) return known;
    known = {
      agreements: store.agreements().flatMap(({ id, events }) => agreementOf(id, events) ?? []),
      datasets: new Map(store.datasets().map((dataset) => [dataset.id, dataset])),
      themes,
      version,
    };
    return known;
  };
};
