import type { AgreementsStore, StoredAgreement } from '../store/agreements-store.js';
import type { Organisation } from '../store/registry-store.js';
import { activeParties, after, agreementOf, openVersion, type Agreement } from './agreement.js';
import { step, type Step, type Wanted } from './agreement-steps.js';
import type { Dataset, DatasetContent } from './dataset.js';
import { SharingError } from './errors.js';
import type { Policy } from './flows.js';
import { requireSoundDataset } from './sound-conditions.js';
import { legalBodiesOf, type LegalBodies } from './legal-bodies.js';
import { createPolicySource } from './policy-source.js';
import type { Themes } from './selection.js';
import type { Clause } from './terms.js';

export interface SharingDeps {
  readonly store: AgreementsStore & { organisations(): readonly Organisation[] };
  readonly themes: Themes;
  readonly newId: () => string;
}

/** Agreements and datasets over their store; what changes them is called within the transaction of its record. */
export interface Sharing {
  /** As it stands now. */
  readonly policy: () => Policy;
  readonly bodies: () => LegalBodies;
  draft(wanted: Extract<Wanted, { type: 'drafted' }>, who: Step): Agreement;
  /** Throws `SharingError`; `unknown` also for an agreement that the organisation does not see. */
  act(id: string, wanted: Wanted, who: Step): Agreement;
  /** Throws `SharingError` `invalid` on a selection or conditions that nothing can meet. */
  addDataset(organisationId: string, content: DatasetContent): Dataset;
  /** Likewise; and `changed-since` unless `known` is what is there. */
  changeDataset(known: Dataset, content: DatasetContent): Dataset;
  removeDataset(known: Dataset): void;
}

export const createSharing = ({ store, themes, newId }: SharingDeps): Sharing => {
  const append = (id: string, known: Agreement | undefined, wanted: Wanted, who: Step): Agreement => {
    const event = step(known, wanted, who);
    const next = after(known, id, event);
    requireOwnDatasets(store, next, event.type, who.organisationId);
    if (!store.appendAgreement(id, next.length - 1, event)) throw changedSince();
    return next;
  };
  return {
    policy: createPolicySource(store, themes),
    bodies: () => legalBodiesOf(store.organisations()),
    draft: (wanted, who) => append(newId(), undefined, wanted, who),
    act: (id, wanted, who) => {
      const stored = store.agreement(id);
      if (stored === undefined || !insideNow(stored, who.organisationId)) {
        throw new SharingError('unknown', 'There is no such agreement.');
      }
      return append(id, agreementOf(id, stored.events), wanted, who);
    },
    ...createDatasets(store, newId),
  };
};

const createDatasets = (
  store: AgreementsStore,
  newId: () => string,
): Pick<Sharing, 'addDataset' | 'changeDataset' | 'removeDataset'> => ({
  addDataset: (organisationId, content) => {
    requireSoundDataset(content);
    const dataset = { id: newId(), organisationId, revision: 1, content };
    if (!store.putDataset(dataset)) throw changedSince();
    return dataset;
  },
  changeDataset: (known, content) => {
    requireSoundDataset(content);
    const dataset = { ...known, revision: known.revision + 1, content };
    if (!store.putDataset(dataset)) throw changedSince();
    return dataset;
  },
  removeDataset: ({ id, revision }) => {
    if (!store.removeDataset(id, revision)) throw changedSince();
  },
});

const changedSince = (): SharingError =>
  new SharingError('changed-since', 'Somebody was faster: read it again, then decide.');

const BINDING = new Set(['drafted', 'proposed', 'amended', 'joined', 'signed']);

/** Nobody promises what is not theirs, or what they keep to themselves. */
const requireOwnDatasets = (
  store: AgreementsStore,
  agreement: Agreement,
  type: string,
  organisationId: string,
): void => {
  if (!BINDING.has(type)) return;
  const version = openVersion(agreement) ?? agreement.versions.at(-1);
  for (const clause of version?.terms.clauses ?? []) {
    if (clause.giver === organisationId) requireGivable(store, clause);
  }
};

const requireGivable = (store: AgreementsStore, { key, dataset: id, giver }: Clause): void => {
  const dataset = store.dataset(id);
  if (dataset === undefined || dataset.organisationId !== giver) {
    throw new SharingError('invalid', `clauses ${key}: dataset is none of yours.`);
  }
  if (dataset.content.audience === 'private') {
    throw new SharingError('invalid', `clauses ${key}: the dataset is private; change its audience first.`);
  }
};

/** Whether an organisation has part in it now: a draft is its drafter's alone. */
export const isInside = (agreement: Agreement, organisationId: string): boolean => {
  const { phase, drafter, invited } = agreement;
  const names = (parties: readonly { readonly organisationId: string }[]): boolean =>
    parties.some((party) => party.organisationId === organisationId);
  if (phase === 'draft') return drafter === organisationId;
  const open = openVersion(agreement);
  return (
    names(activeParties(agreement)) ||
    names(invited) ||
    (open !== undefined && (names(open.terms.parties) || open.signers.includes(organisationId)))
  );
};

const insideNow = ({ id, events }: StoredAgreement, organisationId: string): boolean => {
  const agreement = agreementOf(id, events);
  return agreement !== undefined && isInside(agreement, organisationId);
};

/** Events up to the one by which the last of these organisations had its part in it no more; none: none ever had. */
export const eventsSeen = (
  { id, events }: StoredAgreement,
  organisations: ReadonlySet<string>,
): StoredAgreement['events'] => {
  let agreement: Agreement | undefined;
  let end = 0;
  let inside = false;
  for (const [index, event] of events.entries()) {
    agreement = after(agreement, id, event);
    const current = agreement;
    const now = [...organisations].some((organisation) => isInside(current, organisation));
    if (now || inside) end = index + 1;
    inside = now;
  }
  return events.slice(0, end);
};

/** Whom it concerns: who has part in it before or after. */
export const concernedParties = (agreement: Agreement): readonly string[] => {
  const named = agreement.versions.flatMap(({ terms, signers }) => [
    ...terms.parties.map(({ organisationId }) => organisationId),
    ...signers,
  ]);
  const invited = agreement.invited.map(({ organisationId }) => organisationId);
  return [...new Set([agreement.drafter, ...named, ...invited])].filter((id) => isInside(agreement, id));
};
