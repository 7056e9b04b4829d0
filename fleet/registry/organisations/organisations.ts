import { StoreError } from '../../store/errors.js';
import type { Act, Change, NewAct, OrganisationsStore } from '../../store/organisations-store.js';
import { concernedBy } from './concerned.js';
import type { Deed } from './deeds.js';
import { draftDeed, type Drafted } from './draft-deed.js';
import { createDraft, type Draft } from './draft.js';
import { OrganisationError } from './errors.js';
import { createPlanImport } from './import/plan-import.js';
import type { ImportTable } from './import/table.js';
import { createUndo } from './undo.js';
import type { OrganisationVocabulary } from './vocabulary.js';
import type { Reach } from '../../store/reach.js';
import { concernsOnly, withinReach } from './within-reach.js';

/** Who acts, and on which organisations: what is outside does not exist for them. */
export interface Actor {
  readonly by: string;
  /** `undefined`: all, for whoever runs the fleet. */
  readonly reach?: Reach;
}

/** What an act would do, or did. */
export interface Plan extends Drafted {
  readonly changes: readonly Change[];
}

/** Acts on organisations, sites, locations and meters: planned, performed, kept, taken back. */
export interface Organisations {
  /** What the deed would change; writes nothing. Throws `OrganisationError`. */
  plan(deed: Deed, actor: Actor): Plan;
  /**
   * Plans an import of thousands of rows, with `turn` between slices of a few ms. Rejects with `changed-since` where
   * somebody goes on acting meanwhile.
   */
  planImport(table: ImportTable, actor: Actor, turn: () => Promise<void>): Promise<Plan>;
  /** Plans and performs. */
  perform(deed: Deed, actor: Actor): Act;
  /** Performs what was planned, as long as nothing of it was changed since. */
  performPlan(plan: Plan, actor: Actor): Act;
  /** Takes an act back. Throws `changed-since` where something that it changed was changed again. */
  undo(actId: string, actor: Actor): Act;
  /** Drafts over the rows that the actor reaches. */
  draft(actor: Actor): Draft;
}

export interface OrganisationsDeps {
  readonly store: OrganisationsStore;
  readonly vocabulary: OrganisationVocabulary;
  readonly newId: () => string;
  readonly now: () => number;
}

export const createOrganisations = (deps: OrganisationsDeps): Organisations => {
  const { store, newId, now } = deps;
  const draftFor = ({ reach }: Actor): Draft =>
    createDraft(reach === undefined ? store : withinReach(store, reach));
  const plan = (deed: Deed, actor: Actor): Plan => {
    const draft = draftFor(actor);
    const planned = { ...draftDeed(draft, deed, deps), changes: draft.changes() };
    requireOnSite(draft, planned, actor);
    return planned;
  };
  const keep = (act: UnkeptAct): Act => {
    try {
      const concerns = concernedBy(store, act.changes).map(({ organisationId }) => organisationId);
      store.apply({ ...act, concerns });
    } catch (error) {
      if (error instanceof StoreError && isRefusal(error.code)) {
        throw new OrganisationError(error.code === 'taken' ? 'conflict' : error.code, error.message);
      }
      throw error;
    }
    return { ...act, undoneBy: null };
  };
  const performPlan = (planned: Plan, { by }: Actor): Act => keep({ id: newId(), at: now(), by, ...planned });
  return {
    plan,
    planImport: createPlanImport(deps, draftFor),
    performPlan,
    perform: (deed, actor) => performPlan(plan(deed, actor), actor),
    undo: createUndo({ store, newId, now, keep }),
    draft: draftFor,
  };
};

/** An act before it is known whom it concerns. */
export type UnkeptAct = Omit<NewAct, 'concerns'>;

/** Throws `unknown` where somebody whose role is limited to a site would put something beyond it. */
const requireOnSite = (draft: Draft, { changes }: Plan, { reach }: Actor): void => {
  if (reach?.siteId === undefined || concernsOnly(draft, changes, reach)) return;
  throw new OrganisationError(
    'unknown',
    'siteId: your role is limited to one site, and this goes beyond it.',
  );
};

const isRefusal = (code: StoreError['code']): code is 'changed-since' | 'taken' | 'in-use' =>
  code === 'changed-since' || code === 'taken' || code === 'in-use';
